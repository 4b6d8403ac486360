import type { GrantAnswer, GrantAsk, Kind, LentLimits, Recall, Report } from "./contract.ts";
import type { LeaseHints, LeaseState } from "./state.ts";

/** Some sixteen seconds of a shard that is as busy as it can be: the news of the next lease waits there with everything else. */
const LARGEST_GRANT = 8000;
const MOST_RECALLED = 16;

export const limitOf = ({ maxu, maxip }: LentLimits, kind: Kind): number | undefined =>
	kind === "uses" ? maxu : maxip;

/**
 * Lends units of a token's limits to a shard. What is lent counts here as if it were used, so whatever is admitted at the root itself, and by
 * whichever version of it, shares the same limit: never more than `limit` is used or lent, less what came back.
 */
export function grantLeases(state: LeaseState, ask: GrantAsk, hints: LeaseHints, now: number): GrantAnswer {
	for (const report of ask.dryRun ? [] : ask.reports) takeIn(state, ask.token, report, hints, now);
	const granted: Partial<Record<Kind, number>> = {};
	const short: Kind[] = [];
	for (const kind of ask.wants) {
		const total = grantOne(state, ask, kind, hints);
		if (total === null) short.push(kind);
		else granted[kind] = total;
	}
	const holders = holdersOf(state, ask, short, hints, now);
	if (ask.dryRun && short.length > 0) return foresee(state, ask, granted, short, holders);
	const spent = short.filter((kind) => !holders.some((holder) => holder.granted[kind] !== undefined));
	return { granted, recall: spent.length > 0 ? [] : holders.slice(0, MOST_RECALLED), spent };
}

/** Totals only grow, so the larger one is the later one. */
function takeIn(state: LeaseState, token: GrantAsk["token"], report: Report, hints: LeaseHints, now: number): void {
	for (const kind of ["uses", "addresses"] as const) {
		const known = state.lease(token.id, report.shard, kind);
		const said = report.ledger[kind];
		const granted = Math.max(known.granted, said.granted);
		const returned = Math.min(granted, Math.max(known.returned, said.returned));
		if (granted !== known.granted || returned !== known.returned) {
			state.putLease(token, report.shard, kind, { granted, returned });
			state.lend(token, kind, granted - known.granted - (returned - known.returned));
		}
		const newest = said.granted === granted && said.returned === returned;
		if (newest && report.empty.includes(kind)) hints.setEmpty(report.shard, kind, now);
	}
}

/**
 * The new total of what the shard was granted, or null when nothing can be. A shard that has not heard of earlier grants gets only what these
 * leave wanting, so that a call that is repeated, or many at once, take no more than one.
 */
function grantOne(state: LeaseState, ask: GrantAsk, kind: Kind, hints: LeaseHints): number | null {
	const { token, shard, shards } = ask;
	const lease = state.lease(token.id, shard, kind);
	const heard = ask.reports.find((report) => report.shard === shard)?.ledger[kind].granted ?? 0;
	const unheard = Math.max(0, lease.granted - heard);
	const remaining = Math.max(0, (limitOf(ask.limits, kind) ?? 0) - state.counted(token.id, kind));
	const missing = ask.demand[kind] - unheard;
	const wanted = missing <= 0 ? 0 : Math.max(missing, unheard === 0 ? fairShare(remaining, shards) : 0);
	const size = Math.min(remaining, wanted);
	if (size > 0 && !ask.dryRun) {
		state.putLease(token, shard, kind, { ...lease, granted: lease.granted + size });
		state.lend(token, kind, size);
		hints.setEmpty(shard, kind, null);
	}
	return unheard + size > 0 ? lease.granted + size : null;
}

/** Half of what is left, divided among all; the last ones one by one. */
export function fairShare(remaining: number, shards: number): number {
	return Math.max(1, Math.min(LARGEST_GRANT, Math.floor(remaining / (2 * shards))));
}

/** Other shards that may hold unused units of what is short, those behind the asking one first: not everybody asks the same. */
function holdersOf(
	state: LeaseState,
	{ token, shard, shards }: GrantAsk,
	short: readonly Kind[],
	hints: LeaseHints,
	now: number,
): Recall[] {
	if (short.length === 0) return [];
	const others = Array.from({ length: shards - 1 }, (_, index) => (shard + 1 + index) % shards);
	return others.flatMap((other) => {
		const held = short.flatMap((kind) => {
			const { granted, returned } = state.lease(token.id, other, kind);
			return granted > returned && !hints.isEmpty(other, kind, now) ? [[kind, granted] as const] : [];
		});
		return held.length === 0 ? [] : [{ shard: other, granted: Object.fromEntries(held) }];
	});
}

/** For a dry run no shard is called back: who may hold units is taken to hold one. */
function foresee(
	state: LeaseState,
	{ token, shard }: GrantAsk,
	granted: Partial<Record<Kind, number>>,
	short: readonly Kind[],
	holders: readonly Recall[],
): GrantAnswer {
	const found = short.filter((kind) => holders.some((holder) => holder.granted[kind] !== undefined));
	const foreseen = found.map((kind) => [kind, state.lease(token.id, shard, kind).granted + 1]);
	const spent = short.filter((kind) => !found.includes(kind));
	return { granted: { ...granted, ...Object.fromEntries(foreseen) }, recall: [], spent };
}
