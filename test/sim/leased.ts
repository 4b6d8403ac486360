import type { AdmitAnswer, AdmitRequest } from "../../worker/limits/contract.ts";
import { unwire } from "../../worker/limits/contract.ts";
import { LeaseCalls } from "../../worker/limits/leases/calls.ts";
import { askShards } from "../../worker/limits/leases/client.ts";
import type { Judged } from "../../worker/limits/leases/queue.ts";
import { EPOCH, type Isolate, type LimitsNamespace } from "./gate.ts";
import { LeasedState } from "./leased-state.ts";
import { type InCommit, SimulatedObject } from "./platform.ts";
import { Audience, type SharedRun, atMost } from "./shared.ts";

/** A call to an object of a hot token. */
type Call = readonly [method: "admit" | "grant" | "recall", asked: string];
type LeaseObject = SimulatedObject<Call, string>;

/** When, in milliseconds, objects restart in the middle of the crowd. */
export interface Restarts {
	readonly shard?: number;
	readonly root?: number;
}

/**
 * The same audience and token as scenario b, over shards that lease their uses from the token's object: all of it is the gate's own code, but for
 * the network and the objects' storage.
 */
export async function simulateLeases(
	joins: number,
	{ maxu, shards }: { readonly maxu: number; readonly shards: number },
	seed: number,
	restarts: Restarts,
): Promise<SharedRun> {
	const audience = new Audience(joins, maxu, seed);
	const { timeline, tally } = audience;
	const token = new LeasedToken(audience, maxu, shards);
	if (restarts.shard !== undefined)
		timeline.after(restarts.shard, () => token.object(token.shardNames[0] ?? ROOT).restart());
	if (restarts.root !== undefined) timeline.after(restarts.root, () => token.object(ROOT).restart());
	await audience.run((isolate, _client, request) => token.ask(isolate, request));
	if (token.refusedTooEarly > 0) throw new Error(`${token.refusedTooEarly} were refused while uses were left`);
	for (const [name, { calls, overloads }] of token.objects) {
		tally.count(name === ROOT ? "root calls" : "object calls", 0, calls);
		tally.count("overloads", 0, overloads);
	}
	tally.count("objects", 0, token.objects.size);
	return { tally, used: token.used };
}

/** Also the id of the token. */
const ROOT = "token";

class LeasedToken {
	readonly objects = new Map<string, LeaseObject>();
	/** In the order in which they were first called. */
	readonly shardNames: string[] = [];
	used = 0;
	/** Requests that were refused for good while uses were left: there must be none. */
	refusedTooEarly = 0;
	readonly #audience: Audience;
	readonly #maxu: number;
	readonly #shards: number;

	constructor(audience: Audience, maxu: number, shards: number) {
		this.#audience = audience;
		this.#maxu = maxu;
		this.#shards = shards;
	}

	/** As `worker/playback/admit.ts` asks. */
	ask(isolate: Isolate, request: AdmitRequest): Promise<AdmitAnswer> {
		const limits = { namespace: this.#namespaceOf(isolate), root: ROOT, shards: this.#shards };
		return askShards(limits, request, { whenUnavailable: "deny", onFault: () => {}, behind: () => {} });
	}

	object(name: string): LeaseObject {
		const known = this.objects.get(name);
		if (known) return known;
		const state = new LeasedState();
		const object = new SimulatedObject<Call, string>(this.#audience.timeline, (inCommit) =>
			this.#newLife(state, inCommit, name === ROOT ? () => this.#watchRoot(state) : this.#watchShard(state)),
		);
		this.objects.set(name, object);
		if (name !== ROOT) this.shardNames.push(name);
		return object;
	}

	/** What `ViewerLimits` does with the calls of a hot token. */
	#newLife(state: LeasedState, inCommit: InCommit, watch: (judged: unknown) => void) {
		const { timeline } = this.#audience;
		const calls = new LeaseCalls(
			(judge) =>
				inCommit((nowMs) => {
					const judged = judge(state, EPOCH + nowMs);
					watch(judged);
					return judged;
				}),
			(ms, fire) => timeline.timer(ms, fire),
		);
		return ([method, asked]: Call): Promise<string> => {
			if (method !== "admit") return calls[method](asked);
			const request = unwire<AdmitRequest>(asked);
			if (!request.lease) throw new Error("a request for a shard says what was lent");
			return calls.admit(request, request.lease);
		};
	}

	#watchRoot(state: LeasedState): void {
		atMost(this.#maxu, state.counted(ROOT, "uses"));
	}

	#watchShard(state: LeasedState): (judged: unknown) => void {
		let before = state.usesOf(ROOT);
		return (judged) => {
			const used = state.usesOf(ROOT);
			atMost(this.#maxu, (this.used += used - before));
			before = used;
			if (isLastNo(judged) && this.used < this.#maxu) this.refusedTooEarly += 1;
		};
	}

	#namespaceOf({ roundTripMs }: Isolate): LimitsNamespace {
		const { network, tally, timeline } = this.#audience;
		const call = (name: string, method: Call[0], asked: string): Promise<string> => {
			const object = this.object(name);
			tally.peak(name === ROOT ? "waiting at the root" : "waiting", timeline.now, object.waiting);
			return network.call(roundTripMs, object, [method, asked]);
		};
		const getByName = (name: string) => ({
			admit: (asked: string) => call(name, "admit", asked),
			grant: (asked: string) => call(name, "grant", asked),
			recall: (asked: string) => call(name, "recall", asked),
		});
		return { getByName } as unknown as LimitsNamespace;
	}
}

/** A request that is refused for good. */
function isLastNo(judged: unknown): boolean {
	if (typeof judged !== "object" || judged === null || !("answer" in judged)) return false;
	const { allowed, lease } = (judged as Judged).answer;
	return !allowed && lease.wants.length === 0;
}
