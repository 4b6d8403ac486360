import { connectedToPinned, matchesPinned } from "./fingerprint.ts";
import { FrameEncryption } from "./frames/encryption.ts";
import type { Role } from "./join.ts";
import { JoinError } from "./problem.ts";
import type { RoomMessage } from "./room.ts";

/** What one connection to another participant is made with. */
export interface PeerSetup {
	/** Participant ids. */
	readonly self: string;
	readonly peer: string;
	/** Of this participant: what it may send and receive. */
	readonly role: Role;
	readonly media: MediaStream | null;
	readonly iceServers: readonly RTCIceServer[];
	readonly frames: FrameEncryption;
	/** To the peer, through the room; lost when one of the two is away. */
	readonly say: (message: RoomMessage) => void;
	readonly onTrack: (track: MediaStreamTrack) => void;
	readonly onState: (state: RTCPeerConnectionState) => void;
	/** The connection is given up: the room does not pass on what this side says, or the other's is not what the room has pinned. */
	readonly onRefused: (error: JoinError) => void;
}

const KINDS = ["audio", "video"] as const;

/**
 * The connection to one other participant: "perfect negotiation" (W3C WebRTC, section 10.7), each description held against the fingerprints
 * that the room has pinned, each track encrypted and opened by the frame encryption before anything else sees it.
 */
export class Peer {
	readonly connection: RTCPeerConnection;
	readonly #setup: PeerSetup;
	/** Of the two that offer at once, the polite one gives way. */
	readonly #polite: boolean;
	#offering = false;
	#pinned: readonly string[] = [];

	constructor(setup: PeerSetup, offers: boolean) {
		this.#setup = setup;
		this.#polite = setup.self > setup.peer;
		this.connection = new RTCPeerConnection({
			iceServers: [...setup.iceServers],
			bundlePolicy: "max-bundle",
			...FrameEncryption.connectionOptions(),
		});
		this.connection.addEventListener("icecandidate", ({ candidate }) => this.#trickle(candidate));
		this.connection.addEventListener("track", ({ track, receiver }) => this.#receive(track, receiver));
		this.connection.addEventListener("connectionstatechange", () => void this.#stateChanged());
		this.connection.addEventListener("negotiationneeded", () => void this.#offer()); // who answered first may restart ICE later
		if (offers) for (const kind of KINDS) this.#add(kind);
	}

	/** A message that the peer sent through the room. Messages are handled one after the other by the caller. */
	async hear(message: RoomMessage): Promise<void> {
		if (message.type === "offer" || message.type === "answer") return this.#described(message.type, message);
		if (message.type === "restart") return this.connection.restartIce();
		if (message.type !== "candidate") return;
		const candidate = message["candidate"] as RTCIceCandidateInit;
		await this.connection.addIceCandidate(candidate).catch(() => undefined); // of an offer that gave way
	}

	/** Both can hear each other again: an offer that is not answered may have been lost. */
	again(): void {
		if (this.connection.signalingState === "have-local-offer") this.#say("offer");
	}

	get isOpen(): boolean {
		return this.connection.signalingState !== "closed";
	}

	close(): void {
		this.connection.close();
	}

	refuse(error: JoinError): void {
		if (!this.isOpen) return;
		this.close();
		this.#setup.onRefused(error);
	}

	async #offer(): Promise<void> {
		try {
			this.#offering = true;
			await this.connection.setLocalDescription();
			this.#say("offer");
		} finally {
			this.#offering = false;
		}
	}

	async #described(type: "offer" | "answer", message: RoomMessage): Promise<void> {
		if (!this.isOpen) return; // given up
		const sdp = String(message["sdp"]);
		const collides = type === "offer" && (this.#offering || this.connection.signalingState !== "stable");
		if (collides && !this.#polite) return;
		const pinned = message["fingerprints"];
		this.#pinned = Array.isArray(pinned) ? pinned.map(String) : [];
		if (!matchesPinned(sdp, this.#pinned)) return this.refuse(notPinned());
		await this.connection.setRemoteDescription({ type, sdp });
		if (type === "answer") return;
		for (const transceiver of this.connection.getTransceivers()) this.#answerWith(transceiver);
		await this.connection.setLocalDescription();
		this.#say("answer");
	}

	#answerWith(transceiver: RTCRtpTransceiver): void {
		const { kind } = transceiver.receiver.track;
		if (transceiver.sender.track !== null || transceiver.currentDirection !== null) return;
		transceiver.direction = this.#direction();
		this.#send(transceiver, kind === "audio" ? "audio" : "video");
	}

	/** Both transforms stand at once: what a receiver gets before it has one goes to the decoder as it is, and so does all that follows. */
	#add(kind: "audio" | "video"): void {
		const transceiver = this.connection.addTransceiver(kind, { direction: this.#direction() });
		this.#open(transceiver.receiver);
		this.#send(transceiver, kind);
	}

	#direction(): RTCRtpTransceiverDirection {
		const { role } = this.#setup;
		if (role === "subscriber") return "recvonly";
		return role === "publisheronly" ? "sendonly" : "sendrecv";
	}

	/** The transform stands before the track does, so that no frame goes out as it is. */
	#send(transceiver: RTCRtpTransceiver, media: "audio" | "video"): void {
		const { self, role, frames, media: stream } = this.#setup;
		if (media === "video") preferVp8(transceiver);
		if (role === "subscriber") return;
		frames.send(transceiver.sender, { sender: self, media, track: transceiver.mid ?? media });
		const [track] = stream?.getTracks().filter(({ kind }) => kind === media) ?? [];
		if (track) void transceiver.sender.replaceTrack(track);
	}

	#receive(track: MediaStreamTrack, receiver: RTCRtpReceiver): void {
		this.#open(receiver);
		this.#setup.onTrack(track);
	}

	#open(receiver: RTCRtpReceiver): void {
		const { frames, peer } = this.#setup;
		const { kind, id } = receiver.track;
		frames.receive(receiver, { sender: peer, media: kind === "audio" ? "audio" : "video", track: id });
	}

	#say(type: "offer" | "answer"): void {
		this.#setup.say({ type, sdp: this.connection.localDescription?.sdp ?? "" });
	}

	#trickle(candidate: RTCIceCandidate | null): void {
		const { say } = this.#setup;
		if (candidate === null) say({ type: "end-of-candidates" });
		else if (candidate.candidate !== "") say({ type: "candidate", candidate: candidate.toJSON() });
	}

	async #stateChanged(): Promise<void> {
		const { connectionState } = this.connection;
		this.#setup.onState(connectionState);
		if (connectionState === "connected" && (await connectedToPinned(this.connection, this.#pinned)) === false)
			return this.refuse(notPinned());
		if (connectionState === "failed" && !this.#polite) this.connection.restartIce();
	}
}

const notPinned = (): JoinError =>
	new JoinError("fingerprint-mismatch", "The connection shows another certificate than the room has pinned.");

/** The readable bytes of a frame are those of VP8 (frames/clear-bytes); its retransmissions stay with it. */
function preferVp8(transceiver: RTCRtpTransceiver): void {
	const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
	const wanted = codecs.filter(({ mimeType }) => /^video\/(?:vp8|rtx)$/i.test(mimeType));
	if (wanted.length > 0) transceiver.setCodecPreferences(wanted);
}
