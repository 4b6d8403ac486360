import { createHash, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";

const MOST_REMEMBERED = 4000;
const known = new LRUCache<string, string>({ max: MOST_REMEMBERED });

/**
 * base64url SHA-256 of a text, 43 characters. Synchronous: for short texts a promise costs more than the hash. Remembered, for the same
 * viewers ask again and again.
 */
export function sha256(text: string): string {
	const before = known.get(text);
	if (before !== undefined) return before;
	const hash = createHash("sha256").update(text).digest("base64url");
	known.set(text, hash);
	return hash;
}

/** Compares secrets: digests, so neither length nor prefix shows in the time it takes. */
export function isSameSecret(left: string, right: string): boolean {
	const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
	return timingSafeEqual(digest(left), digest(right));
}
