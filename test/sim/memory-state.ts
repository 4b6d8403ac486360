import type { Client } from "../../worker/limits/contract.ts";
import type { Places } from "../../worker/limits/places.ts";
import type { SessionRow, TokenRef, ViewerState } from "../../worker/limits/state.ts";

interface Token {
	used: number;
	readonly addresses: Set<string>;
	readonly playbacks: Set<string>;
	readonly partners: Map<string, string>;
	readonly holders: Set<string>;
}

const MINUTE_MS = 60_000;

/** What the object's tables hold, in memory: the state that the gate's own `decide` judges and changes. */
export class MemoryState implements ViewerState {
	readonly #tokens = new Map<string, Token>();
	readonly #devices = new Set<string>();
	readonly #sessions = new Map<string, SessionRow>();
	/** By minute; the one before is kept. */
	#spent = new Map<number, Set<string>>();

	wasSpent(requestId: string): boolean {
		for (const ids of this.#spent.values()) if (ids.has(requestId)) return true;
		return false;
	}

	noteSpent(requestId: string, now: number): void {
		const minute = Math.floor(now / MINUTE_MS);
		const ids = this.#spent.get(minute);
		if (ids) ids.add(requestId);
		else {
			const before = [...this.#spent].filter(([old]) => old >= minute - 1);
			this.#spent = new Map([...before, [minute, new Set([requestId])]]);
		}
	}

	usesOf(tokenId: string): number {
		return this.#tokens.get(tokenId)?.used ?? 0;
	}

	addUse({ id }: TokenRef): void {
		this.#token(id).used += 1;
	}

	removeUse(tokenId: string): void {
		this.#token(tokenId).used -= 1;
	}

	playbackCounted(tokenId: string, sessionKey: string, startedAt: number): boolean {
		return this.#tokens.get(tokenId)?.playbacks.has(`${startedAt} ${sessionKey}`) ?? false;
	}

	notePlayback(tokenId: string, sessionKey: string, startedAt: number): void {
		this.#token(tokenId).playbacks.add(`${startedAt} ${sessionKey}`);
	}

	knowsAddress(tokenId: string, address: string): boolean {
		return this.#tokens.get(tokenId)?.addresses.has(address) ?? false;
	}

	addressesOf(tokenId: string): number {
		return this.#tokens.get(tokenId)?.addresses.size ?? 0;
	}

	addAddress({ id }: TokenRef, address: string): void {
		this.#token(id).addresses.add(address);
	}

	removeAddress({ id }: TokenRef, address: string): void {
		this.#token(id).addresses.delete(address);
	}

	readonly places: Places = {
		partnerOf: (tokenId, address) => this.#tokens.get(tokenId)?.partners.get(address) ?? null,
		pair: (tokenId, address, partner) => {
			this.#token(tokenId).partners.set(address, partner).set(partner, address);
		},
		unpair: (tokenId, address, partner) => {
			for (const each of [address, partner]) this.#token(tokenId).partners.delete(each);
		},
		isHolder: (tokenId, sessionKey) => this.#tokens.get(tokenId)?.holders.has(sessionKey) ?? false,
		holders: () => new Set([...this.#tokens.values()].flatMap(({ holders }) => [...holders])),
		noteHolder: (tokenId, sessionKey) => {
			this.#token(tokenId).holders.add(sessionKey);
		},
	};

	knowsDevice(id: string): boolean {
		return this.#devices.has(id);
	}

	deviceCount(): number {
		return this.#devices.size;
	}

	addDevice({ device }: Client): void {
		this.#devices.add(device);
	}

	/** Nobody names one here. */
	deviceNames(): ReadonlyMap<string, string> {
		return new Map();
	}

	session(key: string): SessionRow | null {
		return this.#sessions.get(key) ?? null;
	}

	aliveSessions(now: number): SessionRow[] {
		const alive = [...this.#sessions.values()].filter(
			(row) => row.endedBy === null && row.seenAt + row.ttlSeconds * 1000 > now,
		);
		return alive.toSorted((left, right) => left.startedAt - right.startedAt || (left.key < right.key ? -1 : 1));
	}

	putSession(row: SessionRow): void {
		this.#sessions.set(row.key, row);
	}

	forgetLapsed(now: number): void {
		const lapsed = [...this.#sessions.values()].filter(
			(row) => row.endedBy === null && row.barredAt === null && row.seenAt + row.ttlSeconds * 1000 <= now,
		);
		if (lapsed.length === 0) return;
		const holders = this.places.holders();
		for (const { key } of lapsed) if (!holders.has(key)) this.#sessions.delete(key);
	}

	#token(id: string): Token {
		const known = this.#tokens.get(id);
		if (known) return known;
		const fresh: Token = {
			used: 0,
			addresses: new Set(),
			playbacks: new Set(),
			partners: new Map(),
			holders: new Set(),
		};
		this.#tokens.set(id, fresh);
		return fresh;
	}
}
