/** A key id and its key, in hex as records and packagers write them. */
export const KID = "10000000100010001000100000000001";
export const KEY = "3a2a1b68dd2bd9b2eeb25e84c4776668";

export const base64url = (hex: string): string => Buffer.from(hex, "hex").toString("base64url");

/** What the CDM of a browser asks for (W3C Encrypted Media Extensions, section 9.1.3). */
export const clearKeyRequest = (...kids: readonly string[]): string =>
	JSON.stringify({ kids: kids.map(base64url), type: "temporary" });

/** What its answer is, for the one key above. */
export const CLEAR_KEY_LICENSE = { keys: [{ kty: "oct", kid: base64url(KID), k: base64url(KEY) }], type: "temporary" };
