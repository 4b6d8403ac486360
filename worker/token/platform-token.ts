import { CompactSign, compactVerify, exportJWK, importJWK, importPKCS8 } from "jose";
import { LRUCache } from "lru-cache";
import { MAX_TOKEN_LENGTH } from "./compact.ts";
import { parseJsonObject } from "./json-object.ts";

/** What an account signs its tokens for a real-time platform with: a shared secret (HS256), or its own RSA key (RS256, PKCS #8 in PEM). */
export type PlatformKey =
	| { readonly algorithm: "HS256"; readonly secret: string }
	| { readonly algorithm: "RS256"; readonly privateKey: string };

export type PlatformClaims = Readonly<Record<string, unknown>>;

interface Pair {
	readonly signs: CryptoKey | Uint8Array;
	readonly verifies: CryptoKey | Uint8Array;
}

const MOST_PAIRS = 100;
const pairs = new LRUCache<string, Promise<Pair>>({ max: MOST_PAIRS });

/** A JWT as the platform's own SDKs make it. */
export async function signPlatformToken(claims: PlatformClaims, key: PlatformKey): Promise<string> {
	const { signs } = await pairOf(key);
	const payload = new TextEncoder().encode(JSON.stringify(claims));
	return new CompactSign(payload).setProtectedHeader({ alg: key.algorithm, typ: "JWT" }).sign(signs);
}

/** Its claims; null where `key` has not signed it, or it is no JWT. Times and everything else are still to be judged. */
export async function readPlatformToken(raw: string, key: PlatformKey): Promise<PlatformClaims | null> {
	if (raw.length > MAX_TOKEN_LENGTH) return null;
	const { verifies } = await pairOf(key);
	try {
		const { payload } = await compactVerify(raw, verifies, { algorithms: [key.algorithm] });
		const claims = parseJsonObject(utf8.decode(payload));
		return typeof claims === "string" ? null : claims;
	} catch {
		return null;
	}
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function pairOf(key: PlatformKey): Promise<Pair> {
	if (key.algorithm === "HS256") {
		const secret = new TextEncoder().encode(key.secret);
		return { signs: secret, verifies: secret };
	}
	const known = pairs.get(key.privateKey) ?? importPair(key.privateKey);
	pairs.set(key.privateKey, known);
	return known;
}

/** Who holds the private key holds the public one. */
async function importPair(pem: string): Promise<Pair> {
	const signs = await importPKCS8(pem, "RS256", { extractable: true });
	const { kty, n, e } = await exportJWK(signs);
	if (kty === undefined || n === undefined || e === undefined) throw new Error("the private key is not one of RSA");
	return { signs, verifies: await importJWK({ kty, n, e }, "RS256") };
}
