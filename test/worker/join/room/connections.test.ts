import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JOIN_ROLES } from "../../../../worker/catalog/e2ee-session-record.ts";
import { planClaim, planDrop, putOutBefore } from "../../../../worker/join/room/connections.ts";
import type { ClaimAsk } from "../../../../worker/join/room/contract.ts";
import { route } from "../../../../worker/join/room/mail.ts";
import { planJoin } from "../../../../worker/join/room/decide.ts";
import type { Member, Plan, RoomState } from "../../../../worker/join/room/state.ts";
import { joinAsk, rulesOf } from "../../../support/room.ts";

const NOW = 1_000_000;

/** A room without storage. */
class Memory implements RoomState {
	readonly ownStatus = null;
	readonly members = new Map<string, Member>();
	readonly #gone = new Map<string, Member>();
	readonly #ended = new Set<string>();
	ban = (): null => null;
	hasJoined = (): boolean => false;
	hasEnded = (connection: string): boolean => this.#ended.has(connection);
	gone = (id: string): Member | null => this.#gone.get(id) ?? null;

	apply(plan: Plan): void {
		for (const { member, because } of plan.gone ?? []) {
			this.members.delete(member.id);
			this.#gone.set(member.id, { ...member, status: "gone", because });
		}
		for (const member of plan.put ?? []) this.members.set(member.id, member);
		for (const connection of plan.ended ?? []) this.#ended.add(connection);
	}

	join(id: string, more: Parameters<typeof joinAsk>[0] = {}, lobby = false): void {
		const rules = rulesOf({ provider: "sora", identity: "many", lobby });
		const planned = planJoin(this, rules, joinAsk({ id, ...more }), this.members.size + 1, NOW);
		if (planned.allowed) this.apply(planned.value.plan);
	}

	/** The participant whose place it is now, or why not. */
	claim(more: Partial<ClaimAsk>): string | null {
		const ask = { connection: null, participant: null, tokenId: null, roles: JOIN_ROLES, here: true, ...more };
		const planned = planClaim(this, ask);
		if (!planned.allowed) return planned.refusal.reason;
		this.apply(planned.value.plan);
		return planned.value.value?.participant.id ?? null;
	}
}

