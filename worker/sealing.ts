import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

// node:crypto rather than Web Crypto: manifests are compiled in one synchronous pass, and a promise per URI would cost more
// than the cipher. Workers and Node both have it.

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Authenticated encryption of short strings under one secret (AES-256-GCM, keys by HKDF-SHA256).
 * `purpose` separates keys: what was sealed for one purpose does not open for another.
 */
export class Sealer {
	readonly #key: Uint8Array;
	readonly #nonceKey: Uint8Array;

	constructor(secret: string, purpose: string) {
		const keys = new Uint8Array(hkdfSync("sha256", secret, "playgate", purpose, 64));
		this.#key = keys.subarray(0, 32);
		this.#nonceKey = keys.subarray(32);
	}

	/** A different text each time. `context` is authenticated with it and must be given again to open it. */
	seal(text: string, context: string): string {
		return this.#encrypt(text, context, randomBytes(NONCE_BYTES));
	}

	/** The same text each time, for URLs that players compare between two loads of a playlist (nonce as in RFC 8452's idea: from the plaintext). */
	sealSame(text: string, context: string): string {
		const nonce = createHmac("sha256", this.#nonceKey).update(context).update("\0").update(text).digest();
		return this.#encrypt(text, context, nonce.subarray(0, NONCE_BYTES));
	}

	/** The text, or null when it was not sealed with this secret, purpose and context. */
	open(sealed: string, context: string): string | null {
		const bytes = Buffer.from(sealed, "base64url");
		if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
		const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES));
		decipher.setAAD(Buffer.from(context));
		decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
		try {
			const text = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
			return Buffer.concat([text, decipher.final()]).toString("utf8");
		} catch {
			return null; // final() throws when the tag does not fit
		}
	}

	#encrypt(text: string, context: string, nonce: Uint8Array): string {
		const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
		cipher.setAAD(Buffer.from(context));
		const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
		return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url");
	}
}
