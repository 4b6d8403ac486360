import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EPOCH, type Asked, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const verdicts = async (viewer: Viewer, asks: readonly Asked[]) =>
	(await Promise.all(asks.map(viewer.ask))).map(verdict);
const allowedOf = (answers: readonly string[]) => answers.filter((answer) => answer === "allowed").length;

describe("exactness under concurrency", () => {
	const many = (count: number, ask: (index: number) => Asked) =>
		Array.from({ length: count }, (_, index) => ask(index));
	const cases: [string, string, number, (index: number) => Asked][] = [
		["maxu", "use-limit", 7, () => ({ limits: { maxu: 7 }, use: true, session: null })],
		["maxip", "ip-limit", 3, (index) => ({ limits: { maxip: 3 }, address: `198.51.100.${index}`, session: null })],
		["dlimit", "device-limit", 2, (index) => ({ limits: { dlimit: 2 }, device: `device-${index}`, session: null })],
		[
			"climit",
			"stream-limit-create",
			4,
			(index) => ({ limits: { climit: 4, cbeh: "BLOCK_NEW" }, session: `s${index}` }),
		],
	];

	it.each(cases)("200 at once against %s let exactly the limit pass", async (_claim, reason, limit, ask) => {
		const answers = await verdicts(newViewer(), many(200, ask));
		expect(allowedOf(answers)).toBe(limit);
		expect(answers.filter((answer) => answer === reason)).toHaveLength(200 - limit);
	});

	it.each(cases)("the same for %s when the object restarts in between", async (_claim, _reason, limit, ask) => {
		const viewer = newViewer();
		let allowed = 0;
		for (const round of [0, 1, 2, 3]) {
			allowed += allowedOf(
				await verdicts(
					viewer,
					many(50, (index) => ask(round * 50 + index)),
				),
			);
			await evictDurableObject(viewer.stub);
		}
		expect(allowed).toBe(limit);
	});

	it("requests that arrive together share commits", async () => {
		const viewer = newViewer();
		await viewer.ask({ session: null });
		const commits = await runInDurableObject(viewer.stub, (_object, state) => vi.spyOn(state.storage, "sync"));
		await verdicts(
			viewer,
			many(200, () => ({ limits: { maxu: 500 }, use: true, session: null })),
		);
		expect(commits.mock.calls.length).toBeLessThan(50);
	});

	it("no answer leaves when its commit fails, and the next request is judged on what is stored", async () => {
		const viewer = newViewer();
		const use: Asked = { limits: { maxu: 1 }, use: true, session: null };
		await runInDurableObject(viewer.stub, (_object, state) => {
			vi.spyOn(state.storage, "transactionSync").mockImplementationOnce(() => {
				throw new Error("disk full");
			});
		});
		await expect(viewer.ask(use)).rejects.toThrow("disk full");
		expect(await verdicts(viewer, [use, use])).toEqual(["allowed", "use-limit"]);
	});

	it("counts a call that is retried with its idempotency key once", async () => {
		const viewer = newViewer();
		const ask: Asked = { id: "decision-1", limits: { maxu: 2 }, use: true, session: null };
		expect(await verdicts(viewer, [ask, ask, ask])).toEqual(["allowed", "allowed", "allowed"]);
		await evictDurableObject(viewer.stub);
		expect(await verdicts(viewer, [ask])).toEqual(["allowed"]);
		const fresh: Asked = { limits: { maxu: 2 }, use: true, session: null };
		expect(await verdicts(viewer, [fresh, fresh])).toEqual(["allowed", "use-limit"]);
	});
});

describe("all or nothing", () => {
	const everything = { maxip: 1, maxu: 1, dlimit: 1, climit: 1, cbeh: "BLOCK_NEW" } as const;
	const good: Asked = { limits: everything, use: true, address: "198.51.100.1", device: "tv", session: "a" };

	it.each([
		["a new address", { address: "198.51.100.2" }, "ip-limit"],
		["a new device", { device: "phone" }, "device-limit"],
		["a new session", { session: "b" }, "stream-limit-create"],
		["one use more", {}, "use-limit"],
	] as const)("%s beyond the limit is refused and changes nothing", async (_what, change, reason) => {
		const viewer = newViewer();
		expect(verdict(await viewer.ask(good))).toBe("allowed");
		const before = await stored(viewer);
		expect(verdict(await viewer.ask({ ...good, ...change }))).toBe(reason);
		expect(await stored(viewer)).toEqual(before);
	});

	it("a use beyond the limit starts no session, takes no address and no device", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: { maxu: 1 }, use: true, session: null });
		const before = await stored(viewer);
		const ask = { limits: { maxu: 1, maxip: 5, dlimit: 5, climit: 5 }, use: true, session: "new" };
		expect(verdict(await viewer.ask(ask))).toBe("use-limit");
		expect(await stored(viewer)).toEqual(before);
	});

	it("a dry run is judged and writes nothing", async () => {
		const viewer = newViewer();
		const before = await stored(viewer);
		expect(verdict(await viewer.ask({ ...good, dryRun: true }))).toBe("allowed");
		expect(await stored(viewer)).toEqual(before);
	});
});

