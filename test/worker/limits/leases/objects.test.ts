import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { giveBack } from "../../../../worker/limits/client.ts";
import { type AdmitAnswer, type AdmitRequest, type Limits, unwire, wire } from "../../../../worker/limits/contract.ts";
import { type ShardedLimits, askShards } from "../../../../worker/limits/leases/client.ts";
import { shardName, shardOf } from "../../../../worker/limits/leases/plan.ts";
import { BELIEVED_MS } from "../../../../worker/limits/leases/state.ts";
import { EPOCH, verdict } from "../../../support/viewer.ts";

const SHARDS = 8;
const TOKEN = { id: "token", expiresAt: EPOCH + 86_400_000 };

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

let tokens = 0;
interface Asked {
	readonly id?: string;
	readonly client?: number;
	readonly limits: Limits;
	readonly use?: boolean;
	readonly dryRun?: boolean;
	readonly playback?: boolean;
}

const addressOf = (client: number): string => `198.51.${client >> 8}.${client & 255}`;

function requestOf({ id, client = 0, limits, use = true, dryRun = false, playback = false }: Asked): AdmitRequest {
	const address = addressOf(client);
	const session = { key: `s${client}`, ownKey: `s${client}`, video: "clip", ttlSeconds: 90 };
	return {
		id: id ?? crypto.randomUUID(),
		intent: "start",
		use,
		counting: playback ? "playbacks" : "requests",
		dryRun,
		token: TOKEN,
		limits,
		client: { address, userAgent: "Player/1.0", device: "tv" },
		session: playback ? session : null,
	};
}

type Namespace = ShardedLimits["namespace"];

/** A hot token of which nobody else knows; `namespace` may stand before the real one. */
function newToken(namespace: Namespace = env.VIEWER_LIMITS) {
	tokens += 1;
	const limits: ShardedLimits = { namespace, root: `test/hot-${tokens}`, shards: SHARDS };
	const behind: Promise<unknown>[] = [];
	const faults: unknown[] = [];
	const manner = {
		whenUnavailable: "deny",
		onFault: (fault: unknown) => void faults.push(fault),
		behind: (work: Promise<unknown>) => void behind.push(work),
	} as const;
	const names = [limits.root, ...Array.from({ length: SHARDS }, (_, shard) => shardName(limits.root, shard))];
	const objectOf = (client: number): string => shardName(limits.root, shardOf(addressOf(client), SHARDS));
	const answer = (asked: Asked): Promise<AdmitAnswer> => askShards(limits, requestOf(asked), manner);
	return {
		limits,
		names,
		faults,
		objectOf,
		answer,
		ask: async (asked: Asked) => verdict(await answer(asked)),
		atRoot: async (asked: Asked) =>
			verdict(unwire<AdmitAnswer>(await env.VIEWER_LIMITS.getByName(limits.root).admit(wire(requestOf(asked))))),
		settle: () => Promise.all(behind.splice(0)),
	};
}

type Token = ReturnType<typeof newToken>;

function tally(verdicts: readonly string[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const each of verdicts) counts[each] = (counts[each] ?? 0) + 1;
	return counts;
}
const together = async (token: Token, count: number, ask: (index: number) => Asked) =>
	tally(await Promise.all(Array.from({ length: count }, (_, index) => token.ask(ask(index)))));

const rowsOf = (name: string) =>
	runInDurableObject(env.VIEWER_LIMITS.getByName(name), (_object, state) =>
		["tokens", "addresses", "leases", "spent"].flatMap((table) =>
			state.storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
		),
	);

