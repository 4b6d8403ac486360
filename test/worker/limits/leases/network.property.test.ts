import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AdmitRequest, Limits } from "../../../../worker/limits/contract.ts";
import { decide } from "../../../../worker/limits/decide.ts";
import { askShards } from "../../../../worker/limits/leases/client.ts";
import { shardOf } from "../../../../worker/limits/leases/plan.ts";
import { BELIEVED_MS } from "../../../../worker/limits/leases/state.ts";
import { type Fate, LeaseNetwork, ROOT } from "../../../support/lease-network.ts";
import { verdict } from "../../../support/viewer.ts";

// The real client and the real rules, over a network whose every message fares as fast-check says.

const RUNS = 300;
const fates: fc.Arbitrary<Fate> = fc.oneof(
	{ weight: 6, arbitrary: fc.constant<Fate>("arrives") },
	{ weight: 4, arbitrary: fc.constantFrom<Fate>("lost", "answer lost", "doubled", "crash") },
);
const setup = {
	shards: fc.integer({ min: 2, max: 5 }),
	maxu: fc.integer({ min: 1, max: 40 }),
	maxip: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
	/** Of each request: its client, and whether its use is given back when it was admitted. */
	asks: fc.array(fc.record({ client: fc.nat(20), givesBack: fc.nat(5).map((n) => n === 0) }), {
		minLength: 1,
		maxLength: 60,
	}),
};

const addressOf = (client: number): string => `198.51.100.${client}`;

function requestOf(id: string, client: number, limits: Limits, use = true): AdmitRequest {
	const address = addressOf(client);
	return {
		id,
		intent: "start",
		use,
		counting: "requests",
		dryRun: false,
		token: { id: "token", expiresAt: Number.MAX_SAFE_INTEGER },
		limits,
		client: { address, userAgent: "Player/1.0", device: "tv" },
		session: null,
	};
}

interface World {
	readonly network: LeaseNetwork;
	readonly limits: Limits;
	readonly shards: number;
}

async function ask({ network, limits, shards }: World, id: string, client: number, use = true): Promise<string> {
	const behind = (work: Promise<unknown>): void => void work;
	const manner = { whenUnavailable: "deny", onFault: () => {}, behind } as const;
	return verdict(await askShards(network.limits(shards), requestOf(id, client, limits, use), manner));
}

function expectWithin({ network, limits }: World): void {
	expect(network.used("uses")).toBeLessThanOrEqual(limits.maxu ?? 0);
	expect(network.used("addresses")).toBeLessThanOrEqual(limits.maxip ?? Infinity);
	const { state } = network.object(ROOT);
	expect(state.usesOf()).toBeLessThanOrEqual(limits.maxu ?? 0);
}

const calm = (network: LeaseNetwork): void => {
	Object.assign(network, { pass: () => Promise.resolve(), fate: () => "arrives" });
	network.now += BELIEVED_MS; // what was believed is forgotten
};
const callsOf = (world: World, requests: number): number => requests * (5 + 2 * world.shards);

/** Without loss: exactly what is left can be had, from whichever shard, and nothing more. */
async function expectAllGrantable(world: World): Promise<void> {
	const { network, limits } = world;
	calm(network);
	const clients = limits.maxip === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : await fillAddresses(world, limits.maxip);
	const left = (limits.maxu ?? 0) - network.used("uses");
	const before = network.calls;
	for (let index = 0; index < left; index++) {
		expect(await ask(world, `late-${index}`, clients[index % clients.length] ?? 0)).toBe("allowed");
	}
	for (const client of clients) expect(await ask(world, `over-${client}`, client)).toBe("use-limit");
	expect(network.calls - before).toBeLessThanOrEqual(callsOf(world, left + clients.length));
	expect(network.used("uses")).toBe(limits.maxu);
}

/** All addresses that are left, and those that are known; these are answered. */
async function fillAddresses(world: World, maxip: number): Promise<number[]> {
	const { network } = world;
	const known: number[] = [];
	for (let client = 0; client < 21 + maxip; client++) {
		const { state } = network.object(`${ROOT}/shard/${shardOf(addressOf(client), world.shards)}`);
		const isKnown = state.knowsAddress("", addressOf(client));
		const expected = isKnown || network.used("addresses") < maxip ? "allowed" : "ip-limit";
		expect(await ask(world, `address-${client}`, client, false)).toBe(expected);
		if (expected === "allowed") known.push(client);
	}
	expect(network.used("addresses")).toBe(maxip);
	return known;
}

