/** The signature algorithms that a publisher's key may have (RFC 7518 section 3.1); no other is ever tried. */
export type SignatureAlgorithm = "RS256" | "ES256";

/** Web Crypto import parameters of each algorithm's public key. */
export const KEY_PARAMETERS = {
	RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
	ES256: { name: "ECDSA", namedCurve: "P-256" },
} as const satisfies Record<SignatureAlgorithm, object>;

// The lower bound is RFC 7518 section 3.3. The upper one keeps a registered key from making each verification slow.
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
const RSA_EXPONENT = "1,0,1"; // 65537 as big-endian bytes, the way that a byte array prints

// What an RSA key says of itself (Web Cryptography API, RsaKeyAlgorithm); other keys have only a name.
interface RsaFacts {
	readonly name: string;
	readonly modulusLength?: number;
	readonly publicExponent?: unknown;
}

/** Narrows an `alg` member to an accepted algorithm; spelling and case must be exact. */
export function isSignatureAlgorithm(value: unknown): value is SignatureAlgorithm {
	return value === "RS256" || value === "ES256";
}

/**
 * Says what makes an imported public key unfit, or `undefined` for a fit one. RSA keys must have 2048 to 8192 bits and
 * the exponent 65537; a P-256 key has no weak form that the import accepts.
 */
export function weaknessOf(key: CryptoKey): string | undefined {
	const { modulusLength, publicExponent }: RsaFacts = key.algorithm;
	if (modulusLength === undefined) {
		return undefined;
	}
	if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
		return `the RSA key has ${modulusLength} bits; it must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`;
	}
	return String(publicExponent) === RSA_EXPONENT ? undefined : "the RSA key's public exponent must be 65537";
}
