import { allow, refuse } from "../../decision/decision.ts";
import { type LimitsNamespace, askLimits, retried, unavailable } from "../client.ts";
import { type AdmitAnswer, type AdmitRequest, type Limits, unwire, wire } from "../contract.ts";
import type {
	GrantAnswer,
	GrantAsk,
	Granted,
	Kind,
	LeaseWord,
	LentLimits,
	Recall,
	RecallAsk,
	Report,
} from "./contract.ts";
import { shardName, shardOf } from "./plan.ts";
import type { LeasedAnswer } from "./shard.ts";

/** Where a hot token's limits are: `root` is the name of the token's own object. */
export interface ShardedLimits {
	readonly namespace: LimitsNamespace;
	readonly root: string;
	readonly shards: number;
}

/** How a call is made: see `askLimits`. `behind` goes on after the answer. */
export interface Manner {
	readonly whenUnavailable: "deny" | "allow";
	readonly onFault: (fault: unknown) => void;
	readonly behind: (work: Promise<unknown>) => void;
}

/** Calls of the root for one decision: enough to hear every shard out, sixteen at a time, though others take what was found. */
const MOST_ROUNDS = 24;

interface Carried {
	readonly limits: ShardedLimits;
	readonly request: AdmitRequest;
	readonly shard: number;
	readonly onFault: Manner["onFault"];
	/** True once others may wait at the shard for what this request fetches. */
	wasSent: boolean;
	/** What it has fetched last. */
	news: News;
	roundsLeft: number;
	/** True once a shard could not be called back: it may hold the units that are wanting. */
	shardsMissing: boolean;
}

interface News {
	readonly granted: Granted;
	readonly spent: readonly Kind[];
}

const NO_NEWS: News = { granted: {}, spent: [] };

/**
 * Why there is no decision. `no-leases`: an object of before leases, during a deploy. `late`: others fetched units for too long. `undecided`:
 * so did this request.
 */
type Failed = "no-leases" | "late" | "undecided" | "unreachable";

/**
 * Asks the shard of the client's address: one call, as long as its lease lasts. When it does not, this carries units from the root to the shard,
 * and back from shards that do not use theirs, so that no object waits for another. Each message is safe to lose and to repeat.
 */
export async function askShards(limits: ShardedLimits, request: AdmitRequest, manner: Manner): Promise<AdmitAnswer> {
	const { whenUnavailable, onFault, behind } = manner;
	const shard = shardOf(request.client.address, limits.shards);
	const start = { wasSent: false, news: NO_NEWS, roundsLeft: MOST_ROUNDS, shardsMissing: false };
	const carried: Carried = { limits, request, shard, onFault, ...start };
	const outcome = await settle(carried, behind).catch((): Failed => "unreachable");
	if (typeof outcome !== "string") return outcome;
	const alone = outcome === "no-leases" ? ({ alone: true } as const) : {};
	if (carried.wasSent) behind(tellShard(carried, carried.news.granted, alone));
	if (outcome === "no-leases") {
		return askLimits(limits.namespace, limits.root, request, whenUnavailable, onFault);
	}
	// Every shard was heard and others took what was found: to admit it uncounted would be one too many.
	const wasTaken = outcome === "undecided" && !carried.shardsMissing;
	return wasTaken ? refuse({ reason: "limits-unavailable" }) : unavailable(whenUnavailable);
}

/** Asks the shard and fetches what it wants, in turn, until it decides. @throws the fault of an object that cannot be reached */
async function settle(carried: Carried, behind: Manner["behind"]): Promise<AdmitAnswer | Failed> {
	const { request } = carried;
	for (;;) {
		const answer = await askShard(carried);
		if (!("lease" in answer)) return "no-leases"; // it has refused, whatever was asked
		if (answer.lease.low.length > 0) behind(refill(carried, answer.lease));
		if (answer.lease.wants.length === 0) return answer.allowed ? allow(answer.value) : refuse(answer.refusal);
		if (answer.lease.late) return "late";
		carried.wasSent = !request.dryRun;
		const fetched = await fetchUnits(carried, answer.lease);
		if (typeof fetched === "string") return fetched;
		carried.news = fetched;
	}
}

