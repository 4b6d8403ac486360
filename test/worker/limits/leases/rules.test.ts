import { beforeEach, describe, expect, it } from "vitest";
import type { AdmitRequest } from "../../../../worker/limits/contract.ts";
import type { GrantAsk, Kind, Ledger, Totals } from "../../../../worker/limits/leases/contract.ts";
import { fairShare, grantLeases } from "../../../../worker/limits/leases/root.ts";
import { admitLeased, recallLease } from "../../../../worker/limits/leases/shard.ts";
import { BELIEVED_MS, FETCHED_WITHIN_MS, LONGEST_WAIT_MS, LeaseHints } from "../../../../worker/limits/leases/state.ts";
import { PlainState } from "../../../support/lease-network.ts";

const NOW = 1_000_000;
const token = { id: "token", expiresAt: NOW * 2 };
const none: Totals = { granted: 0, returned: 0 };

let state: PlainState;
let hints: LeaseHints;
beforeEach(() => {
	state = new PlainState();
	hints = new LeaseHints();
});

const lend = (shard: number, granted: number, returned = 0, kind: Kind = "uses"): void => {
	state.putLease(token, shard, kind, { granted, returned });
	state.lend(token, kind, granted - returned);
};

describe("the root", () => {
	const ledger = (uses: Totals = none): Ledger => ({ uses, addresses: none });
	const ask = (changes: Partial<GrantAsk> = {}, own: Totals = none): GrantAsk => ({
		token,
		limits: { maxu: 100 },
		shards: 4,
		shard: 0,
		wants: ["uses"],
		demand: { uses: 1, addresses: 0 },
		reports: [{ shard: 0, ledger: ledger(own), empty: ["uses"] }],
		dryRun: false,
		...changes,
	});
	const grant = (changes: Partial<GrantAsk> = {}, own?: Totals, now = NOW) =>
		grantLeases(state, ask(changes, own), hints, now);

	it.each([
		[1_000_000_000, 64, 8000],
		[12_800, 64, 100],
		[256, 64, 2],
		[255, 64, 1],
		[1, 64, 1],
		[0, 64, 1],
	])("of %i left lends one of %i shards at most %i at once", (remaining, shards, expected) => {
		expect(fairShare(remaining, shards)).toBe(expected);
	});

	it("lends a share, and counts it as used", () => {
		expect(grant()).toEqual({ granted: { uses: 12 }, recall: [], spent: [] });
		expect(state.usesOf()).toBe(12);
	});

	it("lends nothing more to a shard that has not heard of what it has", () => {
		grant();
		expect(grant()).toMatchObject({ granted: { uses: 12 } });
		expect(state.usesOf()).toBe(12);
	});

	it("lends as many as requests wait, when these are more, and to each once", () => {
		for (let waiting = 1; waiting <= 30; waiting++) grant({ demand: { uses: waiting, addresses: 0 } });
		expect(state.usesOf()).toBe(30);
	});

	it("lends the last ones only, and then asks those that may hold some", () => {
		lend(1, 60);
		lend(2, 30, 30);
		state.addUse();
		expect(grant({ demand: { uses: 50, addresses: 0 } })).toMatchObject({ granted: { uses: 39 } });
		expect(grant({ demand: { uses: 50, addresses: 0 } }, { granted: 39, returned: 0 })).toEqual({
			granted: {},
			recall: [{ shard: 1, granted: { uses: 60 } }],
			spent: [],
		});
	});

	it("takes back what a shard reports, once", () => {
		lend(1, 100);
		const report = { shard: 1, ledger: ledger({ granted: 100, returned: 40 }), empty: ["uses"] as const };
		const reports = [...ask().reports, report, report];
		expect(grant({ reports })).toMatchObject({ granted: { uses: 5 } });
		expect(state.usesOf()).toBe(65);
	});

	it("lets no late report undo a later one", () => {
		lend(1, 100, 40);
		const late = { shard: 1, ledger: ledger({ granted: 70, returned: 10 }), empty: ["uses"] as const };
		grant({ reports: [...ask().reports, late], wants: [] });
		expect(state.lease("", 1, "uses")).toEqual({ granted: 100, returned: 40 });
		state.lend(token, "uses", 40);
		expect(grant()).toMatchObject({ recall: [{ shard: 1 }], spent: [] }); // it said that it was empty before it was granted more
	});

	it("counts what a shard was granted though it has lost its own row of it", () => {
		grant({ wants: [] }, { granted: 95, returned: 0 });
		expect(state.usesOf()).toBe(95);
		expect(grant({ shard: 1, reports: [] })).toMatchObject({ granted: { uses: 1 } });
	});

	it("says that nothing is left once all have said that they hold nothing, and asks them again after a while", () => {
		lend(0, 50);
		lend(1, 50);
		const own: Totals = { granted: 50, returned: 0 };
		expect(grant({}, own).recall).toHaveLength(1);
		const reports = [0, 1].map((shard) => ({ shard, ledger: ledger(own), empty: ["uses"] as const }));
		expect(grant({ reports })).toEqual({ granted: {}, recall: [], spent: ["uses"] });
		expect(grant({}, own)).toMatchObject({ spent: ["uses"] });
		expect(grant({}, own, NOW + BELIEVED_MS)).toMatchObject({ recall: [{ shard: 1 }], spent: [] });
	});

	it("asks another shard again when it has been granted more", () => {
		const own: Totals = { granted: 99, returned: 0 };
		lend(0, 99);
		grant({ reports: [{ shard: 1, ledger: ledger(), empty: ["uses"] }], shard: 1 });
		expect(grant({}, own)).toMatchObject({ recall: [{ shard: 1, granted: { uses: 1 } }] });
	});

	it("asks sixteen shards at a time, beginning behind the one that asks", () => {
		for (let shard = 0; shard < 20; shard++) lend(shard, 5);
		const reports = [{ shard: 15, ledger: ledger({ granted: 5, returned: 0 }), empty: ["uses"] as const }];
		const { recall } = grant({ shards: 20, shard: 15, reports });
		expect(recall.map(({ shard }) => shard)).toEqual([16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
	});

	it("calls nobody back for one kind when the other is spent", () => {
		lend(1, 100);
		state.lend(token, "addresses", 10);
		const changes = { limits: { maxu: 100, maxip: 10 }, wants: ["addresses", "uses"] as const };
		const answer = grant({ ...changes, demand: { uses: 1, addresses: 1 } });
		expect(answer).toEqual({ granted: {}, recall: [], spent: ["addresses"] });
	});

	it("on a dry run says what it would lend, and changes nothing", () => {
		expect(grant({ dryRun: true })).toMatchObject({ granted: { uses: 12 } });
		expect(state.usesOf()).toBe(0);
		lend(1, 100);
		expect(grant({ dryRun: true })).toEqual({ granted: { uses: 1 }, recall: [], spent: [] });
		hints.setEmpty(1, "uses", NOW);
		expect(grant({ dryRun: true })).toEqual({ granted: {}, recall: [], spent: ["uses"] });
	});
});

describe("a shard", () => {
	const limits = { maxu: 100, maxip: 50 };
	const request = (changes: Partial<AdmitRequest> = {}): AdmitRequest => ({
		id: crypto.randomUUID(),
		intent: "start",
		use: true,
		counting: "requests",
		dryRun: false,
		token,
		limits: { maxu: 0, maxip: 0 },
		client: { address: "198.51.100.1", userAgent: "Player/1.0", device: "tv" },
		session: null,
		...changes,
	});
	const admit = (asked: AdmitRequest, news: object = {}, now = NOW) =>
		admitLeased(state, asked, { shard: 3, limits, ...news }, hints, now);
	const from = (address: string) => request({ client: { ...request().client, address } });

	it("says all that it lacks at once", () => {
		expect(admit(request())).toMatchObject({
			allowed: false,
			lease: { wants: ["addresses", "uses"], demand: { uses: 1, addresses: 1 } },
		});
	});

	it("admits from what it was granted, and keeps that for the next", () => {
		const granted = { uses: 2, addresses: 1 };
		expect(admit(request(), { granted })).toMatchObject({ allowed: true, lease: { wants: [] } });
		expect(admit(request())).toMatchObject({ allowed: true });
		expect(admit(request())).toMatchObject({ allowed: false, lease: { wants: ["uses"] } });
		expect(admit({ ...from("198.51.100.2"), use: false })).toMatchObject({ lease: { wants: ["addresses"] } });
		expect(admit({ ...request(), use: false })).toMatchObject({ allowed: true });
	});

	it("counts a grant that it hears of twice, or late, once", () => {
		admit(request(), { granted: { uses: 5, addresses: 1 } });
		admit(request(), { granted: { uses: 5 } });
		admit(request(), { granted: { uses: 2 } });
		expect(state.lease("", 3, "uses")).toEqual({ granted: 5, returned: 0 });
	});

	it("spends once for a request that comes again", () => {
		const asked = request();
		admit(asked, { granted: { uses: 1, addresses: 1 } });
		expect(admit(asked, { granted: { uses: 1, addresses: 1 } })).toMatchObject({ allowed: true });
		expect(state.usesOf()).toBe(1);
	});

	it("counts the requests that wait for units, each once, and those that gave up no more", () => {
		const waiting = [request(), request(), request()];
		const demands = [...waiting, ...waiting].map((asked) => admit(asked).lease?.demand.uses);
		expect(demands).toEqual([1, 2, 3, 3, 3, 3]);
		admit(waiting[0] ?? request(), { granted: { uses: 1, addresses: 1 } });
		expect(admit(request()).lease?.demand.uses).toBe(3);
		expect(admit(request(), {}, NOW + 60_000).lease?.demand.uses).toBe(1);
	});

	it("refuses by the token's limit when the root has nothing left, and for a while asks nobody", () => {
		const refusal = { reason: "use-limit", limit: 100 };
		admit(request(), { granted: { addresses: 1 } });
		expect(admit(request(), { spent: ["uses"] })).toMatchObject({ allowed: false, refusal, lease: { wants: [] } });
		expect(admit(request())).toMatchObject({ refusal, lease: { wants: [] } });
		expect(admit(request(), {}, NOW + BELIEVED_MS)).toMatchObject({ lease: { wants: ["uses"] } });
		admit(request(), { spent: ["uses"] });
		expect(admit(request(), { granted: { uses: 1 } })).toMatchObject({ allowed: true });
	});

	it("lets a known address pass though no address is left, and no other", () => {
		admit(request(), { granted: { uses: 9, addresses: 1 } });
		const news = { spent: ["addresses"] };
		expect(admit(request(), news)).toMatchObject({ allowed: true });
		expect(admit(from("198.51.100.2"), news)).toMatchObject({ refusal: { reason: "ip-limit", limit: 50 } });
	});

	it("gives back what it does not use, of what is asked for, once", () => {
		admit(request(), { granted: { uses: 5, addresses: 4 } });
		const ask = { shard: 3, token, kinds: ["uses"] as const, granted: { uses: 8 } };
		const ledger = { uses: { granted: 8, returned: 7 }, addresses: { granted: 4, returned: 0 } };
		for (const _ of [1, 2]) expect(recallLease(state, ask, hints, NOW)).toEqual({ shard: 3, ledger, empty: ["uses"] });
		expect(admit(request())).toMatchObject({ lease: { wants: ["uses"] } });
	});

	it("keeps what requests wait for when it gives back, and says so, as long as they may wait", () => {
		for (const _ of [1, 2, 3]) admit(request(), { granted: { addresses: 1 } });
		const recall = (now: number) =>
			recallLease(state, { shard: 3, token, kinds: ["uses"], granted: { uses: 8 } }, hints, now);
		expect(recall(NOW)).toMatchObject({ ledger: { uses: { granted: 8, returned: 5 } }, empty: [] });
		expect(recall(NOW + LONGEST_WAIT_MS)).toMatchObject({ ledger: { uses: { returned: 8 } }, empty: ["uses"] });
	});

	it("has one of many ask for more while there is still some", () => {
		const granted = { uses: 16, addresses: 1 };
		const low = Array.from({ length: 16 }, () => admit(request(), { granted }).lease?.low.length);
		expect(low).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
	});

	it("asks for more again when that came to nothing, and at once when more came", () => {
		const low = (news: object = {}, now = NOW) => admit(request(), news, now).lease.low;
		low({ granted: { uses: 16, addresses: 1 } });
		for (let used = 1; used < 7; used++) low();
		expect(low()).toEqual(["uses"]);
		expect(low({}, NOW + FETCHED_WITHIN_MS - 1)).toEqual([]);
		expect(low({}, NOW + FETCHED_WITHIN_MS)).toEqual(["uses"]);
		low({ granted: { uses: 24 } });
		for (let used = 11; used < 19; used++) expect(low()).toEqual([]);
		expect(low({ granted: { uses: 26 } })).toEqual([]);
	});

	it("that starts anew knows the lease that it finds stored for one that gets less", () => {
		admit(request(), { granted: { uses: 21, addresses: 1 } });
		hints = new LeaseHints();
		const low = Array.from({ length: 12 }, () => admit(request()).lease.low.length);
		expect(low).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
	});

	it("on a dry run judges with what it is told, and keeps nothing of it", () => {
		const asked = request({ dryRun: true });
		expect(admit(asked, { granted: { uses: 1, addresses: 1 } })).toMatchObject({ allowed: true });
		expect(admit(asked)).toMatchObject({ lease: { wants: ["addresses", "uses"] } });
		expect(admit(request()).lease?.demand.uses).toBe(1);
		expect(state.lease("", 3, "uses")).toEqual(none);
	});
});
