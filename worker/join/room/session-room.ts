import { DurableObject } from "cloudflare:workers";
import { type Decision, allow } from "../../decision/decision.ts";
import { type Wired, unwire, wire } from "../../limits/contract.ts";
import { Alarms } from "./alarms.ts";
import { type Applied, RoomBook } from "./book.ts";
import { planCommand } from "./commands.ts";
import { Conversation } from "./conversation.ts";
import {
	CALL_HEADER,
	type Command,
	type GoneBecause,
	type Hold,
	type JoinAsk,
	type Participant,
	type RedeemAsk,
	type RenewAsk,
	type RoomCall,
	type RoomReply,
	type RoomRules,
	type RoomStatus,
	type Seated,
} from "./contract.ts";
import { judgeJoin, planJoin, planLost, planRedeem, planRenew, presentMember, statusOf } from "./decide.ts";
import { Errands } from "./errands.ts";
import { departed, joined, queueEvent, refusedEvent } from "./events.ts";
import schema from "./schema.sql";
import { RoomSockets } from "./sockets.ts";
import type { Member, Plan, Planned } from "./state.ts";

const NOTHING: Applied = { departures: [], released: [], statusChanged: false };

/**
 * The room of one session: who is in it, who waits, what opens a connection, and the sockets through which they speak.
 *
 * Every change is one transaction with all that others are to be told of it; the platform holds back answers and messages until it is
 * durable. No call awaits anything outside: that is the alarm's (`Alarms`). The heap holds an image of what is stored, so hibernation and
 * restarts lose nothing.
 */