describe("a connection", () => {
	it("takes the place that its token has, once, and may ask again", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		expect(room.claim({ tokenId: "t", connection: "c1" })).toBe("p1");
		expect(room.claim({ tokenId: "t", connection: "c1" })).toBe("p1");
		expect(room.claim({ tokenId: "t", connection: "c2" })).toBeNull();
		expect(room.claim({ tokenId: "other", connection: "c1" })).toBeNull();
		expect(room.members.get("p1")).toMatchObject({
			status: "connected",
			via: "provider",
			provider: { connection_id: "c1" },
		});
	});

	it("is found by its own name alone, when it has its place", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		expect(room.claim({ connection: "c1" })).toBeNull();
		room.claim({ tokenId: "t", connection: "c1" });
		expect(room.claim({ connection: "c1" })).toBe("p1");
	});

	it("takes the place of its ticket, and nobody else's", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		room.join("p2", { tokenId: "t" });
		expect(room.claim({ participant: "p2", connection: "c2" })).toBe("p2");
		expect(room.claim({ participant: "p2", connection: "c3" })).toBe("ticket-used");
		expect(room.claim({ tokenId: "t", connection: "c1" })).toBe("p1");
		expect(room.claim({ participant: "p3", connection: "c1" })).toBe("ticket-invalid");
	});

	it("follows one that broke", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		room.claim({ tokenId: "t", connection: "c1" });
		const member = room.members.get("p1");
		room.members.set("p1", { ...member, status: "away" } as Member);
		expect(room.claim({ participant: "p1", connection: "c2" })).toBe("p1");
		room.apply(planDrop(room, { connection: "c1", providerSession: null, because: "left" }));
		expect(room.members.has("p1")).toBe(true);
	});

	it("that was replaced at its door takes nothing", () => {
		const room = new Memory();
		room.join("p_1");
		const [one] = [...room.members.values()];
		if (one) room.apply({ put: [{ ...one, via: "socket", provider: { seat: "second" } }] });
		expect(room.claim({ connection: "C1", participant: "p_1", seat: "first" })).toBe("ticket-used");
		expect(room.claim({ connection: "C2", participant: "p_1", seat: "second" })).toBe("p_1");
		expect(room.claim({ connection: "C3", participant: "p_1", seat: "second" })).toBe("ticket-used");
	});

	it("may only be looked for", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		expect(room.claim({ tokenId: "t", here: false })).toBe("p1");
		expect(room.members.get("p1")).toMatchObject({ status: "admitted" });
	});

	it("waits in the lobby, and goes by its role", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t", role: "subscriber" }, true);
		expect(room.claim({ tokenId: "t", connection: "c1" })).toBe("lobby-waiting");
		expect(room.claim({ participant: "p1", connection: "c1" })).toBe("lobby-waiting");
		expect(room.claim({ tokenId: "t", connection: "c1", roles: ["publisher"] })).toBeNull();
		expect(room.claim({ participant: "p1", connection: "c1", roles: ["publisher"] })).toBe("role-not-allowed");
	});

	it("that is over leaves a place that nobody puts out again", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "t" });
		room.claim({ tokenId: "t", connection: "c1" });
		room.apply(planDrop(room, { connection: "c1", providerSession: null, because: "left" }));
		expect(room.gone("p1")).toMatchObject({ because: "left", provider: { connection_id: null } });
		expect(room.claim({ participant: "p1", connection: "c1" })).toBe("participant-gone");
	});

	it("that a door carries is the door's to tell", () => {
		const room = new Memory();
		for (const id of ["carried", "direct"]) {
			room.join(id, { tokenId: id });
			room.claim({ tokenId: id, connection: `c-${id}` });
		}
		room.members.set("carried", { ...room.members.get("carried"), via: "socket" } as Member);
		for (const connection of ["c-carried", "c-direct"])
			room.apply(
				planDrop(room, { connection, providerSession: null, sparesCarried: true, because: "connection-lost" }),
			);
		expect([...room.members.keys()]).toEqual(["carried"]);
	});

	it("of a provider's session goes with it, one that began before it too, and no later one", () => {
		const room = new Memory();
		for (const id of ["old", "new", "unknown", "unnamed"]) room.join(id, { tokenId: id });
		room.claim({ tokenId: "old", connection: "c1", provider: { provider_session: "s1" } });
		room.claim({ tokenId: "new", connection: "c2", provider: { provider_session: "s2" } });
		room.claim({ tokenId: "unknown", connection: "c3" });
		const drop = (before: number): void =>
			room.apply(
				planDrop(room, { connection: null, providerSession: { id: "s1", before }, because: "connection-lost" }),
			);
		drop(NOW - 1);
		expect([...room.members.keys()]).toEqual(["new", "unknown", "unnamed"]);
		drop(NOW + 1);
		expect([...room.members.keys()]).toEqual(["new", "unnamed"]);
	});

	it("that stands is cut once more where its participant was put out before, and not where it was over itself", () => {
		const room = new Memory();
		const told = { tokenId: null, roles: JOIN_ROLES, here: true, stands: true };
		const putOut = (participant: string, connection: string, more: Partial<ClaimAsk> = {}) =>
			putOutBefore(room, { ...told, participant, connection, ...more })?.id ?? null;
		for (const id of ["kicked", "left"]) {
			room.join(id, { tokenId: id });
			room.claim({ tokenId: id, connection: `c-${id}` });
		}
		expect(putOut("kicked", "c-kicked")).toBeNull();
		room.apply({ gone: [...room.members.values()].slice(0, 1).map((member) => ({ member, because: "kicked" })) });
		room.apply(planDrop(room, { connection: "c-left", providerSession: null, because: "left" }));
		expect([putOut("kicked", "c-kicked"), putOut("kicked", "c-left"), putOut("left", "c-left")]).toEqual([
			"kicked",
			null,
			null,
		]);
		expect(putOut("kicked", "c-kicked", { stands: false })).toBeNull();
		expect(putOut("nobody", "c-kicked")).toBeNull();
	});

	it("takes no second place by another's ticket", () => {
		const room = new Memory();
		room.join("p1", { tokenId: "a" });
		room.join("p2", { tokenId: "b" });
		expect(room.claim({ participant: "p1", connection: "c1" })).toBe("p1");
		expect(room.claim({ participant: "p2", connection: "c1" })).toBe("ticket-used");
	});

	it("goes with the node that it was on, when it began before that went down", () => {
		const room = new Memory();
		const on = (token: string, node: string, at: number): void => {
			room.join(token, { tokenId: token });
			room.claim({ tokenId: token, connection: `c-${token}`, provider: { provider_node: node }, at });
		};
		on("old", "n1", NOW);
		on("late", "n1", NOW + 2);
		on("other", "n2", NOW);
		room.claim({ tokenId: "old", connection: "c-old", provider: { provider_node: "n1" }, at: NOW + 5 });
		const providerNode = { name: "n1", before: NOW + 1 };
		room.apply(planDrop(room, { connection: null, providerSession: null, providerNode, because: "connection-lost" }));
		expect([...room.members.keys()]).toEqual(["late", "other"]);
	});

	it("is there when it was told to be and not to be over, in whatever order that is told, and however often", () => {
		const told = fc.record({
			connection: fc.constantFrom("c1", "c2", "c3"),
			what: fc.constantFrom("asked", "created", "updated", "over"),
		});
		fc.assert(
			fc.property(fc.array(told, { maxLength: 40 }), (events) => {
				const room = new Memory();
				const [here, over, seats] = [new Set<string>(), new Set<string>(), new Map<string, string>()];
				for (const [index, { connection, what }] of events.entries()) {
					if (what === "over") {
						room.apply(planDrop(room, { connection, providerSession: null, because: "connection-lost" }));
						over.add(connection);
					} else if (what === "asked") {
						const tokenId = `t-${connection}`;
						const found = room.claim({ tokenId, connection });
						if (found === null) {
							room.join(`p${index}`, { tokenId });
							seats.set(connection, `p${index}`);
							room.claim({ participant: `p${index}`, connection });
						}
						if (!over.has(connection)) here.add(connection);
					} else {
						room.claim({ participant: seats.get(connection) ?? null, connection });
					}
					const held = [...room.members.values()].map(({ provider }) => provider["connection_id"]);
					expect(new Set(held)).toEqual(new Set([...here].filter((one) => !over.has(one))));
					expect(held).toHaveLength(new Set(held).size);
				}
			}),
		);
	});

	it("never shares a place, in whatever order they come", () => {
		const step = fc.record({
			token: fc.constantFrom("a", "b"),
			connection: fc.constantFrom("c1", "c2", "c3", "c4"),
			act: fc.constantFrom("join", "claim", "claim", "drop"),
		});
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
				const room = new Memory();
				for (const [index, { token, connection, act }] of steps.entries()) {
					if (act === "join") room.join(`p${index}`, { tokenId: token });
					else if (act === "claim") room.claim({ tokenId: token, connection: `${token}-${connection}` });
					else
						room.apply(
							planDrop(room, { connection: `${token}-${connection}`, providerSession: null, because: "left" }),
						);
					const held = [...room.members.values()].flatMap(({ provider }) => provider["connection_id"] ?? []);
					expect(new Set(held).size).toBe(held.length);
				}
			}),
		);
	});
});

