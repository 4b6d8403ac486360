import type { FrameEncryption } from "./frames/encryption.ts";
import type { Role } from "./join.ts";
import { Peer } from "./peer.ts";
import { JoinError } from "./problem.ts";
import { Room, type RoomMessage } from "./room.ts";

/** A participant as the room tells of it. */
export interface Other {
	readonly id: string;
	readonly name: string | null;
	readonly role: Role;
	readonly status: "waiting" | "connected" | "away";
	readonly fingerprints: readonly string[];
}

export interface CallEvents {
	/** What the room says, after the call has done its part with it. */
	readonly message?: (message: RoomMessage) => void;
	readonly track: (participant: string, track: MediaStreamTrack) => void;
	readonly state?: (participant: string, state: RTCPeerConnectionState) => void;
	/** A message or a connection was refused; `participant` where it was a connection. */
	readonly refused?: (error: JoinError, participant: string | null) => void;
	readonly away?: () => void;
	readonly closed: (reason: string) => void;
}

export interface CallSetup {
	/** `join.url` of the join's answer. */
	readonly url: string;
	/** Null: nothing to send. */
	readonly media: MediaStream | null;
	readonly frames: FrameEncryption;
	readonly events: CallEvents;
}

/** A whole call in a room of the gate: one connection to each other participant. Who comes later offers to those who are there. */
export class Call {
	readonly room: Room;
	readonly #setup: CallSetup;
	readonly #peers = new Map<string, Peer>();
	#self: { readonly id: string; readonly role: Role } | null = null;
	#iceServers: readonly RTCIceServer[] = [];
	/** One message after the other: descriptions and candidates depend on what came before. */
	#handled: Promise<void> = Promise.resolve();

	constructor(setup: CallSetup) {
		this.#setup = setup;
		const { events } = setup;
		this.room = new Room(setup.url, {
			message: (message) => {
				this.#handled = this.#handled.then(() => this.#hear(message)).catch((fault: unknown) => this.#failed(fault));
			},
			...(events.away ? { away: events.away } : {}),
			closed: (reason) => {
				this.#hangUp();
				events.closed(reason);
			},
		});
	}

	/** Connections by participant. */
	get connections(): ReadonlyMap<string, RTCPeerConnection> {
		return new Map([...this.#peers].map(([id, { connection }]) => [id, connection]));
	}

	leave(): void {
		this.room.leave();
	}

	async #hear(message: RoomMessage): Promise<void> {
		if (message.type === "welcome" || message.type === "admitted") this.#enter(message);
		else if (message.type === "joined") this.#back((message["participant"] as Other).id);
		else if (message.type === "left") this.#drop(String(message["participant"]));
		else if (message.type === "refused") this.#refused(message);
		else if (typeof message["from"] === "string") await this.#peer(message["from"], false)?.hear(message);
		this.#setup.events.message?.(message);
	}

	#enter(message: RoomMessage): void {
		const self = message["self"] as { readonly id: string; readonly role: Role; readonly status: string };
		if (self.status === "waiting") return;
		this.#self = self;
		this.#iceServers = (message["ice_servers"] as readonly RTCIceServer[] | undefined) ?? [];
		const others = message["participants"] as readonly Other[];
		const here = others.filter(({ status }) => status === "connected");
		for (const id of this.#peers.keys()) if (!others.some((each) => each.id === id)) this.#drop(id);
		for (const id of this.#peers.keys()) this.#back(id);
		// Who comes back has its connections still; to the others it offers.
		for (const { id } of here) this.#peer(id, true);
	}

	/** What was said while one of the two was away has not arrived. */
	#back(participant: string): void {
		this.#peers.get(participant)?.again();
	}

	#refused(message: RoomMessage): void {
		const { type, peer } = told(message["in_reply_to"]);
		const known = this.#peers.get(peer);
		const error = refusalOf(message);
		if (!known) this.#setup.events.refused?.(error, null);
		else if (error.reason === "sdp-refused" && isDescription(type)) known.refuse(error);
		else if (known.isOpen && isDescription(type)) this.#setup.events.refused?.(error, peer);
		// A candidate that came too late or was one too many: there are others.
	}

	#peer(peer: string, offers: boolean): Peer | null {
		const known = this.#peers.get(peer);
		if (known || !this.#self) return known ?? null;
		const { media, frames, events } = this.#setup;
		const made = new Peer(
			{
				self: this.#self.id,
				role: this.#self.role,
				peer,
				media,
				frames,
				iceServers: this.#iceServers,
				say: (message) => this.#say(peer, message),
				onTrack: (track) => events.track(peer, track),
				onState: (state) => events.state?.(peer, state),
				onRefused: (error) => events.refused?.(error, peer),
			},
			offers,
		);
		this.#peers.set(peer, made);
		return made;
	}

	/** What cannot be said while the room is away is said again when it is back. */
	#say(peer: string, message: RoomMessage): void {
		if (this.room.isOpen) this.room.send({ ...message, to: peer, id: `${message.type}:${peer}` });
	}

	#drop(participant: string): void {
		this.#peers.get(participant)?.close();
		this.#peers.delete(participant);
	}

	#hangUp(): void {
		for (const id of this.#peers.keys()) this.#drop(id);
	}

	#failed(fault: unknown): void {
		const error = fault instanceof JoinError ? fault : new JoinError("call-failed", String(fault));
		this.#setup.events.refused?.(error, null);
	}
}

const isDescription = (type: string): boolean => type === "offer" || type === "answer";

/** What was said to whom, of the `id` that `#say` gave it. */
function told(id: unknown): { readonly type: string; readonly peer: string } {
	const [type = "", peer = ""] = typeof id === "string" ? id.split(":") : [];
	return { type, peer };
}

function refusalOf({ reason, detail, type: _type, ...details }: RoomMessage): JoinError {
	return new JoinError(String(reason), String(detail ?? reason), { details });
}
