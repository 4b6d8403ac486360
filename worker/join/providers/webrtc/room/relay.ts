import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Refusal } from "../../../../decision/refusals.ts";
import type { Effect, RoomView, Seat } from "../../../room/protocol.ts";
import { type AdmittedSdp, admitSdp } from "../sdp-admission.ts";
import { candidateFault, ufragOf } from "../sdp/candidate.ts";
import { type Pin, keep, keptOf, without } from "./kept.ts";
import type { Message } from "./messages.ts";
import { refused, send } from "./tell.ts";

/** A peer who can be spoken to now. */
export function peerOf(view: RoomView, seat: Seat, to: string): Decision<Seat> {
	const peer = to === seat.id ? undefined : view.seats.get(to);
	// One who waits is not there for those who are in.
	if (!peer || peer.status === "waiting") return refuse({ reason: "participant-not-found" });
	if (peer.status === "connected") return allow(peer);
	return refuse({ reason: "participant-status", status: peer.status, wanted: "connected" });
}

/** What a description does to the pin of its sender with a peer. */
type Pinning = { readonly pin: Pin; readonly changed: boolean; readonly restart: boolean } | null;

/**
 * A certificate is pinned by the first description. It may change only with a new transport, that is new ICE credentials, which an answer
 * has only when the offer had (RFC 8842 section 4, RFC 8839 section 4.4.1). Null: it changed within one.
 */
function pinned(before: Pin | undefined, said: AdmittedSdp, mayRestart: boolean): Pinning {
	const { fingerprints, ufrag, password } = said;
	if (fingerprints.length === 0 && before) return { pin: before, changed: false, restart: false }; // everything was rejected
	const pin = { fingerprints, ufrag, password };
	if (!before || before.fingerprints.length === 0) return { pin, changed: false, restart: true };
	const restart = ufrag !== before.ufrag && password !== before.password;
	const changed = fingerprints.join() !== before.fingerprints.join();
	return changed && !(restart && mayRestart) ? null : { pin, changed, restart };
}

const PIN_REFUSAL: Refusal = {
	reason: "sdp-refused",
	rule: "fingerprint-pinned",
	detail: "the certificate's fingerprint is another one than before, without an ICE restart",
};

export function relayOffer(view: RoomView, seat: Seat, message: Message<"offer">): Decision<readonly Effect[]> {
	const peer = peerOf(view, seat, message.to);
	if (!peer.allowed) return peer;
	const said = admitSdp(message.sdp, { kind: "offer", door: "room", role: seat.role });
	if (!said.allowed) return said;
	const kept = keptOf(seat);
	const pinning = pinned(kept.pins[message.to], said.value, true);
	if (!pinning) return allow(tampered(seat, message));
	const offer = { media: said.value.media, setup: said.value.setup, restart: pinning.restart };
	return allow([
		keep(seat.id, {
			...kept,
			pins: { ...kept.pins, [message.to]: pinning.pin },
			offers: { ...kept.offers, [message.to]: offer },
		}),
		described(seat, message, said.value, pinning.changed),
	]);
}

export function relayAnswer(view: RoomView, seat: Seat, message: Message<"answer">): Decision<readonly Effect[]> {
	const peer = peerOf(view, seat, message.to);
	if (!peer.allowed) return peer;
	const theirs = keptOf(peer.value);
	const offer = theirs.offers[seat.id];
	if (!offer)
		return refuse({
			reason: "sdp-refused",
			rule: "unsolicited-answer",
			detail: "no offer of that participant waits for one",
		});
	const said = admitSdp(message.sdp, { kind: "answer", door: "room", role: seat.role, offer });
	if (!said.allowed) return said;
	const kept = keptOf(seat);
	const pinning = pinned(kept.pins[message.to], said.value, offer.restart);
	if (!pinning) return allow(tampered(seat, message));
	return allow([
		keep(seat.id, { ...kept, pins: { ...kept.pins, [message.to]: pinning.pin } }),
		keep(peer.value.id, { ...theirs, offers: without(theirs.offers, seat.id) }),
		described(seat, message, said.value, pinning.changed),
	]);
}

function described(
	seat: Seat,
	{ type, to, id, sdp }: Message<"offer" | "answer">,
	{ fingerprints }: AdmittedSdp,
	changed: boolean,
): Effect {
	const named = id === undefined ? {} : { id };
	return send(to, { type, from: seat.id, sdp, fingerprints, fingerprint_changed: changed, ...named });
}

/** Both sides learn of it: the sender as of any refusal, the peer because somebody may stand between them. */
function tampered(seat: Seat, { to, type, id }: Message<"offer" | "answer">): readonly Effect[] {
	return [refused(seat, PIN_REFUSAL, id ?? null), send(to, { type: "fingerprint-refused", from: seat.id, of: type })];
}

/** Candidates follow a description, and name its generation where they name one. */
export function relayCandidate(view: RoomView, seat: Seat, message: Message<"candidate">): Decision<readonly Effect[]> {
	const { to, candidate } = message;
	const described = describedTo(view, seat, to);
	if (!described.allowed) return described;
	const fault = candidate.candidate === "" ? null : candidateFault(candidate.candidate);
	if (fault !== null) return refuse({ reason: "sdp-refused", rule: "candidates", detail: fault });
	const generation = candidate.usernameFragment ?? ufragOf(candidate.candidate);
	if (generation !== null && generation !== described.value.ufrag)
		return refuse({
			reason: "sdp-refused",
			rule: "candidates",
			detail: "the candidate is of another ICE user fragment than the last description",
		});
	return allow([send(to, { type: "candidate", from: seat.id, candidate })]);
}

/** `end-of-candidates` and `restart`: nothing but their sender. */
export function relayMark(
	view: RoomView,
	seat: Seat,
	{ type, to }: Message<"end-of-candidates" | "restart">,
): Decision<readonly Effect[]> {
	const may = type === "restart" ? peerOf(view, seat, to) : describedTo(view, seat, to);
	return may.allowed ? allow([send(to, { type, from: seat.id })]) : may;
}

function describedTo(view: RoomView, seat: Seat, to: string): Decision<Pin> {
	const peer = peerOf(view, seat, to);
	if (!peer.allowed) return peer;
	const pin = keptOf(seat).pins[to];
	if (pin) return allow(pin);
	return refuse({ reason: "bad-request", detail: "Candidates follow an offer or an answer to the same participant." });
}
