import { describe, expect, it } from "vitest";
import { type AdmitRequest, unwire, wire } from "../../../../worker/limits/contract.ts";
import { LeaseCalls } from "../../../../worker/limits/leases/calls.ts";
import type { RecallAsk } from "../../../../worker/limits/leases/contract.ts";
import type { LeasedAnswer } from "../../../../worker/limits/leases/shard.ts";
import { LONGEST_WAIT_MS } from "../../../../worker/limits/leases/state.ts";
import { PlainState } from "../../../support/lease-network.ts";

const NOW = 1_000_000;
const token = { id: "token", expiresAt: NOW * 2 };
const lease = { shard: 1, limits: { maxu: 100 } };

/** A shard; `timeUp` ends what waits, not what fetches. */
function newShard() {
	const state = new PlainState();
	const timers = new Set<() => void>();
	const calls = new LeaseCalls(
		(judge) => Promise.resolve(judge(state, NOW)),
		(ms, fire) => {
			if (ms === LONGEST_WAIT_MS) timers.add(fire);
			return () => timers.delete(fire);
		},
	);
	const admit = async (id: string): Promise<LeasedAnswer["lease"]> => {
		const request: AdmitRequest = {
			id,
			intent: "start",
			use: true,
			counting: "requests",
			dryRun: false,
			token,
			limits: { maxu: 0 },
			client: { address: "198.51.100.1", userAgent: "Player/1.0", device: "tv" },
			session: null,
		};
		return (unwire(await calls.admit(request, lease)) as LeasedAnswer).lease;
	};
	const recall = async (ask: Partial<RecallAsk>) =>
		unwire(await calls.recall(wire<RecallAsk>({ shard: 1, token, granted: {}, kinds: [], ...ask })));
	return { admit, recall, timeUp: () => timers.forEach((fire) => fire()) };
}

describe("a shard that is called back", () => {
	const giveBack = { granted: { uses: 8 }, kinds: ["uses"] } as const;

	it("keeps a unit for the request that was sent to fetch one", async () => {
		const { admit, recall } = newShard();
		expect(await admit("sent")).toMatchObject({ wants: ["uses"] });
		expect(await recall(giveBack)).toMatchObject({ ledger: { uses: { returned: 7 } }, empty: [] });
	});

	it("keeps none for requests that have given up, or were told that it was too long", async () => {
		const { admit, recall, timeUp } = newShard();
		await admit("sent");
		const waits = admit("waits");
		await Promise.resolve();
		await recall({ by: "sent" });
		await expect(waits).resolves.toMatchObject({ wants: ["uses"] }); // it goes next
		const late = admit("late");
		await new Promise((resolve) => setTimeout(resolve, 0));
		timeUp();
		await expect(late).resolves.toMatchObject({ late: true });
		await recall({ by: "waits" });
		expect(await recall(giveBack)).toMatchObject({ ledger: { uses: { returned: 8 } }, empty: ["uses"] });
	});
});
