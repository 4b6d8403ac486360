import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinAsk, newRoom, seatOf, socketOf, verdictOf } from "../../../support/room.ts";
import { EPOCH } from "../../../support/viewer.ts";
import { eventually } from "../../../support/patience.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const statuses = async (room: ReturnType<typeof newRoom>) =>
	(await room.list(true)).map(({ status, because }) => because ?? status);

describe("places", () => {
	it("200 at once get no more than there are, also when the object restarts in between", async () => {
		const room = newRoom({ maxParticipants: 7 });
		let allowed = 0;
		for (const _round of [1, 2, 3, 4]) {
			const answers = await Promise.all(Array.from({ length: 50 }, () => room.join()));
			allowed += answers.filter((answer) => answer.allowed).length;
			await evictDurableObject(room.stub);
		}
		expect([allowed, (await room.list()).length]).toEqual([7, 7]);
	});

	it("a call that is retried takes one", async () => {
		const room = newRoom({ maxParticipants: 1 });
		const ask = joinAsk();
		expect([verdictOf(await room.call("admit", ask)), verdictOf(await room.call("admit", ask))]).toEqual([
			"allowed",
			"allowed",
		]);
		expect(await room.list()).toHaveLength(1);
	});

	it("a join that came to nothing is taken back, token and all", async () => {
		const room = newRoom({ singleUse: true, maxParticipants: 1 });
		const { participant } = seatOf(await room.join({ tokenId: "t" }));
		expect(verdictOf(await room.join({ tokenId: "t" }))).toBe("token-already-joined");
		await room.call("takeBack", { participant: participant.id, spent: "t" });
		expect(verdictOf(await room.join({ tokenId: "t" }))).toBe("allowed");
	});

	it("whatever happens in whatever order, no more are in than may be, and of each uid one", async () => {
		const ids = ["a", "b", "c", "d", "e", "f"];
		const step = fc.oneof(
			fc.record({
				do: fc.constant("join" as const),
				id: fc.constantFrom(...ids),
				uid: fc.constantFrom(null, "ann", "ben"),
			}),
			fc.record({
				do: fc.constantFrom("leave", "approve", "kick", "connect", "lose" as const),
				id: fc.constantFrom(...ids),
			}),
			fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 40, 400) }),
			fc.record({ do: fc.constant("evict" as const) }),
		);
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }),
				fc.boolean(),
				async (rounds, lobby) => {
					const room = newRoom({ maxParticipants: 2, lobby });
					await room.list(); // what does not run cannot be evicted
					for (const round of rounds) {
						await Promise.all(
							round.map(async (each) => {
								if (each.do === "join") return room.join({ id: each.id, uid: each.uid });
								if (each.do === "leave") return room.call("leave", { participant: each.id, because: "left" });
								if (each.do === "approve" || each.do === "kick")
									return room.call("command", { command: each.do, participant: each.id });
								if (each.do === "connect") return room.connect(each.id, 1);
								return null;
							}),
						);
						for (const each of round) {
							if (each.do === "wait") later(each.seconds);
							if (each.do === "wait") await runDurableObjectAlarm(room.stub);
						}
						if (round.some((each) => each.do === "evict")) await room.list().then(() => evictDurableObject(room.stub));
						const present = await room.list();
						const named = present.flatMap(({ uid }) => (uid === null ? [] : [uid]));
						expect(present.filter(({ status }) => status !== "waiting").length).toBeLessThanOrEqual(2);
						expect(new Set(named).size).toBe(named.length);
					}
				},
			),
			{ numRuns: 25 },
		);
	});
});

describe("the record", () => {
	it("that was told counts, also for callers that have not read it yet", async () => {
		const room = newRoom({ revision: 1 });
		await room.call("tell", null, { status: "locked", statusChangedAt: 2, maxParticipants: 5, revision: 2 });
		expect(verdictOf(await room.join())).toBe("e2ee-session-locked");
		await room.call("tell", null, { status: "open", statusChangedAt: 3, maxParticipants: 1, revision: 3 });
		expect(verdictOf(await room.join())).toBe("allowed");
		expect(verdictOf(await room.join({}, { maxParticipants: 9, revision: 2 }))).toBe("e2ee-session-full");
		expect(verdictOf(await room.join({}, { maxParticipants: 9, revision: 4 }))).toBe("allowed");
	});
});

