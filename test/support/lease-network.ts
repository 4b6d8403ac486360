import type { AdmitAnswer, AdmitRequest, Wired } from "../../worker/limits/contract.ts";
import { unwire, wire } from "../../worker/limits/contract.ts";
import { decide } from "../../worker/limits/decide.ts";
import type { ShardedLimits } from "../../worker/limits/leases/client.ts";
import { LeaseCalls } from "../../worker/limits/leases/calls.ts";
import type { GrantAsk, Kind, RecallAsk, Totals } from "../../worker/limits/leases/contract.ts";
import type { ShardState } from "../../worker/limits/leases/shard.ts";
import type { Places } from "../../worker/limits/places.ts";
import { refundUse } from "../../worker/limits/refund.ts";
import type { SessionRow, TokenRef } from "../../worker/limits/state.ts";

/** The stored state of one object of one token, in plain collections. */
export class PlainState implements ShardState {
	readonly count: Record<Kind, number> = { uses: 0, addresses: 0 };
	readonly #spent = new Set<string>();
	readonly #addresses = new Set<string>();
	readonly #playbacks = new Set<string>();
	readonly #sessions = new Map<string, SessionRow>();
	readonly #leases = new Map<string, Totals>();

	wasSpent = (id: string): boolean => this.#spent.has(id);
	noteSpent = (id: string): unknown => this.#spent.add(id);
	usesOf = (): number => this.count.uses;
	addUse = (): unknown => (this.count.uses += 1);
	removeUse = (): unknown => (this.count.uses -= 1);
	playbackCounted = (_: string, key: string, startedAt: number): boolean => this.#playbacks.has(`${key} ${startedAt}`);
	notePlayback = (_: string, key: string, startedAt: number): unknown => this.#playbacks.add(`${key} ${startedAt}`);
	knowsAddress = (_: string, address: string): boolean => this.#addresses.has(address);
	addressesOf = (): number => this.count.addresses;
	addAddress(_: TokenRef, address: string): void {
		this.#addresses.add(address);
		this.count.addresses += 1;
	}
	removeAddress(_: TokenRef, address: string): void {
		this.#addresses.delete(address);
		this.count.addresses -= 1;
	}
	/** No grant proves anything here. */
	readonly places: Places = {
		partnerOf: () => null,
		pair: () => undefined,
		unpair: () => undefined,
		isHolder: () => false,
		holders: () => new Set(),
		noteHolder: () => undefined,
	};
	deviceNames = (): ReadonlyMap<string, string> => new Map();
	knowsDevice = (): boolean => false;
	deviceCount = (): number => 0;
	addDevice(): void {}
	session = (key: string): SessionRow | null => this.#sessions.get(key) ?? null;
	aliveSessions = (): SessionRow[] => [...this.#sessions.values()];
	forgetLapsed(): void {}
	putSession = (row: SessionRow): unknown => this.#sessions.set(row.key, row);
	lease = (_: string, shard: number, kind: Kind): Totals =>
		this.#leases.get(`${shard} ${kind}`) ?? { granted: 0, returned: 0 };
	putLease = (_: TokenRef, shard: number, kind: Kind, totals: Totals): unknown =>
		this.#leases.set(`${shard} ${kind}`, totals);
	counted = (_: string, kind: Kind): number => this.count[kind];
	lend = (_: TokenRef, kind: Kind, change: number): unknown => (this.count[kind] += change);
}

/** One object as the runtime keeps it: what is stored, and what a crash loses. */
export class PlainObject {
	readonly state = new PlainState();
	readonly #now: () => number;
	readonly #pass: () => Promise<unknown>;
	#calls = this.#newLife();

	/** `pass`: after it a time that is waited for is over. */
	constructor(now: () => number, pass: () => Promise<unknown>) {
		this.#now = now;
		this.#pass = pass;
	}

	/** Who waits in it is told so when the wait ends. */
	crash(): void {
		this.#calls = this.#newLife();
	}

	async admit(asked: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> {
		const request = unwire(asked);
		if (request.lease) return this.#calls.admit(request, request.lease);
		return wire(decide(this.state, request, this.#now()));
	}

	grant(asked: Wired<GrantAsk>): Promise<string> {
		return this.#calls.grant(asked);
	}

	recall(asked: Wired<RecallAsk>): Promise<string> {
		return this.#calls.recall(asked);
	}

	refund(id: string): boolean {
		return refundUse(this.state, { id, token: "" }, this.#now());
	}

	#newLife(): LeaseCalls {
		const life: LeaseCalls = new LeaseCalls(
			async (judge) => {
				if (life !== this.#calls) throw fault();
				return judge(this.state, this.#now());
			},
			(_ms, fire) => {
				let isOn = true;
				this.#pass().then(
					() => isOn && fire(),
					() => undefined,
				);
				return () => (isOn = false);
			},
		);
		return life;
	}
}

export const ROOT = "root";

/** How one message fares: on its way there, and its answer on its way back. */
export type Fate = "arrives" | "lost" | "answer lost" | "doubled" | "crash";

/**
 * A token's objects and the network between them and the Worker. `pass` lets time go by, in an order of its own; each message then has the
 * next fate.
 */
export class LeaseNetwork {
	readonly #objects = new Map<string, PlainObject>();
	now = 1_000_000;
	pass: (label: string) => Promise<unknown> = () => Promise.resolve();
	/** Until a time that an object waits for is over. */
	waiting: (label: string) => Promise<unknown> = (label) => this.pass(label);
	fate: () => Fate = () => "arrives";
	calls = 0;

	object(name: string): PlainObject {
		let object = this.#objects.get(name);
		if (!object)
			this.#objects.set(
				name,
				(object = new PlainObject(
					() => this.now,
					() => this.waiting(`wait at ${name}`),
				)),
			);
		return object;
	}

	/** What the objects have counted by themselves: without what the root has lent. */
	used(kind: Kind): number {
		let sum = 0;
		for (const [name, { state }] of this.#objects) {
			sum += state.count[kind];
			if (name !== ROOT) continue;
			for (let shard = 0; shard < 256; shard++) {
				const { granted, returned } = state.lease("", shard, kind);
				sum -= granted - returned;
			}
		}
		return sum;
	}

	limits(shards: number): ShardedLimits {
		const stub = (name: string) => ({
			admit: (asked: string) => this.#call(name, "admit", asked),
			grant: (asked: string) => this.#call(name, "grant", asked),
			recall: (asked: string) => this.#call(name, "recall", asked),
		});
		// The client calls these three of a stub and nothing else.
		return { namespace: { getByName: stub } as unknown as ShardedLimits["namespace"], root: ROOT, shards };
	}

	async #call(name: string, method: "admit" | "grant" | "recall", asked: string): Promise<string> {
		this.calls += 1;
		const fate = this.fate();
		const label = `${method} of ${name}: ${fate}`;
		await this.pass(label);
		if (fate === "lost") throw fault();
		const object = this.object(name);
		const answer = await object[method](asked);
		if (fate === "crash") object.crash();
		if (fate === "doubled")
			void this.pass(`${label}, again`)
				.then(() => object[method](asked))
				.catch(() => {});
		await this.pass(`answer to ${label}`);
		if (fate === "answer lost" || fate === "crash") throw fault();
		return answer;
	}
}

const fault = (): Error => Object.assign(new Error("Network connection lost."), { retryable: true });
