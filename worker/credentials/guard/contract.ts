/**
 * What the guard of an address says to a credential. `known` credentials were good from there before. While the address is blocked only
 * those work: `knownFingerprints` names them, so that an isolate need not ask again until `untilMs`.
 */
export type GuardVerdict =
	| { readonly state: "open" }
	| { readonly state: "known" }
	| { readonly state: "blocked"; readonly untilMs: number; readonly knownFingerprints: readonly string[] };