const worldOf = (shards: number, maxu: number, maxip: number | undefined): World => ({
	network: new LeaseNetwork(),
	limits: { maxu, ...(maxip === undefined ? {} : { maxip }) },
	shards,
});

describe("leases over a network that loses, doubles and delays", () => {
	it("never let more than the limit pass, and then leave every use to be had", async () => {
		const property = fc.asyncProperty(
			fc.record(setup),
			fc.array(fates, { maxLength: 120 }),
			fc.scheduler(),
			async ({ shards, maxu, maxip, asks }, fate, scheduler) => {
				const world = worldOf(shards, maxu, maxip);
				const { network } = world;
				let message = 0;
				network.pass = (label) => scheduler.schedule(Promise.resolve(), label);
				network.fate = () => fate[message++] ?? "arrives";
				let kept = 0;
				const one = async ({ client, givesBack }: (typeof asks)[number], index: number): Promise<void> => {
					const outcome = await ask(world, `ask-${index}`, client);
					expectWithin(world);
					if (outcome !== "allowed") return;
					const shard = network.object(`${ROOT}/shard/${shardOf(addressOf(client), shards)}`);
					if (!givesBack || !shard.refund(`ask-${index}`)) kept += 1;
				};
				await scheduler.waitFor(Promise.all(asks.map(one)));
				await scheduler.waitIdle();
				expectWithin(world);
				expect(kept).toBeLessThanOrEqual(maxu);
				await expectAllGrantable(world);
			},
		);
		await fc.assert(property, { numRuns: RUNS, seed: 20_261_122 });
	});

	it("let exactly the limit pass when nothing is lost, however calls interleave", async () => {
		const property = fc.asyncProperty(
			fc.record({ ...setup, maxip: fc.constant(undefined) }),
			fc.scheduler(),
			async ({ shards, maxu, asks }, scheduler) => {
				const world = worldOf(shards, maxu, undefined);
				world.network.pass = (label) => scheduler.schedule(Promise.resolve(), label);
				world.network.waiting = () => new Promise(() => {}); // nobody has to give up
				const outcomes = Promise.all(asks.map(({ client }, index) => ask(world, `ask-${index}`, client)));
				await scheduler.waitFor(outcomes);
				const allowed = (await outcomes).filter((outcome) => outcome === "allowed").length;
				expect(allowed).toBe(Math.min(maxu, asks.length));
				expect((await outcomes).filter((outcome) => outcome === "use-limit")).toHaveLength(asks.length - allowed);
			},
		);
		await fc.assert(property, { numRuns: RUNS, seed: 20_261_122 });
	});

	it("never exceed it together with requests that the root admits itself, as a Worker of before leases asks it", async () => {
		const property = fc.asyncProperty(
			fc.record(setup),
			fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
			fc.scheduler(),
			async ({ shards, maxu, maxip, asks }, old, scheduler) => {
				const world = worldOf(shards, maxu, maxip);
				const { network, limits } = world;
				network.pass = (label) => scheduler.schedule(Promise.resolve(), label);
				const atRoot = async (id: string, client: number): Promise<string> => {
					await network.pass(`admit of the root: ${id}`);
					return verdict(decide(network.object(ROOT).state, requestOf(id, client, limits), network.now));
				};
				const one = ({ client }: (typeof asks)[number], index: number): Promise<string> =>
					old[index] ? atRoot(`ask-${index}`, client) : ask(world, `ask-${index}`, client);
				const outcomes = Promise.all(asks.map(one));
				await scheduler.waitFor(outcomes);
				await scheduler.waitIdle();
				expect((await outcomes).filter((outcome) => outcome === "allowed").length).toBeLessThanOrEqual(maxu);
				expectWithin(world);
				if (maxip === undefined) await expectAllGrantable(world); // the root's own addresses are new to the shards
			},
		);
		await fc.assert(property, { numRuns: RUNS, seed: 20_261_122 });
	});
});
