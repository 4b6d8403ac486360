/** One rule of admission: a row of a table. */
export interface Rule<Facts> {
	/** Kebab-case and stable: told to clients as `rule`. */
	readonly name: string;
	/** Where it comes from. */
	readonly source: string;
	/** What breaks it, or null. Never repeats a value that a peer chose. */
	readonly check: (facts: Facts) => string | null;
}

/** A rule that was broken, and how. */
export interface Fault {
	readonly rule: string;
	readonly detail: string;
}

export function firstFault<Facts>(rules: readonly Rule<Facts>[], facts: Facts): Fault | null {
	for (const { name, check } of rules) {
		const detail = check(facts);
		if (detail !== null) return { rule: name, detail };
	}
	return null;
}

/** The first of what `find` says of each. */
export function firstOf<T>(items: Iterable<T>, find: (item: T) => string | null): string | null {
	for (const item of items) {
		const found = find(item);
		if (found !== null) return found;
	}
	return null;
}
