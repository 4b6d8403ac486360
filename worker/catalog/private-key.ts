import type { webcrypto } from "node:crypto";

const PEM = /^-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;
const LEAST_BITS = 2048;

export const PRIVATE_KEY_RULE =
	"must be an RSA key of at least 2048 bits as PKCS #8 in PEM (-----BEGIN PRIVATE KEY-----), with its line breaks";

/** Whether `pem` is a key that RS256 can be signed with (RFC 7518 section 3.3). */
export async function isSigningKey(pem: string): Promise<boolean> {
	const base64 = PEM.exec(pem)?.[1];
	if (base64 === undefined) return false;
	const der = Buffer.from(base64.replaceAll(/\s/g, ""), "base64");
	try {
		const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
		const key = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
		return (key.algorithm as webcrypto.RsaHashedKeyAlgorithm).modulusLength >= LEAST_BITS;
	} catch {
		return false; // not a key, or of another algorithm
	}
}