describe("up to a thousand requests at once over eight shards", () => {
	it.each<[string, string, number, number, Limits, (index: number) => Partial<Asked>]>([
		["uses", "use-limit", 1000, 750, { maxu: 750 }, (index) => ({ client: index % 100 })],
		["addresses", "ip-limit", 1000, 450, { maxip: 450 }, (index) => ({ client: index, use: false })],
		["uses, fewer than shards", "use-limit", 500, 7, { maxu: 7 }, (index) => ({ client: index })],
		["uses of one address", "use-limit", 500, 300, { maxu: 300 }, () => ({ client: 5 })],
		["addresses that use once", "ip-limit", 500, 300, { maxip: 300, maxu: 5000 }, (index) => ({ client: index })],
		["uses of many addresses", "use-limit", 500, 200, { maxip: 5000, maxu: 200 }, (index) => ({ client: index })],
		["playbacks", "use-limit", 500, 150, { maxu: 150 }, (index) => ({ client: index, playback: true })],
	])("let exactly the limit of %s pass", async (_what, reason, count, limit, limits, changes) => {
		const token = newToken();
		const outcomes = await together(token, count, (index) => ({ limits, ...changes(index) }));
		expect(outcomes).toEqual({ allowed: limit, [reason]: count - limit });
		expect(token.faults).toEqual([]);
	});

	it("do so though the objects restart in between", async () => {
		const token = newToken();
		let allowed = 0;
		for (const round of [0, 1, 2, 3, 4]) {
			const ask = (index: number) => ({ limits: { maxu: 450 }, client: (index * 7 + round) % 90 });
			allowed += (await together(token, 100, ask))["allowed"] ?? 0;
			await token.settle();
			for (const name of token.names) await evictDurableObject(env.VIEWER_LIMITS.getByName(name));
		}
		expect(allowed).toBe(450);
	});

	it("share the limit with what the root admits itself, and let all of it pass", async () => {
		const token = newToken();
		const limits = { maxu: 500 };
		const [shards, root] = await Promise.all([
			together(token, 400, (index) => ({ limits, client: index })),
			Promise.all(Array.from({ length: 400 }, () => token.atRoot({ limits }))),
		]);
		const first = (shards["allowed"] ?? 0) + root.filter((each) => each === "allowed").length;
		const rest = await together(token, 500, (index) => ({ limits, client: index }));
		expect(first).toBeLessThanOrEqual(500);
		expect(first + (rest["allowed"] ?? 0)).toBe(500);
	});
});

describe("a limit that is nearly spent", () => {
	it("is given to the last unit, whoever holds it, one after the other", async () => {
		const token = newToken();
		const limits = { maxu: 100 };
		for (let index = 0; index < 100; index++) expect(await token.ask({ limits, client: index })).toBe("allowed");
		for (let index = 0; index < 50; index++) expect(await token.ask({ limits, client: index })).toBe("use-limit");
	});

	it("names the token's limit in a refusal", async () => {
		const token = newToken();
		await token.ask({ limits: { maxu: 1 }, client: 1 });
		const answer = await token.answer({ limits: { maxu: 1 }, client: 2 });
		expect(answer).toEqual({ allowed: false, refusal: { reason: "use-limit", limit: 1 } });
	});

	it("costs one call a request when it is spent, to the shard alone", async () => {
		const called: string[] = [];
		const namespace = {
			getByName: (name: string) => {
				called.push(name);
				return env.VIEWER_LIMITS.getByName(name);
			},
		} as Namespace;
		const token = newToken(namespace);
		const limits = { maxu: 3 };
		for (let index = 0; index < 40; index++) await token.ask({ limits, client: index % 20 });
		called.length = 0;
		for (let index = 0; index < 20; index++) expect(await token.ask({ limits, client: index })).toBe("use-limit");
		expect(called).toHaveLength(20);
		expect(called).not.toContain(token.limits.root);
	});

	it("has a use again that was given back, once, for every shard within the time that a refusal is believed", async () => {
		const token = newToken();
		const limits = { maxu: 10 };
		for (let index = 0; index < 10; index++) await token.ask({ id: `ask-${index}`, limits, client: 1 });
		expect(await token.ask({ limits, client: 2 })).toBe("use-limit");
		const refund = { id: "ask-3", token: TOKEN.id };
		for (const _ of [1, 2])
			await giveBack(token.limits.namespace, [token.objectOf(1), token.limits.root], refund, () => {});
		vi.setSystemTime(EPOCH + BELIEVED_MS);
		expect(await token.ask({ limits, client: 2 })).toBe("allowed");
		expect(await token.ask({ limits, client: 2 })).toBe("use-limit");
	});
});