describe("mail between connections", () => {
	const room = new Memory();
	for (const id of ["ann", "ben", "cleo"]) {
		room.join(id, { tokenId: id });
		room.claim({ tokenId: id, connection: `c-${id}` });
	}
	for (const id of ["ann", "ben"]) room.members.set(id, { ...room.members.get(id), via: "socket" } as Member);
	const sent = (sender: string, mail: unknown) =>
		route(room.members, sender, typeof mail === "string" ? mail : JSON.stringify(mail));

	it("goes to the one that is named, with its sender as the room knows it", () => {
		const mail = { to: "c-ben", data: "AA==", from: "c-cleo" };
		expect(sent("ann", mail)).toEqual({ participant: "ben", delivery: { from: "c-ann", data: "AA==" } });
	});

	it.each<[string, string]>([
		["ann", "c-nobody"],
		["ann", "c-cleo"],
		["nobody", "c-ben"],
	])("of %s to %s, who is not carried, comes back", (sender, to) => {
		expect(sent(sender, { to, data: "AA==" })).toEqual({
			participant: sender,
			delivery: { returned: to, data: "AA==" },
		});
	});

	it.each([
		["hello"],
		["null"],
		["[]"],
		['{"to":1,"data":"x"}'],
		[JSON.stringify({ to: "c-ben", data: "x".repeat(200_000) })],
	])("that is none goes nowhere", (text) => {
		expect(sent("ann", text)).toBeNull();
	});
});
