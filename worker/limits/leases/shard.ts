import { refuse } from "../../decision/decision.ts";
import type { AdmitAnswer, AdmitRequest, Limits } from "../contract.ts";
import { decide } from "../decide.ts";
import type { TokenRef, ViewerState } from "../state.ts";
import type { Granted, Kind, LeaseAsk, LeaseWord, Ledger, RecallAsk, Report, Totals } from "./contract.ts";
import { limitOf } from "./root.ts";
import type { LeaseHints, LeaseState } from "./state.ts";

/** What a shard sees: the counters of a viewer, and its own lease. */
export type ShardState = ViewerState & LeaseState;

export type LeasedAnswer = AdmitAnswer & { readonly lease: LeaseWord };

const KINDS = ["uses", "addresses"] as const satisfies readonly Kind[];

/**
 * Judges a request at a shard, by the same rule as everywhere: what the shard was granted and has not given back is its limit. Where that
 * does not suffice the answer says what is wanting, unless the root has said that nothing is left.
 */
export function admitLeased(
	state: ShardState,
	request: AdmitRequest,
	lease: LeaseAsk,
	hints: LeaseHints,
	now: number,
): LeasedAnswer {
	const ledger = hear(state, request, lease.shard, lease.granted ?? {}, hints);
	const limits = allotment(lease, ledger);
	const answer = decide(state, { ...request, limits }, now);
	const wants = answer.allowed ? [] : wanting(state, { ...request, limits }, now);
	for (const kind of wants) {
		if (lease.spent?.includes(kind)) hints.noteSpent(kind, now);
	}
	const spent = wants.find((kind) => lease.spent?.includes(kind) || hints.isSpent(kind, now));
	const left = spent === undefined ? wants : [];
	if (!request.dryRun) hints.setWanting(request.id, left, now);
	const low = answer.allowed && !request.dryRun ? lowOf(state, request.token, lease, ledger, hints, now) : [];
	const last = spent === undefined ? answer : refusalOf(spent, lease);
	return { ...last, lease: { ledger, wants: left, demand: demandOf(left, hints, now), low } };
}

/**
 * Takes in what was granted, and gives back what is not used of some kinds. What requests wait for is theirs, or units would go from shard to
 * shard while everybody waits.
 */
export function recallLease(state: ShardState, ask: RecallAsk, hints: LeaseHints, now: number): Report {
	const { token, shard, kinds } = ask;
	const ledger = { ...hear(state, { token, dryRun: false }, shard, ask.granted, hints) };
	const demand = hints.demand(now);
	for (const kind of kinds) {
		const { granted, returned } = ledger[kind];
		const unused = unusedOf(state, token, ledger, kind) - demand[kind];
		if (unused <= 0) continue;
		ledger[kind] = { granted, returned: returned + unused };
		state.putLease(token, shard, kind, ledger[kind]);
	}
	return { shard, ledger, empty: kinds.filter((kind) => unusedOf(state, token, ledger, kind) <= 0) };
}

function unusedOf(state: ShardState, token: TokenRef, ledger: Ledger, kind: Kind): number {
	const { granted, returned } = ledger[kind];
	return granted - returned - state.counted(token.id, kind);
}

/** See `Judged.unused`. */
export function mostUnused(state: ShardState, token: TokenRef, ledger: Ledger): number {
	return Math.max(...KINDS.map((kind) => unusedOf(state, token, ledger, kind)));
}

/** The shard's ledger with what it hears of now; stored, unless the request writes nothing. */
function hear(
	state: ShardState,
	{ token, dryRun }: { readonly token: TokenRef; readonly dryRun: boolean },
	shard: number,
	granted: Granted,
	hints: LeaseHints,
): Ledger {
	const known = (kind: Kind): Totals => {
		const totals = state.lease(token.id, shard, kind);
		const more = (granted[kind] ?? 0) - totals.granted;
		if (more <= 0) return totals;
		const heard = { ...totals, granted: totals.granted + more };
		if (dryRun) return heard;
		state.putLease(token, shard, kind, heard);
		hints.noteGrant(kind, more);
		return heard;
	};
	return { uses: known("uses"), addresses: known("addresses") };
}

/** Of the lent limits what the shard holds; there is no other that a hot token has. */
function allotment({ limits }: LeaseAsk, { uses, addresses }: Ledger): Limits {
	return {
		...(limits.maxu === undefined ? {} : { maxu: uses.granted - uses.returned }),
		...(limits.maxip === undefined ? {} : { maxip: addresses.granted - addresses.returned }),
	};
}

const LIMIT_OF = { uses: "maxu", addresses: "maxip" } as const;
const REASON_OF = { uses: "use-limit", addresses: "ip-limit" } as const;

/** Every kind of which one unit more would be needed; none when the request is refused for another reason. */
function wanting(state: ShardState, request: AdmitRequest, now: number): Kind[] {
	const answer = decide(state, { ...request, dryRun: true }, now);
	if (answer.allowed) return [];
	const kind = KINDS.find((each) => REASON_OF[each] === answer.refusal.reason);
	if (!kind) return [];
	const { [LIMIT_OF[kind]]: _, ...limits } = request.limits;
	return [kind, ...wanting(state, { ...request, limits }, now)];
}

/** A refusal names the token's limit, not the shard's part of it. */
function refusalOf(kind: Kind, { limits }: LeaseAsk): AdmitAnswer {
	return refuse({ reason: REASON_OF[kind], limit: limitOf(limits, kind) ?? 0 });
}

/** At least one of what is wanting: a dry run is not among the requests that wait. */
function demandOf(wants: readonly Kind[], hints: LeaseHints, now: number): LeaseWord["demand"] {
	const { uses, addresses } = hints.demand(now);
	const least = (kind: Kind, count: number): number => (wants.includes(kind) ? Math.max(1, count) : count);
	return { uses: least("uses", uses), addresses: least("addresses", addresses) };
}

function lowOf(
	state: ShardState,
	token: TokenRef,
	{ limits }: LeaseAsk,
	ledger: Ledger,
	hints: LeaseHints,
	now: number,
): Kind[] {
	return KINDS.filter((kind) => {
		if (limitOf(limits, kind) === undefined) return false;
		return hints.asksRefill(kind, unusedOf(state, token, ledger, kind), now);
	});
}
