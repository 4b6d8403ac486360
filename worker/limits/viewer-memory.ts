import type { Client } from "./contract.ts";
import type { DeviceOwner } from "./device-contract.ts";
import type { DeviceOutbox } from "./device-outbox.ts";
import type { LeaseBook } from "./leases/book.ts";
import type { Kind, Totals } from "./leases/contract.ts";
import type { LeaseState } from "./leases/state.ts";
import type { Places } from "./places.ts";
import type { SessionRow, TokenRef, ViewerState } from "./state.ts";
import type { TokenRow, ViewerTables } from "./tables.ts";

const MINUTE_MS = 60_000;
const minuteOf = (now: number): number => Math.floor(now / MINUTE_MS);
/** Answers of the tables that are remembered; beyond that they are asked again. */
const MOST_REMEMBERED = 10_000;

/**
 * The viewer's rows at hand, so that a batch of decisions reads each row once and writes each changed row once. It is an image of the
 * tables, never ahead of them: `flush` writes what a batch changed, in the transaction of the batch, and whoever cannot commit throws the
 * whole image away.
 */
export class ViewerMemory implements ViewerState, LeaseState {
	readonly #tables: ViewerTables;
	readonly #outbox: DeviceOutbox;
	readonly #leases: LeaseBook;
	readonly #tokens = new Map<string, TokenRow>();
	/** Whether a row is there, by what names it. */
	readonly #addresses = new Map<string, boolean>();
	readonly #playbacks = new Map<string, boolean>();
	#sessions: Map<string, SessionRow> | null = null;
	#devices: Set<string> | null = null;
	#spent: Map<number, Set<string>> | null = null;
	/** What is to be written, in order; rows that are named again are written once, as they are at the end. */
	readonly #changes = new Map<string, () => void>();
	readonly #spentNow = new Map<number, string[]>();
	/** Devices that are to be told of in the account's index, and whose they are. */
	readonly #changedDevices = new Set<string>();
	#owner: DeviceOwner | null = null;
	#now = 0;

	/** No image: few decisions ask. */
	readonly places: Places;

	constructor(tables: ViewerTables, outbox: DeviceOutbox, places: Places, leases: LeaseBook) {
		this.#tables = tables;
		this.#outbox = outbox;
		this.places = places;
		this.#leases = leases;
	}