async function askShard({ limits, request, shard, news, onFault }: Carried): Promise<AdmitAnswer | LeasedAnswer> {
	const lent = lentLimits(request.limits);
	const lease = { shard, limits: lent, ...news };
	const asked = wire<AdmitRequest>({ ...request, limits: nothingOf(lent), lease });
	return unwire<AdmitAnswer | LeasedAnswer>(await retried(() => shardOfName(limits, shard).admit(asked), onFault));
}

/**
 * Gets from the root what is wanting, or that nothing is left.
 *
 * @returns "no-leases" where the root cannot lend (one of before leases, during a deploy): what it admits itself it counts all the same
 */
async function fetchUnits(carried: Carried, word: LeaseWord): Promise<News | Failed> {
	const { request, shard } = carried;
	const own: Report = { shard, ledger: word.ledger, empty: word.wants };
	let reports: readonly Report[] = [own];
	while (carried.roundsLeft-- > 0) {
		const answer = await askRoot(carried, word, word.wants, reports);
		if (answer === null) return "no-leases";
		if (answer.recall.length === 0) return { granted: answer.granted, spent: answer.spent };
		const called = await Promise.all(answer.recall.map((recall) => callBack(carried, request.token, recall)));
		reports = [own, ...called.filter((report) => report !== null)];
	}
	return "undecided";
}

/** Null where the root cannot lend. @throws its fault when it cannot be reached either way */
async function askRoot(
	{ limits, request, shard, onFault }: Carried,
	{ demand }: LeaseWord,
	wants: readonly Kind[],
	reports: readonly Report[],
): Promise<GrantAnswer | null> {
	const { token, dryRun } = request;
	const lent = lentLimits(request.limits);
	const ask = wire<GrantAsk>({ token, limits: lent, shards: limits.shards, shard, wants, demand, reports, dryRun });
	try {
		return unwire(await retried(() => limits.namespace.getByName(limits.root).grant(ask), onFault));
	} catch (fault) {
		if (isOfPlatform(fault)) throw fault;
		return null;
	}
}

/** True where the object was not reached; one that has no such method says neither. */
function isOfPlatform(fault: unknown): boolean {
	if (typeof fault !== "object" || fault === null) return false;
	return ("retryable" in fault && fault.retryable === true) || ("overloaded" in fault && fault.overloaded === true);
}

/** Null when the shard cannot be reached. */
async function callBack(carried: Carried, token: GrantAsk["token"], recall: Recall): Promise<Report | null> {
	const kinds = Object.keys(recall.granted) as Kind[];
	try {
		return unwire(await shardOfName(carried.limits, recall.shard).recall(wire({ ...recall, token, kinds })));
	} catch (fault) {
		carried.onFault(fault);
		carried.shardsMissing = true;
		return null;
	}
}

/** Behind an answer: the next requests find units at the shard. What fails is done by the request that finds none. */
async function refill(carried: Carried, word: LeaseWord): Promise<void> {
	const own: Report = { shard: carried.shard, ledger: word.ledger, empty: [] };
	const demand = { uses: 1, addresses: 1 };
	const answer = await askRoot(carried, { ...word, demand }, word.low, [own]).catch(() => null);
	await tellShard(carried, answer?.granted ?? {});
}

/** Those that wait at the shard for what this request was to bring, if anything, need not wait any longer. */
async function tellShard({ limits, shard, request, onFault }: Carried, granted: Granted, more = {}): Promise<void> {
	const ask = wire<RecallAsk>({ shard, granted, token: request.token, kinds: [], by: request.id, ...more });
	await shardOfName(limits, shard).recall(ask).catch(onFault);
}

/** A stub is broken after a fault: a new one each time. */
const shardOfName = ({ namespace, root }: ShardedLimits, shard: number) => namespace.getByName(shardName(root, shard));

function lentLimits({ maxu, maxip }: Limits): LentLimits {
	return { ...(maxu === undefined ? {} : { maxu }), ...(maxip === undefined ? {} : { maxip }) };
}

/** See `LeaseAsk.limits`. */
function nothingOf({ maxu, maxip }: LentLimits): Limits {
	return { ...(maxu === undefined ? {} : { maxu: 0 }), ...(maxip === undefined ? {} : { maxip: 0 }) };
}