describe("a request at a hot token", () => {
	it("that is asked again with its id spends once", async () => {
		const token = newToken();
		const ask = { id: "decision", limits: { maxu: 2 } };
		for (const _ of [1, 2, 3]) expect(await token.ask(ask)).toBe("allowed");
		expect(await together(token, 5, () => ({ limits: { maxu: 2 } }))).toEqual({ allowed: 1, "use-limit": 4 });
	});

	it("lets a known address pass when the limit is full", async () => {
		const token = newToken();
		const ask = (client: number) => token.ask({ limits: { maxip: 20 }, use: false, client });
		for (let client = 0; client < 20; client++) expect(await ask(client)).toBe("allowed");
		for (let client = 20; client < 40; client++) expect(await ask(client)).toBe("ip-limit");
		for (let client = 0; client < 20; client++) expect(await ask(client)).toBe("allowed");
	});

	it("that only asks (HEAD) is judged and takes nothing, nor any lease", async () => {
		const token = newToken();
		const limits = { maxu: 2, maxip: 9 };
		for (let index = 0; index < 5; index++) {
			expect(await token.ask({ limits, client: index, dryRun: true })).toBe("allowed");
		}
		expect((await Promise.all(token.names.map(rowsOf))).flat()).toEqual([]);
		for (const client of [1, 2]) expect(await token.ask({ limits, client })).toBe("allowed");
		for (let client = 1; client < 20; client++) await token.ask({ limits, client });
		expect(await token.ask({ limits, client: 1, dryRun: true })).toBe("use-limit");
	});

	it("of the same playback counts once, at the shard that has its session", async () => {
		const token = newToken();
		const ask = { limits: { maxu: 1 }, client: 4, playback: true };
		expect(await together(token, 20, () => ask)).toEqual({ allowed: 20 });
		expect(await token.ask({ ...ask, client: 5 })).toBe("use-limit");
	});

	it("finds units again at the shard, fetched behind an earlier answer", async () => {
		const token = newToken();
		const asks = 150; // more than a shard of 1,600 is lent at first
		await token.ask({ limits: { maxu: 1600 }, client: 3 });
		for (let index = 1; index < asks; index += 10) {
			await together(token, 10, () => ({ limits: { maxu: 1600 }, client: 3 }));
			await token.settle();
		}
		const rows = await runInDurableObject(env.VIEWER_LIMITS.getByName(token.limits.root), (_object, state) =>
			state.storage.sql.exec<{ granted: number }>("SELECT granted FROM leases").toArray(),
		);
		expect(rows).toHaveLength(1);
		expect(rows[0]?.granted).toBeGreaterThan(asks + 30);
	});
});

