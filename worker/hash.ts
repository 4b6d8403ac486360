import { createHash } from "node:crypto";

/** base64url SHA-256 of a text, 43 characters. Synchronous: for short texts a promise costs more than the hash. */
export function sha256(text: string): string {
	return createHash("sha256").update(text).digest("base64url");
}
