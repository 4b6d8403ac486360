// What crosses RPC about leases (docs/storage.md). All counts are totals over the token's life and only grow, so that a message that
// is lost, late or doubled does no harm: the next one says the same again, and more. Add optional members only.

/** What is lent: uses of `maxu`, addresses of `maxip`. */
export type Kind = "uses" | "addresses";

/** The limits that are lent out, as the token says them. */
export interface LentLimits {
	readonly maxu?: number;
	readonly maxip?: number;
}

/** What the root ever granted a shard of one kind, and what of it ever came back. */
export interface Totals {
	readonly granted: number;
	readonly returned: number;
}

export type Ledger = Readonly<Record<Kind, Totals>>;

/** `Totals.granted` of some kinds. */
export type Granted = Readonly<Partial<Record<Kind, number>>>;

/** Makes an `AdmitRequest` one to a shard. */
export interface LeaseAsk {
	readonly shard: number;
	/** `AdmitRequest.limits` then says 0 of each, so that an object that knows nothing of leases refuses and answers without `LeaseWord`. */
	readonly limits: LentLimits;
	/** News of the root, for the shard to take in before it judges. */
	readonly granted?: Granted;
	/** Kinds of which the root says that nothing is left, there or anywhere. */
	readonly spent?: readonly Kind[];
}

/** What a shard says of its lease beside its answer. */
export interface LeaseWord {
	readonly ledger: Ledger;
	/** Kinds of which the request needs a unit and the shard has none: then the refusal beside is not the last word. */
	readonly wants: readonly Kind[];
	/** How many requests want a unit now, this one included. */
	readonly demand: Readonly<Record<Kind, number>>;
	/** Kinds that will soon have run out; whoever is told refills them behind the answer. */
	readonly low: readonly Kind[];
	/** The request has waited for others that fetch units for as long as one should: what it wants cannot be had now. */
	readonly late?: true;
}

/** A shard's ledger, and the kinds of which it had nothing unused when it said so. */
export interface Report {
	readonly shard: number;
	readonly ledger: Ledger;
	readonly empty: readonly Kind[];
}

/** Asks the root for units. */
export interface GrantAsk {
	readonly token: { readonly id: string; readonly expiresAt: number };
	readonly limits: LentLimits;
	readonly shards: number;
	readonly shard: number;
	readonly wants: readonly Kind[];
	readonly demand: Readonly<Record<Kind, number>>;
	/** The newest word of the shard itself, and of those that were called back. */
	readonly reports: readonly Report[];
	/** Answers what it would, and writes nothing. */
	readonly dryRun: boolean;
}

export interface GrantAnswer {
	/** For the shard that asked. */
	readonly granted: Granted;
	/** Nothing is left here, but these may hold units that they do not use. */
	readonly recall: readonly Recall[];
	readonly spent: readonly Kind[];
}

/** A shard that is to give back what it does not use of these kinds; it may not have heard of all that it was granted. */
export interface Recall {
	readonly shard: number;
	readonly granted: Granted;
}

/** `kinds`: what is to be given back; none of them only tells the shard what was granted. */
export interface RecallAsk extends Recall {
	readonly token: GrantAsk["token"];
	readonly kinds: readonly Kind[];
	/** The request that was sent to fetch units, when this is what came of it. */
	readonly by?: string;
	/** The root cannot lend: who waits for units asks it, each for itself. */
	readonly alone?: true;
}
