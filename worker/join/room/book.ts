import { nameOf } from "./connections.ts";
import type { GoneBecause, Hold, Released, RoomRules } from "./contract.ts";
import type { Errands } from "./errands.ts";
import type { Ban, Member, OwnStatus, Plan, RoomState } from "./state.ts";
import { type RoomRecord, RoomTables } from "./tables.ts";

/** Somebody who is out now. */
export interface Departure {
	readonly member: Member;
	readonly because: GoneBecause;
	/** The status before: one who only waited was never seen by the others. */
	readonly before: Member["status"];
}

/** What a plan came to. */
export interface Applied {
	readonly departures: readonly Departure[];
	/** Sessions of viewers that nobody here holds any more. */
	readonly released: readonly Released[];
	readonly statusChanged: boolean;
}

/** The errand that ends a session of a viewer's limits. */
export const releaseId = ({ viewer, key }: Released): string => `release ${viewer} ${key}`;

/** A session of a viewer's limits that the caller ends at once is ended by the alarm too, should the caller not live to do it. */
const RELEASE_AFTER_MS = 5000;
const CLEAN_AFTER_MS = 6 * 3_600_000;
const FRESH_AFTER_MS = 2500;
/** Longer than a provider goes on trying to tell. */
const ENDED_KEPT_MS = 3_600_000;

/**
 * The room's state: an image in memory of those who are present, and the tables below it. Whoever changes it does so within a transaction,
 * and makes a new book when that fails.
 */
export class RoomBook implements RoomState {
	readonly #tables: RoomTables;
	readonly errands: Errands;
	readonly #members: Map<string, Member>;
	#record: RoomRecord;

	constructor(sql: SqlStorage, errands: Errands) {
		this.#tables = new RoomTables(sql);
		this.errands = errands;
		this.#record = this.#tables.record();
		this.#members = new Map(this.#tables.present().map((member) => [member.id, member]));
	}

	get members(): ReadonlyMap<string, Member> {
		return this.#members;
	}

	get ownStatus(): OwnStatus | null {
		return this.#record.ownStatus;
	}

	get record(): RoomRecord {
		return this.#record;
	}

	get nextSeq(): number {
		return this.#record.lastSeq + 1;
	}

	gone(id: string): Member | null {
		return this.#tables.gone(id);
	}

	departed(): Member[] {
		return this.#tables.departed();
	}

	ban(kind: Ban["kind"], value: string, now: number): Ban | null {
		return this.#tables.ban(kind, value, now);
	}

	hasJoined(tokenId: string): boolean {
		return this.#tables.hasJoined(tokenId) || [...this.#members.values()].some((member) => member.tokenId === tokenId);
	}

	hasEnded(connection: string): boolean {
		return this.#tables.hasEnded(connection);
	}

	/**
	 * Of the rules of a call and those that were told before the later ones, for isolates remember records for a while. A record that does
	 * not say when it was written (a seed's) counts as it comes.
	 */
	latest(rules: RoomRules): RoomRules {
		const known = this.#record.rules;
		const { revision = 0 } = rules;
		return known && revision > 0 && (known.revision ?? 0) > revision ? known : rules;
	}

	/** Remembers the rules of a call, for what the alarm does later. */
	learnRules(rules: RoomRules): void {
		const latest = this.latest(rules);
		if (JSON.stringify(this.#record.rules) !== JSON.stringify(latest)) this.change({ rules: latest });
	}

	change(part: Partial<RoomRecord>): void {
		this.#record = { ...this.#record, ...part };
		this.#tables.putRecord(this.#record);
	}

	apply(plan: Plan, now: number): Applied {
		const wasEmpty = this.#members.size === 0;
		const departures = (plan.gone ?? []).map(({ member, because }) => this.#depart(member, because, now));
		for (const member of plan.put ?? []) this.#put(member, now);
		if (plan.ban) this.#tables.putBan(plan.ban);
		if (plan.spend) this.#tables.putJoined(plan.spend.token, plan.spend.until);
		if (plan.unspend !== undefined) this.#tables.forgetJoined(plan.unspend);
		for (const connection of [...(plan.ended ?? []), ...departures.flatMap(({ member }) => nameOf(member.provider))])
			this.#tables.putEnded(connection, now + ENDED_KEPT_MS);
		if (plan.status) this.change({ ownStatus: plan.status });
		if (wasEmpty !== (this.#members.size === 0))
			this.errands.add("watch", "watch", { nonce: crypto.randomUUID() }, now);
		if (this.#record.cleanAt === null) this.change({ cleanAt: now + CLEAN_AFTER_MS });
		const released = this.#release(departures, now);
		return { departures, released, statusChanged: plan.status !== undefined };
	}

	/** The viewer's session, when no one who is here holds it; it is ended in a while unless the caller does. */
	releaseHold({ viewer, key, startedAt }: Hold, now: number): readonly Released[] {
		if ([...this.#members.values()].some(({ hold }) => hold?.viewer === viewer && hold.key === key)) return [];
		const released = { viewer, key, startedAt };
		this.errands.add(releaseId(released), "release", released, now + RELEASE_AFTER_MS);
		return [released];
	}

	/** True when nothing is left that is worth keeping. */
	clean(now: number): boolean {
		const left = this.#tables.clean(now) || this.#record.ownStatus !== null;
		this.change({ cleanAt: left ? now + CLEAN_AFTER_MS : null });
		return !left;
	}

	#put(member: Member, now: number): void {
		if (member.seq > this.#record.lastSeq) {
			const freshAt = Math.min(this.#record.freshAt ?? Number.POSITIVE_INFINITY, now + FRESH_AFTER_MS);
			this.change({ lastSeq: member.seq, freshAt });
		}
		this.#members.set(member.id, member);
		this.#tables.putMember(member);
	}

	#depart(member: Member, because: GoneBecause, now: number): Departure {
		const gone: Member = { ...member, status: "gone", because, goneAt: now, deadline: null, kept: {} };
		this.#members.delete(member.id);
		this.#tables.putMember(gone);
		return { member: gone, because, before: member.status };
	}

	#release(departures: readonly Departure[], now: number): readonly Released[] {
		const holds = departures.flatMap(({ member }) => (member.hold === null ? [] : [member.hold]));
		return holds.flatMap((hold) => this.releaseHold(hold, now));
	}
}
