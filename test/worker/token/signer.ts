import { base64url } from "jose";
import type { SignatureAlgorithm } from "../../../worker/token/algorithms.ts";
import type { VerificationKey } from "../../../worker/token/verify.ts";

/** Makes tokens of any form, also such as no honest library would sign. */
export interface Signer {
	readonly publicKey: VerificationKey;
	readonly privateKey: CryptoKey;
	readonly sign: (signingInput: string) => Promise<Uint8Array>;
}

const GENERATION = {
	RS256: {
		name: "RSASSA-PKCS1-v1_5",
		modulusLength: 2048,
		publicExponent: new Uint8Array([1, 0, 1]),
		hash: "SHA-256",
	},
	ES256: { name: "ECDSA", namedCurve: "P-256" },
};

export async function newSigner(algorithm: SignatureAlgorithm, id: string): Promise<Signer> {
	const pair = (await crypto.subtle.generateKey(GENERATION[algorithm], true, ["sign", "verify"])) as CryptoKeyPair;
	const { privateKey, publicKey } = pair;
	const parameters = { name: GENERATION[algorithm].name, hash: "SHA-256" };
	return {
		publicKey: { id, algorithm, key: publicKey },
		privateKey,
		sign: async (signingInput) =>
			new Uint8Array(await crypto.subtle.sign(parameters, privateKey, new TextEncoder().encode(signingInput))),
	};
}

/** A part of a token: JSON of an object, or the text or bytes as they are. */
export function part(content: object | string): string {
	return base64url.encode(
		typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content),
	);
}

export async function mint(
	signer: Signer,
	payload: object | string,
	header: object | string = { alg: signer.publicKey.algorithm },
): Promise<string> {
	const signingInput = `${part(header)}.${part(payload)}`;
	return `${signingInput}.${base64url.encode(await signer.sign(signingInput))}`;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The same bytes, spelled with an unused trailing bit set; the part must have such bits. */
export function withTrailingBit(encoded: string): string {
	if (encoded.length % 4 === 0) {
		throw new TypeError("a part of whole groups has no unused bits");
	}
	return encoded.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(encoded.slice(-1)) + 1);
}
