import { type Decision, allow, refuse } from "../../decision/decision.ts";
import { realPorts } from "../../ports.ts";
import { TicketBox } from "../ticket.ts";
import type { Departure } from "./book.ts";
import { planCommand } from "./commands.ts";
import { CLOSE_CODES, type Command, type GoneBecause } from "./contract.ts";
import { statusOf } from "./decide.ts";
import { joinedEvent, queueEvent } from "./events.ts";
import { type Effect, MOST_KEPT_CHARACTERS, type RoomProtocol, type RoomView, type Seat } from "./protocol.ts";
import { protocolOf } from "./protocols.ts";
import type { Room } from "./room.ts";
import { HEARTBEAT_SECONDS, type RoomSockets } from "./sockets.ts";
import type { Member } from "./state.ts";

/** Lets the participants speak: calls the room's protocol and carries out what it says. */
export class Conversation {
	readonly #room: Room;
	readonly #sockets: RoomSockets;
	readonly #tickets: TicketBox;

	constructor(secrets: readonly [string, ...string[]], room: Room, sockets: RoomSockets) {
		this.#room = room;
		this.#sockets = sockets;
		this.#tickets = new TicketBox(secrets);
	}

	connected(member: Member, greeting: Readonly<Record<string, unknown>>, resumed: boolean): void {
		const { rules } = this.#room.book().record;
		if (!rules) return;
		const { account, session } = rules;
		const number = member.ticketsGiven;
		const ticket = this.#tickets.sign({ account, session, participant: member.id, number, opensUntil: null });
		const welcome = { ticket, heartbeatSeconds: HEARTBEAT_SECONDS, resumed, greeting };
		this.#speak(member.id, (protocol, view, seat) => protocol.connected(view, seat, welcome));
	}

	heard(participant: string, text: string): void {
		this.#speak(participant, (protocol, view, seat) => protocol.message(view, seat, text));
	}

	admitted(participant: string): void {
		if (!this.#sockets.has(participant, true)) return;
		this.#speak(participant, (protocol, view, seat) => protocol.admitted(view, seat));
	}

	/** Carries out a command; one who was let in by it hears that. */
	order<R extends { readonly answer: Decision<unknown> }>(command: Command, give: (command: Command) => R): R {
		const named = command.command === "approve" ? command.participant : null;
		const waited = named !== null && this.#room.book().members.get(named)?.status === "waiting";
		const given = give(command);
		if (!given.answer.allowed || !waited) return given;
		this.#room.write((book) => {
			const member = book.members.get(named);
			if (member) queueEvent(book, joinedEvent(member, null), Date.now());
		});
		this.admitted(named);
		return given;
	}

	away(participant: string): void {
		this.#speak(participant, (protocol, view, seat) => protocol.away?.(view, seat) ?? []);
	}

	renewed(participant: string): void {
		this.#speak(participant, (protocol, view, seat) => protocol.renewed?.(view, seat) ?? []);
	}

	left({ member, because, before }: Departure): void {
		if (before === "gone") return;
		this.#run(null, (protocol, view) => protocol.left(view, { ...seatOf(member), status: before }, because));
	}

	statusChanged(): void {
		this.#run(null, (protocol, view) => protocol.statusChanged?.(view) ?? []);
	}

	/** For a seat that is still there. */
	#speak(id: string, say: (protocol: RoomProtocol, view: RoomView, seat: Seat) => readonly Effect[]): void {
		this.#run(id, (protocol, view) => {
			const seat = view.seats.get(id);
			return seat ? say(protocol, view, seat) : [];
		});
	}

	/** What a protocol cannot deal with costs the one who said it the connection, and nobody else anything. */
	#run(speaker: string | null, say: (protocol: RoomProtocol, view: RoomView) => readonly Effect[]): void {
		const { rules } = this.#room.book().record;
		const protocol = rules && protocolOf(rules);
		if (!rules || !protocol) return;
		try {
			this.#carryOut(say(protocol, this.#view()), speaker);
		} catch (fault) {
			realPorts.log({ event: "fault", where: "room-protocol", session: rules.session, message: String(fault) });
			if (speaker !== null) this.#sockets.close(speaker, CLOSE_CODES.badMessage, "bad-message");
		}
	}

	#view(): RoomView {
		const book = this.#room.book();
		const { rules } = book.record;
		const seats = new Map([...book.members.values()].map((member) => [member.id, seatOf(member)]));
		return {
			account: rules?.account ?? "",
			session: rules?.session ?? "",
			status: rules ? statusOf(book, rules) : "open",
			now: Date.now(),
			seats,
		};
	}

	/** Everything that is kept first, in one transaction: nobody hears of what may be lost. */
	#carryOut(effects: readonly Effect[], speaker: string | null): void {
		if (!this.#keep(effects, speaker)) return;
		for (const effect of effects) {
			if (effect.effect === "send") this.#sockets.send(effect.to, effect.message, Date.now());
			else if (effect.effect === "close") this.#sockets.close(effect.participant, effect.code, effect.why);
			else if (effect.effect === "command" && speaker !== null) this.#command(speaker, effect.command);
			else if (effect.effect === "leave" && speaker !== null) this.#leave(speaker, "left");
		}
	}

	#keep(effects: readonly Effect[], speaker: string | null): boolean {
		const { members } = this.#room.book();
		const kept = new Map<string, Member>();
		for (const effect of effects) {
			if (effect.effect !== "keep") continue;
			if (JSON.stringify(effect.kept).length > MOST_KEPT_CHARACTERS) {
				if (speaker !== null) this.#sockets.close(speaker, CLOSE_CODES.tooLarge, "too-much-to-keep");
				return false;
			}
			const member = members.get(effect.participant);
			if (member) kept.set(member.id, { ...member, kept: effect.kept });
		}
		if (kept.size > 0) this.#room.commit({ put: [...kept.values()] });
		return true;
	}

	#command(speaker: string, command: Command): void {
		const book = this.#room.book();
		const member = book.members.get(speaker);
		const { rules } = book.record;
		if (!member || !rules) return;
		const may = member.role === "moderator" && member.status !== "waiting";
		const ruling = may
			? planCommand(book, rules, command, Date.now())
			: refuse({ reason: "role-not-allowed", role: member.role, allowed: ["moderator"] });
		if (ruling.allowed) this.order(command, () => ({ answer: allow(this.#room.commit(ruling.value.plan)) }));
		const outcome = ruling.allowed ? allow() : ruling;
		this.#speak(speaker, (protocol, view, seat) =>
			protocol.answered(view, seat, command, outcome.allowed ? null : outcome.refusal),
		);
	}

	#leave(speaker: string, because: GoneBecause): void {
		const member = this.#room.book().members.get(speaker);
		if (member) this.#room.commit({ gone: [{ member, because }] });
	}
}

function seatOf(member: Member): Seat {
	const { id, name, role, status, uid, joinedAt, expiresAt, kept } = member;
	return { id, name, role, status: status === "gone" ? "away" : status, uid, joinedAt, expiresAt, kept };
}
