import { DurableObject } from "cloudflare:workers";
import type { E2eeSessionRecord } from "../../catalog/e2ee-session-record.ts";
import { allow } from "../../decision/decision.ts";
import { type Wired, unwire, wire } from "../../limits/contract.ts";
import { planCommand } from "./commands.ts";
import { memberToTell, planClaim, planDrop, putOutBefore } from "./connections.ts";
import {
	CALL_HEADER,
	type Candidate,
	type ClaimAsk,
	type Command,
	type DropAsk,
	GONE_CODES,
	type GoneBecause,
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
import { type RefusedJoin, joinedEvent, queueEjection, queueEvent, queueRefusal, unqueueJoin } from "./events.ts";
import type { RoomBook } from "./book.ts";
import { Keeper, reply } from "./keeper.ts";
import { route } from "./mail.ts";
import { seated, shown } from "./shown.ts";
import type { Member, Plan } from "./state.ts";

type Told = Readonly<Record<string, unknown>>;

/**
 * The room of one session: who is in it, who waits, what opens a connection, and the sockets through which they speak.
 *
 * Every change is one transaction with all that others are to be told of it; the platform holds back answers and messages until it is
 * durable. No call awaits anything outside: that is the alarm's (`Alarms`). The heap holds an image of what is stored, so hibernation and
 * restarts lose nothing.
 */
export class SessionRoom extends DurableObject<Env> {
	readonly #keeper: Keeper;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#keeper = new Keeper(ctx, env);
	}

	/** What a join would come to; changes nothing. */
	check(call: Wired<RoomCall<Candidate>>): Wired<RoomReply<{ readonly waits: boolean }>> {
		const { rules, ask } = this.#read(call);
		const judged = judgeJoin(this.#book, rules, ask, Date.now());
		return reply(judged.allowed ? allow({ waits: judged.value.waits }) : judged);
	}

	admit(call: Wired<RoomCall<JoinAsk>>): Wired<RoomReply<Seated>> {
		const { rules, ask } = this.#read(call);
		const now = Date.now();
		const { wired } = this.#keeper.decide(
			rules,
			(book) => {
				const planned = planJoin(book, rules, ask, book.nextSeq, now);
				return planned.allowed ? allow({ ...planned.value, value: seated(planned.value.value) }) : planned;
			},
			(book, { participant }) => {
				if (participant.status !== "waiting") queueEvent(book, joinedEvent(participant, ask.decision), now);
			},
			ask.hold,
		);
		return wired;
	}

	/** Takes back a join that came to nothing. */
	takeBack(call: Wired<RoomCall<{ readonly participant: string; readonly spent: string }>>): Wired<RoomReply<null>> {
		const { participant, spent } = unwire(call).ask;
		const applied = this.#keeper.commitWith(({ members }) => ({
			...goes(members.get(participant), "never-came"),
			unspend: spent,
		}));
		this.#keeper.write((book) => unqueueJoin(book, participant));
		return reply(allow(null), applied);
	}

	look(call: Wired<RoomCall<{ readonly participant: string }>>): Wired<RoomReply<Participant>> {
		const { participant } = unwire(call).ask;
		const found = this.#book.members.get(participant) ?? this.#book.gone(participant);
		return reply(found ? allow(shown(found)) : presentMember(this.#book, participant));
	}

	renew(call: Wired<RoomCall<RenewAsk>>): Wired<RoomReply<Seated>> {
		const { rules, ask } = this.#read(call);
		const { answer, wired } = this.#keeper.decide(rules, (book) => {
			const planned = planRenew(book, rules, ask, Date.now());
			return planned.allowed ? allow({ ...planned.value, value: seated(planned.value.value) }) : planned;
		});
		if (answer.allowed && ask.stay) this.#keeper.conversation.renewed(ask.participant);
		return wired;
	}

	/** The participant goes, for good: by its own will, or because its provider says so. Nothing happens when it is gone already. */
	leave(
		call: Wired<RoomCall<{ readonly participant: string; readonly because: GoneBecause }>>,
	): Wired<RoomReply<null>> {
		const { participant, because } = unwire(call).ask;
		const applied = this.#keeper.commitWith(({ members }) => goes(members.get(participant), because));
		return reply(allow(null), applied);
	}

	list(call: Wired<RoomCall<{ readonly gone: boolean }>>): Wired<RoomReply<RoomStatus>> {
		const { rules, ask } = this.#read(call);
		const members = [...this.#book.members.values(), ...(ask.gone ? this.#book.departed() : [])];
		return reply(allow({ status: statusOf(this.#book, rules), participants: members.map(shown) }));
	}

	command(call: Wired<RoomCall<Command>>): Wired<RoomReply<Participant | null>> {
		const { rules, ask } = this.#read(call);
		return this.#keeper.conversation.order(ask, (order) =>
			this.#keeper.decide(rules, (book) => {
				const planned = planCommand(book, rules, order, Date.now());
				return planned.allowed
					? allow({ ...planned.value, value: planned.value.value && shown(planned.value.value) })
					: planned;
			}),
		).wired;
	}

	/** The record was changed, or (`former`) is about to be another provider's or none: see `endRoom`. */
	tell(call: Wired<RoomCall<{ readonly former: E2eeSessionRecord } | null>>): Wired<RoomReply<null>> {
		const { rules, ask } = this.#read(call);
		const applied = this.#keeper.commitWith((book) => {
			if (ask) book.change({ former: ask.former });
			return tellBook(book, rules, ask !== null);
		});
		return reply(allow(null), applied);
	}

	/** What the provider shall find again with the participant. `here`: it says that the client is connected (true), or lost (false). */
	remember(
		call: Wired<RoomCall<{ participant: string; provider: Told; here?: boolean }>>,
	): Wired<RoomReply<Participant & { readonly before: Participant["provider"] }>> {
		const { rules, ask } = this.#read(call);
		const found = memberToTell(this.#book, ask);
		if (!found.allowed) return reply(found);
		const told: Member = { ...found.value, provider: { ...found.value.provider, ...ask.provider } };
		const plan: Plan = ask.here === undefined ? { put: [told] } : presence(told, rules, ask.here);
		const applied = this.#keeper.commitWith(() => plan);
		return reply(allow({ ...shown(plan.put?.[0] ?? told), before: found.value.provider }), applied);
	}

	/** A provider's connection takes the place that was decided for it, once: null where there is none. */
	claim(call: Wired<RoomCall<ClaimAsk>>): Wired<RoomReply<Seated | null>> {
		const { rules, ask } = this.#read(call);
		const gone = putOutBefore(this.#book, ask);
		if (gone) this.#keeper.write((book) => queueEjection(book, gone, Date.now()));
		return this.#keeper.decide(rules, (book) => {
			const planned = planClaim(book, ask);
			if (!planned.allowed) return planned;
			const { value, plan } = planned.value;
			return allow({ value: value && seated(value), plan });
		}).wired;
	}

	/** Connections have ended: who had them goes, and nobody puts them out again. */
	drop(call: Wired<RoomCall<DropAsk>>): Wired<RoomReply<null>> {
		const { ask } = this.#read(call);
		const applied = this.#keeper.commitWith((book) => planDrop(book, ask));
		return reply(allow(null), applied);
	}

	/** A join that was refused, for the publisher's webhook; rate-bounded. */
	refusal(call: Wired<RoomCall<RefusedJoin>>): void {
		const { rules, ask } = this.#read(call);
		this.#keeper.write((book) => {
			book.learnRules(rules);
			queueRefusal(book, ask, Date.now());
		});
	}

	/** The account's revocation list has changed. */
	revocationsChanged(): void {
		if (this.#book.members.size > 0) this.#keeper.write((book) => book.change({ freshAt: Date.now() }));
	}

	/** Opens the WebSocket of a ticket: 101, or the refusal as JSON. */
	override fetch(request: Request): Response {
		const call = decodeURIComponent(request.headers.get(CALL_HEADER) ?? "");
		const { rules, ask } = this.#read<RedeemAsk>(call);
		const { sockets, alarms, conversation } = this.#keeper;
		const { answer } = this.#keeper.decide(rules, (book) => planRedeem(book, ask, Date.now()));
		if (!answer.allowed) return Response.json(answer);
		const { 0: client, 1: server } = new WebSocketPair();
		const { member, resumed } = answer.value;
		sockets.accept(server, ask, Date.now());
		alarms.schedule();
		if (ask.socket === "client") conversation.connected(member, ask.greeting, resumed);
		const headers = { [CALL_HEADER]: encodeURIComponent(wire(shown(member))) };
		return new Response(null, { status: 101, webSocket: client, headers });
	}

	override webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): void {
		if (this.#carry(ws, message)) return;
		const participant = this.#keeper.sockets.heard(ws, message, Date.now());
		if (participant !== null && typeof message === "string") this.#keeper.conversation.heard(participant, message);
		else this.#lost(ws);
	}

	/** A Worker says with `left` that its client went for good. */
	override webSocketClose(ws: WebSocket, code: number, reason: string): void {
		const member = this.#book.members.get(this.#keeper.sockets.participantOf(ws));
		if (code === GONE_CODES.left && reason === "left") this.#keeper.commit(goes(member, "left"));
		else this.#lost(ws);
	}

	override webSocketError(ws: WebSocket): void {
		this.#lost(ws);
	}

	override alarm(): Promise<void> {
		return this.#keeper.alarms.run();
	}

	#read<T>(wired: Wired<RoomCall<T>>): RoomCall<T> {
		const { rules, ask } = unwire(wired);
		return { rules: this.#book.latest(rules), ask };
	}

	get #book() {
		return this.#keeper.book();
	}

	/** Between clients whose connections are carried by doors. */
	#carry(ws: WebSocket, message: string | ArrayBuffer): boolean {
		const { sockets } = this.#keeper;
		if (typeof message !== "string" || !sockets.isControl(ws)) return false;
		const routed = route(this.#book.members, sockets.participantOf(ws), message);
		if (routed) sockets.deliver(routed.participant, JSON.stringify(routed.delivery));
		return true;
	}

	#lost(ws: WebSocket): void {
		this.#keeper.noticeLost(this.#keeper.sockets.participantOf(ws));
	}
}

/** A status that is another one than before is told to those who are in, and its end to the publisher. */
function tellBook(book: RoomBook, rules: RoomRules, isOver: boolean): Plan {
	const { rules: known } = book.record;
	const before = known ? statusOf(book, known) : rules.status;
	book.learnRules(rules);
	const { status: written, statusChangedAt: changedAt } = rules;
	// Whoever reads the record a little later than it was written goes by this.
	if (changedAt > (book.ownStatus?.changedAt ?? 0)) book.change({ ownStatus: { status: written, changedAt } });
	const status = statusOf(book, rules);
	const gone = [...book.members.values()].map((member) => ({ member, because: "session-ended" as const }));
	return {
		...(status === before ? {} : { status: { status, changedAt } }),
		...(status === "ended" || isOver ? { gone } : {}),
	};
}

const goes = (member: Member | undefined, because: GoneBecause): Plan =>
	member ? { gone: [{ member, because }] } : {};

function presence(member: Member, rules: RoomRules, here: boolean): Plan {
	if (here) return { put: [{ ...member, status: "connected", deadline: null, via: "provider" }] };
	const lost = planLost(member, rules, Date.now());
	return lost.put ? lost : { put: [member] };
}