describe("objects of another version", () => {
	const through = (change: (stub: object, name: string) => object): Namespace =>
		({ getByName: (name: string) => change(env.VIEWER_LIMITS.getByName(name), name) }) as unknown as Namespace;
	/** As an object of before leases reads a request: without the members that it does not know. */
	const oldAdmit = (name: string) => async (asked: string) => {
		const { lease: _, ...request } = unwire<AdmitRequest>(asked);
		return env.VIEWER_LIMITS.getByName(name).admit(wire(request));
	};

	it("shards that know no leases refuse by themselves, so the root judges", async () => {
		const isShard = (name: string): boolean => name.includes("/shard/");
		const token = newToken(through((stub, name) => (isShard(name) ? { admit: oldAdmit(name) } : stub)));
		const outcomes = await together(token, 100, (index) => ({ limits: { maxu: 30, maxip: 60 }, client: index }));
		expect(outcomes).toEqual({ allowed: 30, "use-limit": 70 });
	});

	it("a root that cannot lend judges itself, within what was lent before", async () => {
		const limits = { maxu: 100 };
		const old = newToken(
			through((stub, name) => {
				if (name.includes("/shard/")) return stub;
				const missing = () => Promise.reject(new TypeError('The RPC receiver does not implement the method "grant".'));
				return { admit: oldAdmit(name), grant: missing };
			}),
		);
		const real = { ...old.limits, namespace: env.VIEWER_LIMITS };
		const manner = { whenUnavailable: "deny", onFault: () => {}, behind: () => {} } as const;
		for (let client = 0; client < 20; client++) await askShards(real, requestOf({ limits, client }), manner);
		const outcomes = await together(old, 300, (index) => ({ limits, client: index }));
		expect(outcomes["allowed"]).toBeLessThanOrEqual(80);
		expect(outcomes["limits-unavailable"]).toBeUndefined();
		vi.setSystemTime(EPOCH + BELIEVED_MS);
		let allowed = 20 + (outcomes["allowed"] ?? 0);
		for (let client = 0; client < 100; client++) {
			const answer = await askShards(real, requestOf({ limits, client }), manner);
			if (answer.allowed) allowed += 1;
		}
		expect(allowed).toBe(100);
	});

	it.each([
		["deny", "limits-unavailable"],
		["allow", "allowed"],
	] as const)("a shard that cannot be reached is answered as any object: %s", async (whenUnavailable, expected) => {
		const gone = () => Promise.reject(new Error("Network connection lost."));
		const token = newToken(through(() => ({ admit: gone, grant: gone, recall: gone })));
		const manner = { whenUnavailable, onFault: () => {}, behind: () => {} };
		expect(verdict(await askShards(token.limits, requestOf({ limits: { maxu: 5 } }), manner))).toBe(expected);
	});

	it.each([
		["deny", "limits-unavailable"],
		["allow", "allowed"],
	] as const)(
		"units that others fetch for too long are counters that cannot be reached: %s",
		async (whenUnavailable, expected) => {
			const nothing = { granted: 0, returned: 0 };
			const ledger = { uses: nothing, addresses: nothing };
			const lease = { ledger, wants: ["uses"], demand: { uses: 9, addresses: 0 }, low: [], late: true };
			const late = { allowed: false, refusal: { reason: "use-limit", limit: 0 }, lease };
			const token = newToken(through(() => ({ admit: () => Promise.resolve(JSON.stringify(late)) })));
			const manner = { whenUnavailable, onFault: () => {}, behind: () => {} };
			expect(verdict(await askShards(token.limits, requestOf({ limits: { maxu: 5 } }), manner))).toBe(expected);
		},
	);

	it("the root is asked by one request of a shard at a time, also when it cannot be reached", async () => {
		let isThere = false;
		let asking = 0;
		let most = 0;
		const grant = (name: string) => async (asked: string) => {
			most = Math.max(most, (asking += 1));
			await Promise.resolve();
			asking -= 1;
			if (!isThere) throw Object.assign(new Error("Network connection lost."), { retryable: true });
			return env.VIEWER_LIMITS.getByName(name).grant(asked);
		};
		const token = newToken(
			through((stub, name) => (name.includes("/shard/") ? stub : { admit: oldAdmit(name), grant: grant(name) })),
		);
		const ask = () => together(token, 200, () => ({ limits: { maxu: 150 }, client: 3 }));
		expect(await ask()).toEqual({ "limits-unavailable": 200 });
		isThere = true;
		expect(await ask()).toEqual({ allowed: 150, "use-limit": 50 });
		expect(most).toBe(1);
	});

	it("nobody is told that a limit is spent while a shard that may hold units cannot be reached", async () => {
		const gone = () => Promise.reject(new Error("Network connection lost."));
		let cut = false;
		const token = newToken(through((stub, name) => (cut && name === token.objectOf(1) ? { recall: gone } : stub)));
		const limits = { maxu: 160 };
		expect(await token.ask({ limits, client: 1 })).toBe("allowed");
		const other = Array.from({ length: 50 }, (_, index) => index).find(
			(client) => token.objectOf(client) !== token.objectOf(1),
		);
		const rest = () => token.ask({ limits, client: other ?? 0 });
		cut = true;
		let outcome = await rest();
		while (outcome === "allowed") outcome = await rest();
		expect(outcome).toBe("limits-unavailable");
		cut = false;
		expect(await rest()).toBe("allowed");
	});
});

it("the alarms of root and shards clear what no request can need any more", async () => {
	const token = newToken();
	await together(token, 100, (index) => ({ limits: { maxu: 1000, maxip: 500 }, client: index }));
	vi.setSystemTime(EPOCH + 3_600_000);
	for (const name of token.names) await runDurableObjectAlarm(env.VIEWER_LIMITS.getByName(name));
	expect((await rowsOf(token.limits.root)).length).toBeGreaterThan(SHARDS);
	expect(await token.ask({ limits: { maxu: 1000, maxip: 500 }, client: 1 })).toBe("allowed");
	vi.setSystemTime(EPOCH + 2 * 86_400_000);
	for (const name of token.names) await runDurableObjectAlarm(env.VIEWER_LIMITS.getByName(name));
	expect((await Promise.all(token.names.map(rowsOf))).flat()).toEqual([]);
});
