import { allow, refuse } from "../../decision/decision.ts";
import type { RoomProtocol, RoomView, Seat } from "./protocol.ts";
import { wireError } from "../../decision/wire.ts";
import type { Command } from "./contract.ts";

/** Who is there, and the commands of moderators: all that a room without media of its own needs. */
export const plainProtocol: RoomProtocol = {
	connected: (view, seat, { ticket, heartbeatSeconds, resumed, greeting }) => [
		{
			effect: "send",
			to: seat.id,
			message: {
				...greeting,
				type: seat.status === "waiting" ? "waiting" : "welcome",
				self: seat.id,
				session: view.session,
				participants: seat.status === "waiting" ? [] : peersOf(view, seat).map(shown),
				ticket,
				heartbeat: heartbeatSeconds,
			},
		},
		...(resumed || seat.status === "waiting" ? [] : toPeers(view, seat, { type: "joined", participant: shown(seat) })),
	],
	message: (_view, seat, text) => {
		const command = commandIn(text);
		if (command === "leave") return [{ effect: "leave" }];
		if (command !== null) return [{ effect: "command", command }];
		return [{ effect: "send", to: seat.id, message: { type: "refused", reason: "bad-message" } }];
	},
	admitted: (view, seat) => [
		{ effect: "send", to: seat.id, message: { type: "admitted", participants: peersOf(view, seat).map(shown) } },
		...toPeers(view, seat, { type: "joined", participant: shown(seat) }),
	],
	left: (view, seat, because) =>
		seat.status === "waiting" ? [] : toPeers(view, seat, { type: "left", participant: seat.id, because }),
	answered: (_view, seat, command, refusal) => {
		const told =
			refusal === null ? { type: "done" } : { type: "refused", reason: wireError(refusal, "problem").reason };
		return [{ effect: "send", to: seat.id, message: { ...told, command: command.command } }];
	},
};

const peersOf = (view: RoomView, seat: Seat): Seat[] =>
	[...view.seats.values()].filter((other) => other.id !== seat.id && other.status !== "waiting");

const toPeers = (view: RoomView, seat: Seat, message: Readonly<Record<string, unknown>>) =>
	peersOf(view, seat).map((peer) => ({ effect: "send" as const, to: peer.id, message }));

const shown = ({ id, name, role, status }: Seat) => ({ id, name, role, status });

function commandIn(text: string): Command | "leave" | null {
	const parsed = parse(text);
	if (!parsed.allowed) return null;
	const { type, participant, ban_seconds: banSeconds } = parsed.value;
	if (type === "leave") return "leave";
	if (type === "lock" || type === "unlock" || type === "end") return { command: type };
	if (typeof participant !== "string") return null;
	if (type === "approve" || type === "deny") return { command: type, participant };
	if (type !== "kick") return null;
	return { command: type, participant, ...(typeof banSeconds === "number" ? { banSeconds } : {}) };
}

function parse(text: string) {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null) return allow(value as Readonly<Record<string, unknown>>);
	} catch {
		// told as any other message that is none
	}
	return refuse({ reason: "bad-request", detail: "not a JSON object" });
}
