import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JoinRole } from "../../../../worker/catalog/e2ee-session-record.ts";
import { roleOf } from "../../../../worker/join/role.ts";
import { planCommand } from "../../../../worker/join/room/commands.ts";
import type { RoomRules } from "../../../../worker/join/room/contract.ts";
import { judgeJoin, planExpiry, planJoin, planLost, statusOf } from "../../../../worker/join/room/decide.ts";
import type { Ban, Member, OwnStatus, Plan, RoomState } from "../../../../worker/join/room/state.ts";
import { TicketBox } from "../../../../worker/join/ticket.ts";
import { joinAsk, rulesOf, verdictOf } from "../../../support/room.ts";

const NOW = 1_000_000;

/** A room without storage. */
class Memory implements RoomState {
	ownStatus: OwnStatus | null = null;
	readonly members = new Map<string, Member>();
	readonly #gone = new Map<string, Member>();
	readonly #bans: Ban[] = [];
	readonly #joined = new Set<string>();

	gone(id: string): Member | null {
		return this.#gone.get(id) ?? null;
	}

	ban(kind: Ban["kind"], value: string, now: number): Ban | null {
		return this.#bans.find((ban) => ban.kind === kind && ban.value === value && ban.until > now) ?? null;
	}

	hasEnded = (): boolean => false;

	hasJoined(token: string): boolean {
		return this.#joined.has(token) || [...this.members.values()].some(({ tokenId }) => tokenId === token);
	}

	apply(plan: Plan): void {
		for (const { member, because } of plan.gone ?? []) {
			this.members.delete(member.id);
			this.#gone.set(member.id, { ...member, status: "gone", because });
		}
		for (const member of plan.put ?? []) this.members.set(member.id, member);
		if (plan.status) this.ownStatus = plan.status;
		if (plan.ban) this.#bans.push(plan.ban);
		if (plan.spend) this.#joined.add(plan.spend.token);
	}

	join(rules: RoomRules, more: Parameters<typeof joinAsk>[0] = {}, now = NOW): string {
		const planned = planJoin(this, rules, joinAsk(more), this.members.size + 1, now);
		if (planned.allowed) this.apply(planned.value.plan);
		return verdictOf(planned);
	}

	order(rules: RoomRules, command: Parameters<typeof planCommand>[2]): string {
		const planned = planCommand(this, rules, command, NOW);
		if (planned.allowed) this.apply(planned.value.plan);
		return verdictOf(planned);
	}
}

describe("whoever asks to join", () => {
	it("may ask again when it is in already, whatever would keep others out", () => {
		const room = new Memory();
		const rules = rulesOf({ maxParticipants: 1, singleUse: true, identity: "refuse" });
		expect(room.join(rules, { id: "a", uid: "ann", tokenId: "t" })).toBe("allowed");
		const who = { uid: "ann", tokenId: "t", role: "publisher" } as const;
		expect(verdictOf(judgeJoin(room, rules, { ...who, id: "a" }, NOW))).toBe("allowed");
		expect(verdictOf(judgeJoin(room, rules, { ...who, id: "b" }, NOW))).toBe("token-already-joined");
		expect(verdictOf(judgeJoin(room, rules, who, NOW))).toBe("token-already-joined");
	});

	it("comes through the provider that the session has now, not through one that it had", () => {
		const room = new Memory();
		expect(room.join(rulesOf({ provider: "sora" }), { through: "vonage" })).toBe("room-unavailable");
		expect(room.join(rulesOf({ provider: "sora" }), { through: "sora" })).toBe("allowed");
	});

	const ann = { uid: "ann", tokenId: "t", role: "publisher" } as const;
	const cases: [string, Partial<RoomRules>, (room: Memory, rules: RoomRules) => void][] = [
		["allowed", {}, () => undefined],
		["e2ee-session-ended", { status: "ended" }, () => undefined],
		["e2ee-session-locked", { status: "locked" }, () => undefined],
		[
			"allowed",
			{ status: "locked", statusChangedAt: 1 },
			(room, rules) => void room.order(rules, { command: "unlock" }),
		],
		["e2ee-session-locked", {}, (room, rules) => void room.order(rules, { command: "lock" })],
		["e2ee-session-ended", { maxParticipants: 1 }, (room, rules) => void room.order(rules, { command: "end" })],
		["participant-present", { identity: "refuse" }, (room, rules) => void room.join(rules, { uid: "ann" })],
		["allowed", { identity: "newest", maxParticipants: 1 }, (room, rules) => void room.join(rules, { uid: "ann" })],
		[
			"e2ee-session-full",
			{ identity: "many", maxParticipants: 1 },
			(room, rules) => void room.join(rules, { uid: "ann" }),
		],
		["token-already-joined", { singleUse: true }, (room, rules) => void room.join(rules, { tokenId: "t" })],
		[
			"participant-banned",
			{},
			(room, rules) => {
				room.join(rules, { id: "p", uid: "ann" });
				room.order(rules, { command: "kick", participant: "p", banSeconds: 60 });
			},
		],
		[
			"allowed",
			{},
			(room, rules) => {
				room.join(rules, { id: "p", uid: "ann" });
				room.order(rules, { command: "kick", participant: "p" });
			},
		],
	];

	it.each(cases)("is answered %s with %j", (verdict, more, before) => {
		const [room, rules] = [new Memory(), rulesOf(more)];
		before(room, rules);
		expect(verdictOf(judgeJoin(room, rules, ann, NOW))).toBe(verdict);
	});

	it("is banned by token where there is no uid, until the ban is over", () => {
		const [room, rules] = [new Memory(), rulesOf()];
		room.join(rules, { id: "p", tokenId: "t" });
		room.order(rules, { command: "kick", participant: "p", banSeconds: 60 });
		const nobody = { ...ann, uid: null };
		expect(verdictOf(judgeJoin(room, rules, nobody, NOW + 59_999))).toBe("participant-banned");
		expect(verdictOf(judgeJoin(room, rules, nobody, NOW + 60_000))).toBe("allowed");
	});
});

