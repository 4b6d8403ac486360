import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Command, Effect, RoomProtocol, RoomView, Seat, Welcome } from "../../room/protocol.ts";
import { keep, keptOf, without } from "./room/kept.ts";
import { type Message, readMessage } from "./room/messages.ts";
import { peerOf, relayAnswer, relayCandidate, relayMark, relayOffer } from "./room/relay.ts";
import {
	isIn,
	participantFor,
	participantsFor,
	refused,
	replyTo,
	seconds,
	selfOf,
	send,
	toModerators,
	toOthers,
} from "./room/tell.ts";

/**
 * The room of plain WebRTC: who is there, and descriptions and candidates from one participant to another, judged before they are passed
 * on (docs/join.md, "Room protocol"). Pure.
 */
export const webrtcProtocol: RoomProtocol = {
	connected(view, seat, welcome) {
		const waits = !isIn(seat);
		const greeted = send(seat.id, {
			...(waits ? {} : welcome.greeting),
			...welcomeOf(view, seat, welcome),
			type: "welcome",
		});
		if (!waits) return [greeted, ...announced(view, seat, welcome.resumed)];
		const held = keep(seat.id, { ...keptOf(seat), greeting: welcome.greeting });
		return [held, greeted, ...lobbied(view, seat)];
	},

	message(view, seat, text) {
		const { id, message } = readMessage(text);
		const effects = message.allowed ? answer(view, seat, message.value) : message;
		return effects.allowed ? effects.value : [refused(seat, effects.refusal, id)];
	},

	admitted(view, seat) {
		const { greeting, ...kept } = keptOf(seat);
		return [
			keep(seat.id, { ...kept, greeting: {} }),
			send(seat.id, { ...greeting, ...roomFor(view, seat), type: "admitted" }),
			...announced(view, seat, false),
		];
	},

	away: (view, seat) => toOthers(view, seat, { type: "away", participant: seat.id }),

	left(view, seat, because) {
		const message = { type: "left", participant: seat.id, because };
		if (!isIn(seat)) return seat.status === "waiting" ? toModerators(view, message) : [];
		return [...forgotten(view, seat), ...toOthers(view, seat, message)];
	},

	renewed: (_view, seat) => [send(seat.id, { type: "renewed", expires_at: seconds(seat.expiresAt) })],

	statusChanged: (view) =>
		[...view.seats.values()].filter(isIn).map(({ id }) => send(id, { type: "session", session: sessionOf(view) })),

	answered: (_view, seat, { tag = null, command }, refusal) => [
		refusal === null ? send(seat.id, { type: "done", command, ...replyTo(tag) }) : refused(seat, refusal, tag),
	],
};

const sessionOf = ({ session, status }: RoomView) => ({ id: session, status });

function roomFor(view: RoomView, seat: Seat) {
	return { self: selfOf(seat), session: sessionOf(view), participants: participantsFor(view, seat) };
}

/** One who waits sees nobody. */
function welcomeOf(view: RoomView, seat: Seat, { ticket, heartbeatSeconds, resumed }: Welcome) {
	const room = isIn(seat) ? roomFor(view, seat) : { self: selfOf(seat), session: sessionOf(view), participants: [] };
	return { ...room, ticket, heartbeat_seconds: heartbeatSeconds, resumed };
}

function announced(view: RoomView, seat: Seat, resumed: boolean): Effect[] {
	return [...view.seats.values()]
		.filter((each) => each.id !== seat.id && isIn(each))
		.map((each) => send(each.id, { type: "joined", participant: participantFor(each, seat), resumed }));
}

function lobbied(view: RoomView, seat: Seat): Effect[] {
	return [...view.seats.values()]
		.filter((each) => isIn(each) && each.role === "moderator")
		.map((each) => send(each.id, { type: "waiting", participant: participantFor(each, seat) }));
}

/** Nothing of one who is gone is kept with the others. */
function forgotten(view: RoomView, { id }: Seat): Effect[] {
	return [...view.seats.values()].flatMap((each) => {
		const kept = keptOf(each);
		if (!(id in kept.pins) && !(id in kept.offers)) return [];
		return [keep(each.id, { ...kept, pins: without(kept.pins, id), offers: without(kept.offers, id) })];
	});
}

function answer(view: RoomView, seat: Seat, message: Message): Decision<readonly Effect[]> {
	if (message.type === "leave") return allow([{ effect: "leave" }]);
	if (!isIn(seat)) return refuse({ reason: "participant-status", status: seat.status, wanted: "connected" });
	switch (message.type) {
		case "offer":
			return relayOffer(view, seat, message);
		case "answer":
			return relayAnswer(view, seat, message);
		case "candidate":
			return relayCandidate(view, seat, message);
		case "end-of-candidates":
		case "restart":
			return relayMark(view, seat, message);
		case "mute-state":
			return mute(view, seat, message);
		case "data":
			return relayData(view, seat, message);
		case "kick":
		case "approve":
		case "deny":
		case "lock":
		case "unlock":
		case "end":
			return moderate(seat, message);
	}
}

function mute(view: RoomView, seat: Seat, { audio, video }: Message<"mute-state">): Decision<readonly Effect[]> {
	const told = toOthers(view, seat, { type: "mute-state", from: seat.id, audio, video });
	return allow([keep(seat.id, { ...keptOf(seat), muted: { audio, video } }), ...told]);
}

function relayData(view: RoomView, seat: Seat, { to, data }: Message<"data">): Decision<readonly Effect[]> {
	const message = { type: "data", from: seat.id, data };
	if (to === undefined) return allow(toOthers(view, seat, message));
	const peer = peerOf(view, seat, to);
	return peer.allowed ? allow([send(to, message)]) : peer;
}

type Order = Message<"kick" | "approve" | "deny" | "lock" | "unlock" | "end">;

function moderate(seat: Seat, order: Order): Decision<readonly Effect[]> {
	if (seat.role !== "moderator") return refuse({ reason: "moderator-required" });
	if ("participant" in order && order.participant === seat.id)
		return refuse({ reason: "bad-request", detail: "That is yourself: say leave." });
	return allow([{ effect: "command", command: commandOf(order) }]);
}

function commandOf(order: Order): Command {
	const tag = order.id === undefined ? {} : { tag: order.id };
	if (order.type === "kick") {
		const why = order.why === undefined ? {} : { why: order.why };
		return { ...tag, command: "kick", participant: order.participant, banSeconds: order.ban_seconds, ...why };
	}
	if (order.type === "approve" || order.type === "deny")
		return { ...tag, command: order.type, participant: order.participant };
	return { ...tag, command: order.type };
}
