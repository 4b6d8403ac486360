import { createHash, randomBytes } from "node:crypto";

/** A management token as its holder has it: `pgt_<id>_<secret>`. The prefix lets secret scanners find one that leaked. */
export interface TokenParts {
	/** 16 hex digits; names the record, and is no secret. */
	readonly id: string;
	/** base64url SHA-256 of the secret. */
	readonly secretHash: string;
}

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOKEN = /^pgt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

// A plain hash is enough: the secret has 256 random bits, so there is nothing to try out. Not `sha256` of hash.ts, which remembers texts.
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

/** A new token: its text, to be told once, and what is kept of it. */
export function newToken(): TokenParts & { readonly text: string } {
	const id = randomBytes(ID_BYTES).toString("hex");
	const secret = randomBytes(SECRET_BYTES).toString("base64url");
	return { id, secretHash: hashOf(secret), text: `pgt_${id}_${secret}` };
}

/** Null when `text` has not the form of a token. */
export function parseToken(text: string): TokenParts | null {
	const [, id, secret] = TOKEN.exec(text) ?? [];
	return id === undefined || secret === undefined ? null : { id, secretHash: hashOf(secret) };
}