describe("the lobby", () => {
	it("takes no place, holds no moderator, and nobody who was let in before", () => {
		const [room, rules] = [new Memory(), rulesOf({ lobby: true, maxParticipants: 1 })];
		room.join(rules, { id: "a", uid: "ann" });
		room.join(rules, { id: "m", role: "moderator" });
		expect([...room.members.values()].map(({ id, status }) => [id, status])).toEqual([
			["a", "waiting"],
			["m", "admitted"],
		]);
		expect(room.order(rules, { command: "approve", participant: "a" })).toBe("e2ee-session-full");
		room.order(rules, { command: "kick", participant: "m" });
		expect(room.order(rules, { command: "approve", participant: "a" })).toBe("allowed");
		room.join(rules, { id: "again", uid: "ann" });
		expect(room.members.get("again")?.status).toBe("admitted");
		expect(room.order(rules, { command: "deny", participant: "again" })).toBe("participant-status");
		expect(room.order(rules, { command: "approve", participant: "nobody" })).toBe("participant-not-found");
	});
});

it("the status that was set last counts, the room's or the record's", () => {
	const room = new Memory();
	room.ownStatus = { status: "locked", changedAt: 10 };
	expect(statusOf(room, rulesOf({ status: "open", statusChangedAt: 9 }))).toBe("locked");
	expect(statusOf(room, rulesOf({ status: "open", statusChangedAt: 11 }))).toBe("open");
});

it("whoever lost the connection has the grace, and one whose end comes first that", () => {
	const [room, rules] = [new Memory(), rulesOf({ reconnectSeconds: 30 })];
	room.join(rules, { id: "a", expiresAt: NOW + 40_000 });
	const member = room.members.get("a");
	if (!member) throw new Error("nobody came");
	room.apply(planLost({ ...member, status: "connected", deadline: null }, rules, NOW));
	const goneAt = (now: number) => planExpiry(room, rules, now).gone?.map(({ because }) => because) ?? [];
	expect([goneAt(NOW + 29_999), goneAt(NOW + 30_000), goneAt(NOW + 40_000)]).toEqual([
		[],
		["connection-lost"],
		["token-expired"],
	]);
});

describe("roles", () => {
	const session = { roles: ["subscriber", "publisher"], default_role: "publisher" } as const;
	const cases: [JoinRole | undefined, JoinRole | null, string][] = [
		[undefined, null, "publisher"],
		[undefined, "subscriber", "subscriber"],
		[undefined, "moderator", "role-not-allowed"],
		[undefined, "publisheronly", "role-not-allowed"],
		["moderator", null, "moderator"],
		["moderator", "publisheronly", "publisheronly"],
		["subscriber", "publisher", "role-not-allowed"],
		["publisheronly", "publisher", "role-not-allowed"],
		["publisher", "publisheronly", "publisheronly"],
	];
	it.each(cases)("of a token that says %s, asked for %s: %s", (claimed, asked, outcome) => {
		const role = roleOf(session, claimed, asked);
		expect(role.allowed ? role.value : role.refusal.reason).toBe(outcome);
	});
});

describe("a ticket", () => {
	const box = new TicketBox(["new-secret", "old-secret"]);
	const ticket = { account: "acme", session: "room-1", participant: "p_1", number: 3, opensUntil: 99 };

	it("opens with what it was signed with, also after the secret was rotated", () => {
		const old = new TicketBox(["old-secret"]).sign(ticket);
		expect(box.open(box.sign(ticket))).toEqual({ allowed: true, value: ticket });
		expect(box.open(old)).toEqual({ allowed: true, value: ticket });
		expect(box.sign(ticket)).toMatch(/^[\w-]+\.[\w-]{32}$/);
	});

	it("that anybody changed opens nothing", () => {
		const text = box.sign(ticket);
		fc.assert(
			fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
				fc.pre(text[at] !== character);
				expect(verdictOf(box.open(text.slice(0, at) + character + text.slice(at + 1)))).toBe("ticket-invalid");
			}),
		);
		fc.assert(fc.property(fc.string({ maxLength: 2000 }), (any) => !box.open(any).allowed));
	});
});
