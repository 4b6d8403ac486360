import { Call, type CallEvents } from "../../../../worker/join/client/call.ts";
import { FrameEncryption } from "../../../../worker/join/client/frames/encryption.ts";
import type { FrameEvent } from "../../../../worker/join/client/frames/messages.ts";
import { type Joined, join, renew } from "../../../../worker/join/client/join.ts";
import { JoinError } from "../../../../worker/join/client/problem.ts";
import type { RoomMessage } from "../../../../worker/join/client/room.ts";
import { checkSecret, secretProblemInWords } from "../../../../worker/join/client/secret.ts";
import { type PageTicket, takeTicket } from "../../../../worker/join/client/ticket.ts";
import { element } from "../view.ts";
import { readRoomLink } from "./link.ts";
import { inWords } from "./reasons.ts";
import { Tile } from "./tile.ts";
import { hideReason, showReason, showRoomState, waitingEntry } from "./view.ts";

// Sent here by the gate (GET of the session), or opened with a link that holds a token.
let pageTicket: PageTicket | null = takeTicket();
const link = readRoomLink(location.hash);
const secretField = element("secret", HTMLInputElement);
const nameField = element("name", HTMLInputElement);
const tiles = new Map<string, Tile>();
const waiting = new Map<string, HTMLElement>();

nameField.value = link.name;
element("title", HTMLElement).textContent = link.session;
showRoomState("idle");

/** One call, from the click on Join to its end. */
class Visit {
	readonly #frames: FrameEncryption;
	readonly #call: Call;
	readonly #session: string;
	readonly #self: Tile;
	#moderates = false;

	constructor(joined: Joined, media: MediaStream | null) {
		this.#session = joined.session_id;
		this.#frames = new FrameEncryption(new Worker("/demo/frames.js", { type: "module" }), showFrames);
		this.#self = Tile.self(nameField.value || "Somebody", media);
		element("tiles", HTMLElement).replaceChildren(this.#self.element);
		this.#call = new Call({ url: joined.join.url ?? "", media, frames: this.#frames, events: this.#events(media) });
		showRoomState(joined.status === "waiting" ? "waiting" : "in");
	}

	useSecret(secret: string): void {
		this.#frames.setSecret(secret, this.#session);
	}

	leave(): void {
		this.#call.leave();
	}

	say(message: RoomMessage): void {
		this.#call.room.send(message);
	}

	#events(media: MediaStream | null): CallEvents {
		return {
			message: (message) => this.#heard(message),
			track: (participant, track) => tiles.get(participant)?.play(track),
			state: (participant, state) => tiles.get(participant)?.showConnection(state),
			refused: (error, participant) => {
				if (participant !== null) tiles.get(participant)?.showConnection("refused");
				showReason(error.reason, error.message);
			},
			away: () => showRoomState("away"),
			closed: (reason) => {
				for (const track of media?.getTracks() ?? []) track.stop();
				this.#frames.stop();
				over(reason);
			},
		};
	}

	#heard(message: RoomMessage): void {
		const { type } = message;
		if (type === "welcome" || type === "admitted") this.#welcomed(message);
		if (type === "joined") this.#show(message["participant"] as Other);
		if (type === "waiting") this.#showWaiting(message["participant"] as Other);
		if (type === "left") forget(String(message["participant"]));
		if (type === "fingerprint-refused") {
			showReason(type, "A description came with another certificate than before. The room did not pass it on.");
		}
		if (type === "offer" || type === "answer") {
			tiles.get(String(message["from"]))?.showFingerprints(message["fingerprints"] as readonly string[]);
		}
	}

	#welcomed(message: RoomMessage): void {
		const self = message["self"] as Other & { readonly role: string };
		this.#moderates = self.role === "moderator";
		showRoomState(self.status === "waiting" ? "waiting" : "in");
		element("moderation", HTMLElement).hidden = !this.#moderates;
		for (const other of message["participants"] as readonly Other[]) {
			if (other.status === "waiting") this.#showWaiting(other);
			else this.#show(other);
		}
	}

	#show(other: Other): void {
		forgetWaiting(other.id);
		if (tiles.has(other.id)) return;
		const kick = this.#moderates ? () => this.say({ type: "kick", participant: other.id }) : null;
		const tile = new Tile(other.id, other.name ?? other.id, kick);
		tile.showSecret("none");
		tiles.set(other.id, tile);
		element("tiles", HTMLElement).append(tile.element);
	}

	#showWaiting({ id, name }: Other): void {
		forgetWaiting(id);
		const decide = (type: "approve" | "deny") => () => {
			this.say({ type, participant: id });
			forgetWaiting(id);
		};
		const entry = waitingEntry(name ?? id, { "Let in": decide("approve"), Refuse: decide("deny") });
		waiting.set(id, entry);
		element("waiting", HTMLElement).append(entry);
		element("lobby", HTMLElement).hidden = false;
	}
}

interface Other {
	readonly id: string;
	readonly name: string | null;
	readonly status: string;
}

let visit: Visit | null = null;

async function start(): Promise<void> {
	hideReason();
	const problem = checkSecret(secretField.value);
	if (problem !== null) return showReason("encryption-secret", secretProblemInWords(problem));
	if (!FrameEncryption.isSupported()) {
		return showReason("client-unsupported", "This browser cannot encrypt the frames of a call.");
	}
	showRoomState("joining");
	const joined = await joinOrRenew();
	const media = joined.role === "subscriber" ? null : await ownMedia();
	visit = new Visit(joined, media);
	visit.useSecret(secretField.value);
}

/** A ticket in the page's address is worth one join; after that the token is. */
function joinOrRenew(): Promise<Joined> {
	const given = pageTicket;
	pageTicket = null;
	if (given) return renew(location.origin, given.ticket);
	const { account, session, token } = link;
	const name = nameField.value.trim();
	return join({ gate: location.origin, account, session, token, ...(name === "" ? {} : { name }) });
}

/** Whoever has no camera, or lends none, may still see the others. */
async function ownMedia(): Promise<MediaStream | null> {
	return navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } }).catch(() => null);
}

function showFrames(event: FrameEvent): void {
	if (event.type !== "ready") tiles.get(event.sender)?.showSecret(event.type);
}

function over(reason: string): void {
	visit = null;
	for (const id of tiles.keys()) forget(id);
	for (const id of waiting.keys()) forgetWaiting(id);
	element("tiles", HTMLElement).replaceChildren();
	showRoomState("over");
	showReason(reason, inWords(reason));
}

function forget(id: string): void {
	tiles.get(id)?.element.remove();
	tiles.delete(id);
	forgetWaiting(id);
}

function forgetWaiting(id: string): void {
	waiting.get(id)?.remove();
	waiting.delete(id);
	element("lobby", HTMLElement).hidden = waiting.size === 0;
}

element("join-form", HTMLFormElement).addEventListener("submit", (event) => {
	event.preventDefault();
	void start().catch((error: unknown) => {
		showRoomState("refused");
		if (error instanceof JoinError) showReason(error.reason, error.message);
		else showReason("error", String(error));
	});
});
element("leave", HTMLButtonElement).addEventListener("click", () => visit?.leave());
element("use-secret", HTMLButtonElement).addEventListener("click", () => {
	const problem = checkSecret(secretField.value);
	if (problem !== null) return showReason("encryption-secret", secretProblemInWords(problem));
	hideReason();
	visit?.useSecret(secretField.value);
});
for (const order of ["lock", "unlock", "end"] as const) {
	element(order, HTMLButtonElement).addEventListener("click", () => visit?.say({ type: order }));
}