describe("tickets", () => {
	it("open one connection each, or as many as their client likes when they are bound", async () => {
		const room = newRoom();
		const { participant, ticket } = seatOf(await room.join());
		socketOf(await room.connect(participant.id, ticket, { socket: "control", kind: "bound" }));
		socketOf(await room.connect(participant.id, ticket, { socket: "control", kind: "bound" }));
		expect(await room.connect(participant.id, ticket, { socket: "control", kind: "bound", clientPrint: "other" })).toBe(
			"ticket-used",
		);
		expect(await room.connect(participant.id, ticket)).toBe("ticket-used");
		socketOf(await room.connect(participant.id, ticket + 1));
		expect(await room.connect(participant.id, ticket, { socket: "control", kind: "bound" })).toBe("ticket-used");
	});

	it("are too late past their time, and of nobody once their participant is gone", async () => {
		const room = newRoom();
		const { participant, ticket } = seatOf(await room.join());
		expect(await room.connect(participant.id, ticket, { opensUntil: EPOCH })).toBe("ticket-expired");
		await room.call("leave", { participant: participant.id, because: "left" });
		expect(await room.connect(participant.id, ticket)).toBe("participant-gone");
		expect(await room.connect("p_nobody", 1)).toBe("ticket-invalid");
	});

	it("of one who waits open no provider's door", async () => {
		const room = newRoom({ lobby: true });
		const { participant, ticket } = seatOf(await room.join());
		expect(await room.connect(participant.id, ticket, { socket: "control" })).toBe("participant-status");
	});
});

describe("sockets", () => {
	it("stay open while the object hibernates, and what was kept is still known", async () => {
		const room = newRoom();
		const [ann, ben] = [seatOf(await room.join()), seatOf(await room.join())];
		const socket = socketOf(await room.connect(ann.participant.id, ann.ticket));
		await evictDurableObject(room.stub);
		expect(await statuses(room)).toEqual(["connected", "admitted"]);
		socketOf(await room.connect(ben.participant.id, ben.ticket));
		await eventually(() => expect(socket.messages.map(({ type }) => type)).toContain("joined"));
		await room.call("leave", { participant: ann.participant.id, because: "left" });
		expect(await socket.closed).toEqual({ code: 4010, reason: "left" });
	});

	it("that a restart closed leave their participant away, and then gone", async () => {
		const room = newRoom({ reconnectSeconds: 10 });
		const { participant, ticket } = seatOf(await room.join());
		await room.connect(participant.id, ticket);
		await evictDurableObject(room.stub, { webSockets: "close" });
		expect(await statuses(room)).toEqual(["away"]);
		later(11);
		await runDurableObjectAlarm(room.stub);
		expect(await statuses(room)).toEqual(["connection-lost"]);
	});

	it("of a Worker say with `left` that the client went for good, and else that it was lost", async () => {
		const room = newRoom();
		const [ann, ben] = [seatOf(await room.join()), seatOf(await room.join())];
		const control = { socket: "control", kind: "bound" } as const;
		socketOf(await room.connect(ann.participant.id, ann.ticket, control)).socket.close(4010, "left");
		socketOf(await room.connect(ben.participant.id, ben.ticket, control)).socket.close(1001, "");
		await eventually(async () => expect((await statuses(room)).toSorted()).toEqual(["away", "left"]));
	});
});

