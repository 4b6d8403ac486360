/**
 * What one decision writes in an object that is there already: rows, and alarms set, which cost a row each. `test/worker/limits/rows-written.test.ts`
 * counts them in the real object, and docs/scale.md shows them.
 */
export const written = {
	"a start, the first of an object": { rows: 1, alarms: 1 },
	"a start": { rows: 1, alarms: 0 },
	"a start that ends another session": { rows: 2, alarms: 0 },
	"a touch": { rows: 1, alarms: 0 },
	"a touch, 4 s after one of another isolate": { rows: 0, alarms: 0 },
	"a use (`maxu`) that comes alone": { rows: 2, alarms: 0 },
	"a new address (`maxip`)": { rows: 2, alarms: 0 },
	"a known address": { rows: 0, alarms: 0 },
	"a start with a use and a new address": { rows: 4, alarms: 0 },
	"an address of the other family, under a grant": { rows: 2, alarms: 0 },
	'a start at a new address, `ip_counting: "sessions"`': { rows: 4, alarms: 0 },
	"a touch at the same address, the same": { rows: 1, alarms: 0 },
	"a touch at another address, which replaces it": { rows: 4, alarms: 0 },
} as const;

/** Bytes of an object's storage: with empty tables, and with a viewer's first rows. */
export const stored = { empty: 49_152, used: 53_248 } as const;