const stored = (viewer: Viewer) =>
	runInDurableObject(viewer.stub, (_object, state) =>
		["tokens", "addresses", "devices", "sessions", "spent", "playbacks"].map((table) =>
			state.storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
		),
	);

describe("addresses and devices", () => {
	it("lets a known address pass when the limit is full", async () => {
		const viewer = newViewer();
		const from = (address: string): Asked => ({ limits: { maxip: 1 }, address, session: null });
		expect(await verdicts(viewer, [from("198.51.100.1"), from("198.51.100.2"), from("198.51.100.1")])).toEqual([
			"allowed",
			"ip-limit",
			"allowed",
		]);
	});

	it("counts addresses by token, devices by viewer", async () => {
		const viewer = newViewer();
		const ask = (token: string, address: string, device: string): Asked => ({
			token,
			limits: { maxip: 1, dlimit: 1 },
			address,
			device,
			session: null,
		});
		const asks = [ask("t1", "198.51.100.1", "tv"), ask("t2", "198.51.100.2", "tv"), ask("t3", "198.51.100.3", "phone")];
		expect(await verdicts(viewer, asks)).toEqual(["allowed", "allowed", "device-limit"]);
	});

	it("keeps known devices working when the limit is lowered or the claim dropped", async () => {
		const viewer = newViewer();
		const on = (device: string, dlimit?: number): Asked => ({
			device,
			limits: dlimit ? { dlimit } : {},
			session: null,
		});
		expect(
			await verdicts(viewer, [on("tv", 2), on("phone", 2), on("phone", 1), on("tablet", 1), on("tablet")]),
		).toEqual(["allowed", "allowed", "allowed", "device-limit", "allowed"]);
	});
});

describe("climit", () => {
	const one = { climit: 1 } as const;

	it("ends the oldest session when a new one starts, and keeps it ended for its grant", async () => {
		const viewer = newViewer();
		const first = sessionOf(await viewer.ask({ limits: one, session: "tv" }));
		later(1);
		const answer = await viewer.ask({ limits: one, session: "phone" });
		expect(answer).toMatchObject({ allowed: true, value: { ended: ["tv"] } });
		const renewal: Asked = { intent: "renew", limits: one, session: "tv", granted: first };
		expect(verdict(await viewer.ask(renewal))).toBe("stream-limit-renew");
		later(3600);
		expect(verdict(await viewer.ask(renewal))).toBe("stream-limit-renew");
	});

	it("ends as many of the oldest as it takes when the limit was lowered", async () => {
		const viewer = newViewer();
		for (const session of ["a", "b", "c"]) {
			await viewer.ask({ limits: { climit: 3 }, session });
			later(1);
		}
		expect(await viewer.ask({ limits: { climit: 2 }, session: "d" })).toMatchObject({ value: { ended: ["a", "b"] } });
	});

	it("renews an alive session although the limit was lowered below what is alive", async () => {
		const viewer = newViewer();
		const a = sessionOf(await viewer.ask({ limits: { climit: 2 }, session: "a" }));
		await viewer.ask({ limits: { climit: 2 }, session: "b" });
		expect(verdict(await viewer.ask({ intent: "renew", limits: one, session: "a", granted: a }))).toBe("allowed");
	});

	it("frees the slot when a session has not been seen for its time to live", async () => {
		const viewer = newViewer();
		const limits = { climit: 1, cbeh: "BLOCK_NEW" } as const;
		await viewer.ask({ limits, session: "a", ttlSeconds: 30 });
		later(29);
		expect(verdict(await viewer.ask({ limits, session: "b", ttlSeconds: 30 }))).toBe("stream-limit-create");
		later(1);
		expect(verdict(await viewer.ask({ limits, session: "b", ttlSeconds: 30 }))).toBe("allowed");
	});

	it("lets a paused player go on when its session has merely lapsed and there is room", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ limits: one, session: "a" }));
		later(600);
		expect(verdict(await viewer.ask({ intent: "renew", limits: one, session: "a", granted }))).toBe("allowed");
	});

	it("takes a fresh start of an ended session as new, and still refuses its old grant", async () => {
		const viewer = newViewer();
		const old = sessionOf(await viewer.ask({ limits: one, session: "a" }));
		await viewer.ask({ limits: one, session: "b" }); // within the same millisecond
		const fresh = sessionOf(await viewer.ask({ limits: one, session: "a" }));
		const renew = (granted: typeof old): Asked => ({ intent: "renew", limits: one, session: "a", granted });
		expect(verdict(await viewer.ask(renew(fresh)))).toBe("allowed");
		expect(verdict(await viewer.ask(renew(old)))).toBe("stream-limit-renew");
	});

	it("a live playlist that is loaded with the token stays refused until its player has been silent", async () => {
		const viewer = newViewer();
		const reload: Asked = { intent: "reload", limits: one, session: "a", ttlSeconds: 30 };
		expect(verdict(await viewer.ask(reload))).toBe("allowed");
		await viewer.ask({ limits: one, session: "b", ttlSeconds: 30 });
		for (let poll = 0; poll < 10; poll++) {
			later(6);
			expect(verdict(await viewer.ask(reload))).toBe("stream-limit-renew");
		}
		later(31);
		expect(verdict(await viewer.ask(reload))).toBe("allowed");
	});

	it.each([
		["the same address and device", { address: "198.51.100.1", device: "tv" }, "allowed"],
		["another device", { address: "198.51.100.1", device: "phone" }, "stream-limit-create"],
		["another address", { address: "198.51.100.2", device: "tv" }, "stream-limit-create"],
	] as const)("BLOCK_NEW_USER, full: from %s a new session is judged as it should", async (_what, client, expected) => {
		const viewer = newViewer();
		const limits = { climit: 1, cbeh: "BLOCK_NEW_USER" } as const;
		await viewer.ask({ limits, session: "a", address: "198.51.100.1", device: "tv" });
		expect(verdict(await viewer.ask({ limits, session: "b", ...client }))).toBe(expected);
	});
});