describe("the alarm", () => {
	it.each([
		["never-came", 61, {}, {}],
		["token-expired", 121, { presence: false }, {}],
		["stayed-too-long", 121, { presence: false }, { endsBecause: "stayed-too-long" as const }],
	] as const)("puts out for %s", async (because, seconds, rules, ask) => {
		const room = newRoom(rules);
		await room.join({ ...ask, expiresAt: EPOCH + 120_000 });
		later(seconds - 2);
		await runDurableObjectAlarm(room.stub);
		expect(await statuses(room)).toEqual(["admitted"]);
		later(2);
		await runDurableObjectAlarm(room.stub);
		await runDurableObjectAlarm(room.stub); // doubled
		expect(await statuses(room)).toEqual([because]);
	});

	it("is never asked for at the moment of the one that runs, which the platform would take for the same", async () => {
		const room = newRoom({ webhook: true });
		await room.join();
		later(2);
		const asked = await runInDurableObject(room.stub, async (object, { storage }) => {
			const setAlarm = vi.spyOn(storage, "setAlarm");
			await object.alarm();
			return setAlarm.mock.calls.map(([at]) => Number(at));
		});
		expect(asked).toHaveLength(1);
		expect(asked[0]).toBeGreaterThan(Date.now());
	});

	it("puts everybody out at the session's end, also when that was moved to before theirs", async () => {
		const room = newRoom({ presence: false });
		await room.join();
		await room.call("tell", null, { endsAt: EPOCH + 10_000 });
		later(9);
		await runDurableObjectAlarm(room.stub);
		expect(await statuses(room)).toEqual(["admitted"]);
		later(2);
		await runDurableObjectAlarm(room.stub);
		expect(await statuses(room)).toEqual(["session-ended"]);
	});

	it("forgets whom nobody asks for any more, and in the end everything", async () => {
		const room = newRoom();
		const { participant } = seatOf(await room.join());
		await room.call("leave", { participant: participant.id, because: "left" });
		await runDurableObjectAlarm(room.stub);
		await eventually(async () => {
			later(7200);
			await runDurableObjectAlarm(room.stub);
			const left = await runInDurableObject(room.stub, (_room, { storage }) =>
				storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM errands").one(),
			);
			expect(left.n).toBe(0);
		});
		later(31 * 86_400);
		await runDurableObjectAlarm(room.stub);
		expect(await room.list(true)).toEqual([]);
		expect(verdictOf(await room.join())).toBe("allowed");
		later(61);
		expect(await runDurableObjectAlarm(room.stub)).toBe(true); // of who never came
		expect(await statuses(room)).toEqual(["never-came"]);
	});

	it("asks the revocation list again for whoever came while it was asked", async () => {
		const room = newRoom({ presence: false });
		const list = env.REVOCATION_LIST.getByName(room.name.split("/")[0] ?? "");
		await list.add({ kind: "jti", value: "j", before: null, expiresAt: null, createdAt: 0, token: null });
		await room.join();
		later(3);
		const alarm = runDurableObjectAlarm(room.stub);
		const ask = joinAsk();
		await Promise.all([alarm, room.call("admit", { ...ask, facts: { ...ask.facts, jti: "j" } })]);
		await eventually(async () => {
			later(3);
			await runDurableObjectAlarm(room.stub);
			expect((await statuses(room)).toSorted()).toEqual(["admitted", "token-revoked"]);
		});
	});

	it("puts out whom the revocation list names, by every kind of name", async () => {
		const room = newRoom({ presence: false });
		const named = [{ jti: "j" }, { uid: "u" }, { sid: "s" }, { keyId: "k" }, { issuedAt: 5 }, {}];
		for (const facts of named) {
			const ask = joinAsk();
			await room.call("admit", { ...ask, facts: { ...ask.facts, issuedAt: 100, ...facts } });
		}
		const list = env.REVOCATION_LIST.getByName(room.name.split("/")[0] ?? "");
		const add = (kind: "jti" | "uid" | "sid" | "key" | "issued-before", value: string) =>
			list.add({
				kind,
				value,
				before: kind === "issued-before" ? 50 : null,
				expiresAt: null,
				createdAt: 0,
				token: null,
			});
		await add("jti", "j");
		await add("uid", "u");
		await add("sid", "s");
		await add("key", "k");
		await add("issued-before", "");
		later(3);
		await eventually(async () => {
			await runDurableObjectAlarm(room.stub);
			expect((await statuses(room)).toSorted()).toEqual(["admitted", ...Array<string>(5).fill("token-revoked")]);
		});
	});
});

describe("storage that fails", () => {
	it("lets nobody in, and the next one is judged by what is stored", async () => {
		const room = newRoom({ maxParticipants: 1 });
		await room.list();
		await runInDurableObject(room.stub, (_room, state) => {
			vi.spyOn(state.storage, "transactionSync").mockImplementationOnce(() => {
				throw new Error("disk full");
			});
		});
		await expect(room.join()).rejects.toThrow("disk full");
		expect(await room.list()).toEqual([]);
		expect(verdictOf(await room.join())).toBe("allowed");
		expect(verdictOf(await room.join())).toBe("e2ee-session-full");
	});
});
