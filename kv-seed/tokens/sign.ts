import { SignJWT } from "jose";
import type { SigningKey } from "./key-pair.ts";

/** Claims as they will stand in the token: nothing is checked, so that tokens to be refused can be made as well. */
export type RawClaims = Readonly<Record<string, unknown>>;

/** Signs a token (RFC 7519). `keyId` goes into the header as `kid`, and helps the gate to find the key. */
export async function signToken(key: SigningKey, claims: RawClaims, keyId?: string): Promise<string> {
	const header = keyId === undefined ? { alg: key.algorithm } : { alg: key.algorithm, kid: keyId };
	return new SignJWT({ ...claims }).setProtectedHeader(header).sign(key.privateKey);
}
