import { sha256 } from "../../hash.ts";
import type { Limits } from "../contract.ts";

/** From here on a limit is one of an audience and not of a viewer. */
export const HOT_LIMIT = 10_000;
/** Of the least limit, for each shard; a shard more for each of these. */
const UNITS_PER_SHARD = 5000;
/** Some hundred thousand decisions a second together; when the limit is nearly spent each of them is heard. */
const MOST_SHARDS = 256;

/**
 * Into how many shards a token's limits are spread; 0 for none: one object then holds them. Only limits that can be divided, and every one
 * that the token has is large: what a small one leaves over would have to be asked for everywhere. From the token's claims alone, so that
 * it is the same for its whole life.
 *
 * @param name the token's `uid`, which has an object of its own, or its `sid`, which makes one session of all that use the token
 */
export function shardCount({ maxu, maxip, climit, dlimit }: Limits, name: string | undefined): number {
	if (name !== undefined || climit !== undefined || dlimit !== undefined) return 0;
	const least = Math.min(maxu ?? Infinity, maxip ?? Infinity);
	if (least < HOT_LIMIT || least === Infinity) return 0;
	return Math.min(MOST_SHARDS, Math.ceil(least / UNITS_PER_SHARD));
}

/**
 * As `shardCount`, and 0 where the account counts the addresses that sessions are at (`ip_counting: "sessions"`): a session that moves frees
 * the place that it leaves, and then one object has to know both addresses. `spread` is the token's `shardCount`.
 */
export function shardsFor(spread: number, { maxip }: Limits, ipCounting: "distinct" | "sessions"): number {
	return maxip !== undefined && ipCounting === "sessions" ? 0 : spread;
}

/** The shard of an address, normalised as the limits count it: always the same, so that there a known address is known. */
export function shardOf(address: string, shards: number): number {
	return Buffer.from(sha256(address), "base64url").readUInt32BE(0) % shards;
}

export const shardName = (root: string, shard: number): string => `${root}/shard/${shard}`;