export class SessionRoom extends DurableObject<Env> {
	readonly #errands: Errands;
	readonly #sockets: RoomSockets;
	readonly #alarms: Alarms;
	readonly #conversation: Conversation;
	#book: RoomBook;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
		this.#errands = new Errands(ctx.storage.sql);
		this.#sockets = new RoomSockets(ctx);
		this.#book = this.#newBook();
		const room = {
			book: () => this.#book,
			commit: (plan: Plan) => this.#commit(() => plan),
			write: <T>(run: (book: RoomBook) => T) => this.#write(run),
		};
		this.#alarms = new Alarms(ctx.storage, env, room, this.#sockets);
		this.#conversation = new Conversation(env, room, this.#sockets);
	}

	/** What a join would come to; changes nothing. */
	check(
		call: Wired<RoomCall<Pick<JoinAsk, "uid" | "tokenId" | "role">>>,
	): Wired<RoomReply<{ readonly waits: boolean }>> {
		const { rules, ask } = unwire(call);
		const judged = judgeJoin(this.#book, rules, ask, Date.now());
		return reply(judged.allowed ? allow({ waits: judged.value.waits }) : judged, NOTHING);
	}

	admit(call: Wired<RoomCall<JoinAsk>>): Wired<RoomReply<Seated>> {
		const { rules, ask } = unwire(call);
		const now = Date.now();
		return this.#decide(
			rules,
			(book) => planJoin(book, rules, ask, book.nextSeq, now),
			(book, { participant }) => {
				if (!book.members.has(participant.id)) return;
				queueEvent(book, joined(participant, ask.decision), now);
			},
			ask.hold,
		);
	}

	/** Takes back a join that came to nothing. */
	takeBack(call: Wired<RoomCall<{ readonly participant: string; readonly spent: string }>>): Wired<RoomReply<null>> {
		const { ask } = unwire(call);
		const member = this.#book.members.get(ask.participant);
		const gone = member ? [{ member, because: "never-came" as const }] : [];
		return reply(
			allow(null),
			this.#commit(() => ({ gone, unspend: ask.spent })),
		);
	}

	look(call: Wired<RoomCall<{ readonly participant: string }>>): Wired<RoomReply<Participant>> {
		const { ask } = unwire(call);
		const found = this.#book.members.get(ask.participant) ?? this.#book.gone(ask.participant);
		return reply(found ? allow(shown(found)) : presentMember(this.#book, ask.participant), NOTHING);
	}

	renew(call: Wired<RoomCall<RenewAsk>>): Wired<RoomReply<Seated>> {
		const { rules, ask } = unwire(call);
		const renewed = this.#decide(rules, (book) => planRenew(book, ask, Date.now()));
		const { answer } = unwire(renewed);
		if (answer.allowed && ask.stay) this.#conversation.renewed(ask.participant);
		return renewed;
	}

	/** The participant goes, for good: by its own will, or because its provider says so. Nothing happens when it is gone already. */
	leave(
		call: Wired<RoomCall<{ readonly participant: string; readonly because: GoneBecause }>>,
	): Wired<RoomReply<null>> {
		const { ask } = unwire(call);
		const member = this.#book.members.get(ask.participant);
		if (!member) return reply(allow(null), NOTHING);
		return reply(
			allow(null),
			this.#commit(() => ({ gone: [{ member, because: ask.because }] })),
		);
	}

	list(call: Wired<RoomCall<{ readonly gone: boolean }>>): Wired<RoomReply<RoomStatus>> {
		const { rules, ask } = unwire(call);
		const members = [...this.#book.members.values(), ...(ask.gone ? this.#book.departed() : [])];
		const status = statusOf(this.#book, rules);
		return reply(allow({ status, participants: members.map(shown) }), NOTHING);
	}

	command(call: Wired<RoomCall<Command>>): Wired<RoomReply<Participant | null>> {
		const { rules, ask } = unwire(call);
		const approved = ask.command === "approve" ? this.#book.members.get(ask.participant) : undefined;
		const done = this.#decide(rules, (book) => planCommand(book, rules, ask, Date.now()));
		if (approved?.status === "waiting") this.#conversation.admitted(approved.id);
		const { answer, released } = unwire(done);
		return answer.allowed
			? wire({ answer: allow(answer.value && shown(answer.value)), released })
			: wire({ answer, released });
	}

	/** The record was changed. One that is ended now puts everybody out. */
	tell(call: Wired<RoomCall<null>>): Wired<RoomReply<null>> {
		const { rules } = unwire(call);
		const applied = this.#commit((book) => {
			book.learnRules(rules);
			if (statusOf(book, rules) !== "ended") return {};
			return { gone: [...book.members.values()].map((member) => ({ member, because: "session-ended" as const })) };
		});
		return reply(allow(null), applied);
	}

	/** What the provider shall find again with the participant. `here`: it says that the client is connected (true), or lost (false). */
	remember(
		call: Wired<RoomCall<{ participant: string; provider: Readonly<Record<string, unknown>>; here?: boolean }>>,
	): Wired<RoomReply<Participant>> {
		const { rules, ask } = unwire(call);
		const found = presentMember(this.#book, ask.participant);
		if (!found.allowed) return reply(found, NOTHING);
		const told: Member = { ...found.value, provider: { ...found.value.provider, ...ask.provider } };
		const plan = ask.here === undefined ? { put: [told] } : presence(told, rules, ask.here);
		const applied = this.#commit(() => plan);
		return reply(allow(shown(plan.put?.[0] ?? told)), applied);
	}

	/** A join that was refused, for the publisher's webhook; rate-bounded. */
	refusal(call: Wired<RoomCall<Readonly<Record<string, unknown>>>>): void {
		const { rules, ask } = unwire(call);
		this.#commit((book) => {
			book.learnRules(rules);
			refusedEvent(book, ask, Date.now());
			return {};
		});
	}

	/** The account's revocation list has changed. False when nobody is here, who could be concerned. */
	revocationsChanged(): boolean {
		if (this.#book.members.size === 0) return false;
		this.#write((book) => book.change({ freshAt: Date.now() }));
		return true;
	}

	/** Opens the WebSocket of a ticket: 101, or the refusal as JSON. */
	override fetch(request: Request): Response {
		const call = decodeURIComponent(request.headers.get(CALL_HEADER) ?? "");
		const { rules, ask } = unwire<RoomCall<RedeemAsk>>(call);
		const redeemed = this.#transact(rules, (book) => planRedeem(book, ask));
		if (!redeemed.answer.allowed) return Response.json(redeemed.answer);
		const { 0: client, 1: server } = new WebSocketPair();
		const { member, resumed } = redeemed.answer.value;
		this.#sockets.accept(server, member.id, ask.socket, Date.now());
		this.#alarms.schedule();
		if (ask.socket === "client") this.#conversation.connected(member, ask.greeting, resumed);
		const headers = { [CALL_HEADER]: encodeURIComponent(wire(shown(member))) };
		return new Response(null, { status: 101, webSocket: client, headers });
	}

	override webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): void {
		const participant = this.#sockets.heard(ws, message, Date.now());
		if (participant !== null && typeof message === "string") this.#conversation.heard(participant, message);
		else this.#noticeLost(this.#sockets.participantOf(ws));
	}

	/** A Worker says with `left` that its client went for good. */
	override webSocketClose(ws: WebSocket, code: number, reason: string): void {
		const id = this.#sockets.participantOf(ws);
		const member = this.#book.members.get(id);
		if (member && code === LEFT_CODE && reason === "left")
			this.#commit(() => ({ gone: [{ member, because: "left" }] }));
		else this.#noticeLost(id);
	}

	override webSocketError(ws: WebSocket): void {
		this.#noticeLost(this.#sockets.participantOf(ws));
	}

	override async alarm(): Promise<void> {
		await this.#alarms.run();
	}

	/** Whether a participant whose sockets are closed is away now. */
	#noticeLost(id: string): void {
		const member = this.#book.members.get(id);
		const { rules } = this.#book.record;
		if (!member || !rules || member.via !== "socket" || this.#sockets.has(id)) return;
		this.#commit(() => planLost(member, rules, Date.now()));
		if (member.status === "connected") this.#conversation.away(id);
	}

	#decide<T>(
		rules: RoomRules,
		decide: (book: RoomBook) => Decision<Planned<T>>,
		also?: (book: RoomBook, value: T) => void,
		hold: Hold | null = null,
	): Wired<RoomReply<T>> {
		const { answer, applied, released } = this.#transact(rules, decide, also, hold);
		return wire({ answer, released: [...applied.released, ...released] });
	}

	/** A decision and all that follows from it. A hold that the refused leaves behind is released. */
	#transact<T>(
		rules: RoomRules,
		decide: (book: RoomBook) => Decision<Planned<T>>,
		also?: (book: RoomBook, value: T) => void,
		hold: Hold | null = null,
	) {
		const { answer, applied, released } = this.#write((book) => {
			book.learnRules(rules);
			const planned = decide(book);
			if (!planned.allowed) {
				return { answer: planned, applied: NOTHING, released: hold ? book.releaseHold(hold, Date.now()) : [] };
			}
			const done = this.#apply(book, planned.value.plan);
			also?.(book, planned.value.value);
			return { answer: allow(planned.value.value), applied: done, released: [] };
		});
		this.#carryOut(applied);
		return { answer, applied, released };
	}

	#commit(plan: (book: RoomBook) => Plan): Applied {
		const applied = this.#write((book) => this.#apply(book, plan(book)));
		this.#carryOut(applied);
		return applied;
	}

	#apply(book: RoomBook, plan: Plan): Applied {
		const now = Date.now();
		const applied = book.apply(plan, now);
		departed(book, applied, now);
		return applied;
	}

	/** In one transaction. @throws what went wrong; then nothing has changed. */
	#write<T>(run: (book: RoomBook) => T): T {
		try {
			const result = this.ctx.storage.transactionSync(() => run(this.#book));
			this.#alarms.schedule();
			return result;
		} catch (fault) {
			this.#book = this.#newBook();
			throw fault;
		}
	}

	#carryOut({ departures, statusChanged }: Applied): void {
		for (const departure of departures) {
			this.#sockets.dismiss(departure.member.id, departure.because);
			this.#conversation.left(departure);
		}
		if (statusChanged) this.#conversation.statusChanged();
	}

	#newBook(): RoomBook {
		return new RoomBook(this.ctx.storage.sql, this.#errands);
	}
}

const LEFT_CODE = 4010;

const reply = <T>(answer: Decision<T>, { released }: Pick<Applied, "released">): Wired<RoomReply<T>> =>
	wire({ answer, released });

function presence(member: Member, rules: RoomRules, here: boolean): Plan {
	if (!here) return planLost(member, rules, Date.now());
	return { put: [{ ...member, status: "connected", deadline: null, via: "provider" }] };
}

/** Without what only the room needs to know. */
function shown(member: Member | Participant): Participant {
	const { id, name, role, status, uid, tokenId, device, sdk, version, joinedAt, expiresAt, because, provider } = member;
	const goneAt = member.goneAt ?? null;
	return {
		...{ id, name, role, status, uid, tokenId, device, sdk, version, joinedAt, expiresAt, because, goneAt, provider },
	};
}
