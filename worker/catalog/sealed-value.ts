import * as v from "valibot";
import type { Sealer } from "../sealing.ts";
import { string } from "./fields.ts";

/** Begins a secret as it is stored. */
export const SEALED = "sealed:";
/** What `GET` shows in the place of a secret; sent back, it stands for the value that is stored. */
export const SECRET_MASK = "********";

/** A secret of at most so many characters, as users write it or as it is stored: sealed, it is longer. */
export const secret = (most: number) =>
	v.pipe(
		string,
		v.minLength(1, "must not be empty"),
		v.check(
			(value) => value.length <= (value.startsWith(SEALED) ? 2 * most + 100 : most),
			`must be at most ${most} characters`,
		),
	);

/** What seals the secrets of one record. `context` is authenticated with each of them, so that none opens in another's place. */
export interface Sealing {
	readonly sealer: Sealer;
	readonly context: string;
	/** What kind of record it is: "video". */
	readonly kind: string;
	readonly complain: (issue: string) => void;
}

/** A secret as users write it, sealed; the mask keeps what is stored, and what is sealed already stays. */
export function sealValue(
	value: string,
	at: string,
	stored: string | null | undefined,
	{ sealer, context, kind, complain }: Sealing,
): string {
	if (value === SECRET_MASK) {
		if (typeof stored === "string") return stored;
		complain(`${at}: the mask stands for a stored value, and there is none; give the value`);
	} else if (value.startsWith(SEALED)) {
		if (openValue(value, sealer, context) !== null) return value;
		complain(`${at}: was sealed for another ${kind} or with another CONTENT_SECRET; give the value`);
	}
	return SEALED + sealer.seal(value, context);
}

/** The secret itself, or null when it was not sealed with this secret and context. */
export function openValue(sealed: string, sealer: Sealer, context: string): string | null {
	return sealer.open(sealed.slice(SEALED.length), context);
}