	/** Writes what has changed since the last flush. True when that left something to deliver to the account's index. */
	flush(): boolean {
		for (const write of this.#changes.values()) write();
		this.#changes.clear();
		this.#leases.flush();
		for (const [minute, ids] of this.#spentNow) this.#tables.putSpent(minute, ids);
		this.#spentNow.clear();
		if (this.#changedDevices.size === 0) return false;
		const queued = this.#outbox.queue(this.#owner, this.#changedDevices, this.#now);
		this.#changedDevices.clear();
		return queued;
	}

	/** Requests are kept by minute, so that old ones go together. */
	wasSpent(requestId: string, now: number): boolean {
		for (const ids of this.#spentBy(now).values()) if (ids.has(requestId)) return true;
		return false;
	}

	/** Whether a use may still be given back: its request is known. */
	mayBeRefunded(now: number): boolean {
		const spent = this.#spentBy(now);
		for (const [minute, ids] of spent) {
			if (minute < minuteOf(now) - 1) spent.delete(minute);
			else if (ids.size > 0) return true;
		}
		return false;
	}

	noteSpent(requestId: string, now: number, like?: string): void {
		const spent = this.#spentBy(now);
		const likes = like === undefined ? [] : [...spent].filter(([, known]) => known.has(like));
		const minute = Math.max(minuteOf(now), ...likes.map(([each]) => each));
		const ids = spent.get(minute);
		if (ids) ids.add(requestId);
		else this.#startMinute(spent, minute, requestId);
		const written = this.#spentNow.get(minute);
		if (written) written.push(requestId);
		else this.#spentNow.set(minute, [requestId]);
	}

	usesOf(tokenId: string): number {
		return this.#token(tokenId)?.used ?? 0;
	}

	addUse(token: TokenRef): void {
		const { used = 0, addresses = 0 } = this.#token(token.id) ?? {};
		this.#putToken({ ...token, used: used + 1, addresses });
	}

	removeUse(tokenId: string): void {
		const row = this.#token(tokenId);
		if (row && row.used > 0) this.#putToken({ ...row, used: row.used - 1 });
	}

	addressesOf(tokenId: string): number {
		return this.#token(tokenId)?.addresses ?? 0;
	}

	knowsAddress(tokenId: string, address: string): boolean {
		return remembered(this.#addresses, `${tokenId} ${address}`, () => this.#tables.hasAddress(tokenId, address));
	}

	addAddress(token: TokenRef, address: string): void {
		const name = `${token.id} ${address}`;
		this.#addresses.set(name, true);
		this.#changes.set(`address ${name}`, () => this.#tables.putAddress(token.id, address));
		const { used = 0, addresses = 0 } = this.#token(token.id) ?? {};
		this.#putToken({ ...token, used, addresses: addresses + 1 });
	}

	removeAddress(token: TokenRef, address: string): void {
		const name = `${token.id} ${address}`;
		this.#addresses.set(name, false);
		this.#changes.set(`address ${name}`, () => this.#tables.removeAddress(token.id, address));
		const { used = 0, addresses = 0 } = this.#token(token.id) ?? {};
		this.#putToken({ ...token, used, addresses: addresses - 1 });
	}

	playbackCounted(tokenId: string, sessionKey: string, startedAt: number): boolean {
		const name = `${tokenId} ${startedAt} ${sessionKey}`;
		return remembered(this.#playbacks, name, () => this.#tables.hasPlayback(tokenId, sessionKey, startedAt));
	}

	notePlayback(tokenId: string, sessionKey: string, startedAt: number): void {
		const name = `${tokenId} ${startedAt} ${sessionKey}`;
		this.#playbacks.set(name, true);
		this.#changes.set(`playback ${name}`, () => this.#tables.putPlayback(tokenId, sessionKey, startedAt));
	}

	knowsDevice(id: string): boolean {
		return this.#allDevices().has(id);
	}

	deviceCount(): number {
		return this.#allDevices().size;
	}

	addDevice({ device, userAgent }: Client, owner: DeviceOwner | undefined, now: number): void {
		this.#allDevices().add(device);
		this.#changeDevice(device, owner, now, () => this.#tables.putDevice(device, userAgent, now));
	}

	deviceNames(): ReadonlyMap<string, string> {
		return new Map(this.#tables.devices().flatMap(({ id, name }) => (name === null ? [] : [[id, name]])));
	}

	/** The device must be known. */
	renameDevice(id: string, name: string | null, owner: DeviceOwner, now: number): void {
		this.#changeDevice(id, owner, now, () => this.#tables.renameDevice(id, name, now));
	}

	/** Removes those of `ids` that are known, or all devices when it is null; answers how many. */
	removeDevices(ids: readonly string[] | null, owner: DeviceOwner, now: number): number {
		const known = (ids ?? [...this.#allDevices()]).filter((id) => this.#allDevices().delete(id));
		for (const id of known) this.#changeDevice(id, owner, now, () => this.#tables.removeDevice(id));
		return known.length;
	}

	session(key: string): SessionRow | null {
		return this.#allSessions().get(key) ?? null;
	}

	aliveSessions(now: number): SessionRow[] {
		const alive = [...this.#allSessions().values()].filter((row) => row.endedBy === null && lapsesAt(row) > now);
		return alive.toSorted((left, right) => left.startedAt - right.startedAt || (left.key < right.key ? -1 : 1));
	}

	/** Alive ones and those that were ended, newest first. */
	listSessions(now: number): SessionRow[] {
		const known = [...this.#allSessions().values()].filter((row) => row.endedBy !== null || lapsesAt(row) > now);
		return known.toSorted((left, right) => right.startedAt - left.startedAt || (left.key < right.key ? -1 : 1));
	}

	putSession(row: SessionRow): void {
		this.#allSessions().set(row.key, row);
		this.#changes.set(`session ${row.key}`, () => this.#tables.putSession(row));
	}

	lease(tokenId: string, shard: number, kind: Kind): Totals {
		return this.#leases.get(tokenId, shard, kind);
	}

	/** With a row of the token, for leases are forgotten with it. */
	putLease(token: TokenRef, shard: number, kind: Kind, totals: Totals): void {
		this.#leases.put(token, shard, kind, totals);
		this.lend(token, kind, 0);
	}

	counted(tokenId: string, kind: Kind): number {
		return kind === "uses" ? this.usesOf(tokenId) : this.addressesOf(tokenId);
	}

	lend(token: TokenRef, kind: Kind, change: number): void {
		const { used = 0, addresses = 0 } = this.#token(token.id) ?? {};
		const counts = kind === "uses" ? { used: used + change, addresses } : { used, addresses: addresses + change };
		this.#putToken({ id: token.id, expiresAt: token.expiresAt, ...counts });
	}

	forgetLapsed(now: number): void {
		const lapsed = [...this.#allSessions().values()].filter(
			(row) => row.endedBy === null && lapsesAt(row) <= now && row.seenAt !== LONG_AGO,
		);
		if (lapsed.length === 0) return;
		const holders = this.places.holders();
		for (const row of lapsed) {
			if (row.barredAt !== null || holders.has(row.key)) this.putSession({ ...row, seenAt: LONG_AGO });
			else this.#removeSession(row.key);
		}
	}

	/** As the clean-up would a little later: a row that is removed costs the same now. */
	#removeSession(key: string): void {
		this.#allSessions().delete(key);
		this.#changes.set(`session ${key}`, () => this.#tables.removeSession(key));
	}

	#token(id: string): TokenRow | null {
		const known = this.#tokens.get(id) ?? this.#tables.token(id);
		if (known) this.#tokens.set(id, known);
		return known;
	}

	#putToken(row: TokenRow): void {
		this.#tokens.set(row.id, row);
		this.#changes.set(`token ${row.id}`, () => this.#tables.putToken(row));
	}

	#allSessions(): Map<string, SessionRow> {
		return (this.#sessions ??= new Map(this.#tables.sessions().map((row) => [row.key, row])));
	}

	#changeDevice(id: string, owner: DeviceOwner | undefined, now: number, write: () => void): void {
		this.#changes.set(`device ${id}`, write);
		this.#changedDevices.add(id);
		this.#owner = owner ?? this.#owner;
		this.#now = now;
	}

	#allDevices(): Set<string> {
		return (this.#devices ??= new Set(this.#tables.deviceIds()));
	}

	#spentBy(now: number): Map<number, Set<string>> {
		if (this.#spent) return this.#spent;
		const minute = minuteOf(now);
		return (this.#spent = this.#tables.spentSince(minute - 1));
	}

	#startMinute(spent: Map<number, Set<string>>, minute: number, requestId: string): void {
		for (const old of spent.keys()) if (old < minute - 1) spent.delete(old);
		spent.set(minute, new Set([requestId]));
		this.#changes.set("spent", () => this.#tables.forgetSpentBefore(minute - 1));
	}
}

const LONG_AGO = 0;
const lapsesAt = (row: SessionRow): number => row.seenAt + row.ttlSeconds * 1000;

function remembered(known: Map<string, boolean>, name: string, ask: () => boolean): boolean {
	const answer = known.get(name);
	if (answer !== undefined) return answer;
	if (known.size >= MOST_REMEMBERED) known.clear();
	const asked = ask();
	known.set(name, asked);
	return asked;
}