describe("a grant that moves", () => {
	const limits = { climit: 1 } as const;
	const start: Asked = { limits, session: "at home", address: "198.51.100.1" };

	it.each([
		["a phone on a new network", { address: "192.0.2.9", session: "elsewhere" }, "at home"],
		["the IPv6 address of the same client", { address: "2001:db8:0:1::/64", session: "elsewhere" }, "at home"],
		[
			"another player at the same address",
			{ address: "198.51.100.1", agent: "Cast/2", session: "elsewhere" },
			"at home",
		],
		[
			"another player at another address",
			{ address: "192.0.2.9", agent: "Other/2", session: "elsewhere" },
			"elsewhere",
		],
	] as const)("%s is judged as the right session", async (_what, moved, expected) => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask(start));
		const answer = await viewer.ask({ ...start, ...moved, intent: "renew", granted });
		expect(sessionOf(answer).key).toBe(expected);
	});

	it("cannot be used by two places in turn as one session", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask(start));
		const friend: Asked = { limits, intent: "renew", granted, address: "192.0.2.9", session: "at the friend's" };
		const home: Asked = { limits, intent: "renew", granted, address: "198.51.100.1", session: "home again" };
		expect(verdict(await viewer.ask(friend))).toBe("allowed"); // could be the same phone, moved
		expect(sessionOf(await viewer.ask(home)).key).toBe("home again"); // it could not: it counts, and ends the other
		expect(verdict(await viewer.ask(friend))).toBe("stream-limit-renew");
	});
});

describe("uses by playback", () => {
	it("counts retries, rendition switches and renewals of one playback once, and a new playback again", async () => {
		const viewer = newViewer();
		const ask: Asked = { limits: { maxu: 2 }, counting: "playbacks", use: true };
		const first = sessionOf(await viewer.ask({ ...ask, session: "a" }));
		const renewal: Asked = { ...ask, session: "a", intent: "renew", granted: first };
		expect(await verdicts(viewer, [renewal, renewal, renewal])).toEqual(["allowed", "allowed", "allowed"]);
		expect(
			await verdicts(viewer, [
				{ ...ask, session: "b" },
				{ ...ask, session: "c" },
			]),
		).toEqual(["allowed", "use-limit"]);
		expect(verdict(await viewer.ask(renewal))).toBe("allowed");
	});
});

describe("sessions that are ended from outside", () => {
	it("lists them, ends them, and refuses their grants with who ended them", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ session: "a" }));
		await viewer.ask({ session: "b" });
		expect((await viewer.stub.listSessions()).map(({ key }) => key).toSorted()).toEqual(["a", "b"]);
		expect(await viewer.stub.endSessions("a", "operator")).toEqual(["a"]);
		expect(await viewer.stub.endSessions("a", "operator")).toEqual([]);
		const answer = await viewer.ask({ intent: "renew", session: "a", granted });
		expect(answer).toMatchObject({ allowed: false, refusal: { reason: "session-ended", by: "operator" } });
		expect(await viewer.stub.endSessions(null, "operator")).toEqual(["b"]);
	});
});

describe("the alarm", () => {
	it("clears what is dead and keeps what still counts", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: { maxu: 5, maxip: 5 }, use: true, session: "a" });
		later(3600);
		await runDurableObjectAlarm(viewer.stub);
		const [tokens, addresses, , sessions, spent] = await stored(viewer);
		expect([tokens?.length, addresses?.length, sessions?.length, spent?.length]).toEqual([1, 1, 0, 0]);
		later(2 * 86_400);
		await runDurableObjectAlarm(viewer.stub);
		expect((await stored(viewer)).flat()).toEqual([]);
		expect(verdict(await viewer.ask({ limits: { maxu: 5 }, use: true, session: null }))).toBe("allowed");
	});

	it("keeps an ended session for as long as a grant could name it", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ limits: { climit: 1 }, session: "a" }));
		await viewer.ask({ limits: { climit: 1 }, session: "b" });
		later(3600);
		await runDurableObjectAlarm(viewer.stub);
		await evictDurableObject(viewer.stub);
		const renewal: Asked = { intent: "renew", limits: { climit: 1 }, session: "a", granted };
		expect(verdict(await viewer.ask(renewal))).toBe("stream-limit-renew");
	});
});
