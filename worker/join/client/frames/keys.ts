/**
 * AES_128_GCM_SHA256_128 (RFC 9605, section 4.5): key of 16 bytes, nonce of 12, tag of 16.
 */
export const SUITE = 0x0004;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** OWASP's figure for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet). */
const ITERATIONS = 600_000;

/** What frames are encrypted with under one key id. */
export interface FrameKey {
	readonly key: CryptoKey;
	readonly salt: Uint8Array;
}

/** The secret of a session, stretched; derives the keys of every sender. It cannot be exported, and nothing of it is sent anywhere. */
export class SessionKey {
	readonly #base: CryptoKey;

	private constructor(base: CryptoKey) {
		this.#base = base;
	}

	/** `session` is the salt: the same secret makes other keys in another session. Takes a good part of a second. */
	static async derive(secret: string, session: string): Promise<SessionKey> {
		const text = new TextEncoder();
		const password = await crypto.subtle.importKey("raw", text.encode(secret), "PBKDF2", false, ["deriveBits"]);
		const salt = text.encode(`playgate e2ee\n${session}`);
		const stretch = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS };
		const bits = await crypto.subtle.deriveBits(stretch, password, 256);
		return SessionKey.fromBaseKey(new Uint8Array(bits));
	}

	/** RFC 9605, section 4.4.2: the base key as the input of HKDF. */
	static async fromBaseKey(baseKey: Uint8Array<ArrayBuffer>): Promise<SessionKey> {
		return new SessionKey(await crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveBits"]));
	}

	async frameKey(kid: bigint): Promise<FrameKey> {
		const [key, salt] = await Promise.all([this.#expand("key", kid, 16), this.#expand("salt", kid, NONCE_BYTES)]);
		const usable = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
		return { key: usable, salt };
	}

	/** HKDF's info: "SFrame 1.0 Secret key " or "... salt ", the key id in eight bytes, the suite in two. */
	async #expand(what: "key" | "salt", kid: bigint, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
		const label = new TextEncoder().encode(`SFrame 1.0 Secret ${what} `);
		const info = new Uint8Array(label.length + 10);
		info.set(label);
		const view = new DataView(info.buffer);
		view.setBigUint64(label.length, kid);
		view.setUint16(label.length + 8, SUITE);
		const expand = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
		return new Uint8Array(await crypto.subtle.deriveBits(expand, this.#base, bytes * 8));
	}
}

/** RFC 9605, section 4.4.3: the salt, with the counter xored into its end. */
export function nonceOf({ salt }: FrameKey, ctr: bigint): Uint8Array<ArrayBuffer> {
	const nonce = new Uint8Array(salt);
	const view = new DataView(nonce.buffer);
	view.setBigUint64(NONCE_BYTES - 8, view.getBigUint64(NONCE_BYTES - 8) ^ ctr);
	return nonce;
}
