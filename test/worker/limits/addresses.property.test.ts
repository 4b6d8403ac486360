import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AdmitRequest } from "../../../worker/limits/contract.ts";
import { decide, endSession } from "../../../worker/limits/decide.ts";
import { DeviceOutbox } from "../../../worker/limits/device-outbox.ts";
import { LeaseBook } from "../../../worker/limits/leases/book.ts";
import { StoredPlaces } from "../../../worker/limits/places.ts";
import { ViewerTables } from "../../../worker/limits/tables.ts";
import { ViewerMemory } from "../../../worker/limits/viewer-memory.ts";
import { EPOCH, newViewer, requestOf } from "../../support/viewer.ts";

const ADDRESSES = [
	"192.0.2.1",
	"192.0.2.2",
	"192.0.2.3",
	"2001:db8:0:1::/64",
	"2001:db8:0:2::/64",
	"2001:db8:0:3::/64",
];
const isIpv6 = (address: string) => address.includes(":");

/** Starts with the token, uses of any grant that was given, time, ends, and a new image of what is stored. */
const step = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), who: fc.nat(3), at: fc.nat(5) }) },
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constant("renew" as const),
			grant: fc.nat(9),
			at: fc.nat(5),
			who: fc.option(fc.nat(3)),
		}),
	},
	fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 40, 100) }),
	fc.record({ do: fc.constant("end" as const), grant: fc.nat(9) }),
	fc.record({ do: fc.constant("restart" as const) }),
);

interface Grant {
	readonly key: string;
	readonly startedAt: number;
	readonly who: number;
	readonly address: string;
}

interface Story {
	readonly maxip: number;
	readonly sid: boolean;
	readonly steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[];
}

/** Runs a story against the object's own tables; `check` sees every admitted request and what is stored after it. */
function play(
	storage: DurableObjectStorage,
	story: Story,
	mode: Partial<AdmitRequest>,
	check: (seen: Seen) => void,
): void {
	const { sql } = storage;
	for (const table of ["tokens", "addresses", "partners", "holders", "sessions"]) sql.exec(`DELETE FROM ${table}`);
	const tables = new ViewerTables(sql);
	const fresh = () =>
		new ViewerMemory(tables, new DeviceOutbox(sql, {} as never), new StoredPlaces(sql), new LeaseBook(sql));
	let memory = fresh();
	let now = EPOCH;
	const grants: Grant[] = [];
	const latest = new Map<string, string>();
	for (const each of story.steps) {
		if (each.do === "wait") now += each.seconds * 1000;
		if (each.do === "restart") memory = fresh();
		const grant = "grant" in each ? grants[each.grant % Math.max(1, grants.length)] : undefined;
		if (each.do === "end" && grant) endSession(memory, grant.key, "operator", now);
		if (each.do === "start" || (each.do === "renew" && grant)) {
			const who = each.who ?? grant?.who ?? 0;
			const address = ADDRESSES[each.at] ?? "";
			const request: AdmitRequest = {
				...requestOf({
					intent: each.do,
					limits: { maxip: story.maxip },
					agent: `Agent/${who}`,
					address,
					session: story.sid ? "sid" : `${who} ${address}`,
					...(grant ? { granted: grant } : {}),
				}),
				...mode,
				...(grant && grant.who === who && !mode.ipCounting ? { grantedTo: grant.address } : {}),
			};
			const before = JSON.stringify(dump(sql));
			const answer = decide(memory, request, now);
			memory.flush();
			if (answer.allowed && answer.value.session) {
				latest.set(answer.value.session.key, address);
				if (grants.length < 10) grants.push({ ...answer.value.session, who, address });
			}
			const alive = memory.aliveSessions(now).map(({ key }) => latest.get(key) ?? "");
			const changed = JSON.stringify(dump(sql)) !== before;
			check({ allowed: answer.allowed, passed: answer.allowed ? [address] : [], changed, alive, stored: stored(sql) });
		}
		memory.flush();
	}
}

interface Seen {
	readonly allowed: boolean;
	/** The request's address, if it was allowed. */
	readonly passed: readonly string[];
	/** Whether it changed what is stored. */
	readonly changed: boolean;
	/** Where each session that is alive was admitted last. */
	readonly alive: readonly string[];
	readonly stored: ReturnType<typeof stored>;
}

const dump = (sql: SqlStorage) =>
	["tokens", "addresses", "partners", "holders", "sessions"].map((table) =>
		sql.exec(`SELECT * FROM ${table}`).toArray(),
	);

function stored(sql: SqlStorage) {
	const counted = sql.exec<{ address: string }>("SELECT address FROM addresses").toArray();
	const pairs = sql.exec<{ address: string; partner: string }>("SELECT address, partner FROM partners").toArray();
	const [token] = sql.exec<{ addresses: number }>("SELECT addresses FROM tokens").toArray();
	return { counted: counted.map(({ address }) => address), pairs, count: token?.addresses ?? 0 };
}

/** A place has one counted address, and at most one more, of the other family; there are never more than `maxip` of them. */
function expectPlaces({ counted, pairs, count }: Seen["stored"], maxip: number): ReadonlySet<string> {
	expect(count).toBe(counted.length);
	expect(count).toBeLessThanOrEqual(maxip);
	for (const { address, partner } of pairs) {
		expect(isIpv6(address)).toBe(!isIpv6(partner));
		expect(pairs).toContainEqual({ address: partner, partner: address });
		expect(counted.includes(address)).toBe(!counted.includes(partner));
	}
	const known = new Set([...counted, ...pairs.map(({ address }) => address)]);
	for (const ofFamily of [isIpv6, (address: string) => !isIpv6(address)])
		expect([...known].filter(ofFamily).length).toBeLessThanOrEqual(maxip);
	return known;
}

const stories = fc.record({
	maxip: fc.integer({ min: 1, max: 3 }),
	sid: fc.boolean(),
	steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});
const RUNS = { seed: 4, numRuns: 400 };

it("sessions: those that play at once are never at more than maxip places, whatever is shared", async () => {
	await runInDurableObject(newViewer().stub, (_object, { storage }) =>
		fc.assert(
			fc.property(stories, (story) =>
				play(storage, story, { ipCounting: "sessions" }, ({ allowed, passed, changed, alive, stored }) => {
					const known = expectPlaces(stored, story.maxip);
					expect([...known]).toEqual(expect.arrayContaining([...passed, ...alive]));
					expect(allowed || !changed).toBe(true);
				}),
			),
			RUNS,
		),
	);
});

it("distinct: a known address stays known, and there are never more than maxip of a family", async () => {
	await runInDurableObject(newViewer().stub, (_object, { storage }) =>
		fc.assert(
			fc.property(stories, (story) => {
				let before: ReadonlySet<string> = new Set();
				play(storage, story, {}, ({ allowed, passed, changed, stored }) => {
					const known = expectPlaces(stored, story.maxip);
					expect([...known]).toEqual(expect.arrayContaining([...before, ...passed]));
					expect(known.size - before.size).toBeLessThanOrEqual(1);
					expect(allowed || !changed).toBe(true);
					before = known;
				});
			}),
			RUNS,
		),
	);
});
