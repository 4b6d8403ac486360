import { KEY_PARAMETERS, weaknessOf } from "./algorithms.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";

/** A public key that a publisher may register. */
export interface VerificationKeyMaterial {
	readonly algorithm: SignatureAlgorithm;
	readonly key: CryptoKey;
	/** The key as base64 of SPKI DER on one line, however it was sent. */
	readonly value: string;
}

/** A key, or a message that says what was wrong with what was sent and never repeats it. */
export type PublicKeyResult =
	| ({ readonly ok: true } & VerificationKeyMaterial)
	| { readonly ok: false; readonly message: string };

type Bytes = Uint8Array<ArrayBuffer>;
type Shape = SignatureAlgorithm | "pkcs1" | { readonly message: string };

const MAX_LENGTH = 16_384;

const PRIVATE = {
	message:
		"this is a private key: never send one to anyone. Make a new key pair, keep its private key and send only the public key",
};
const CERTIFICATE = {
	message: "this is a certificate; send the public key in it (openssl x509 -pubkey -noout -in FILE)",
};
const NOT_BASE64 = {
	message: "a public key must be standard base64 of its SPKI DER, or PEM that begins with -----BEGIN PUBLIC KEY-----",
};
const NOT_SPKI = { message: "this is not the DER of a public key (SubjectPublicKeyInfo)" };
const UNREADABLE = { message: "the public key is damaged, or its values are out of range" };

// What arrives as text, before any decoding. A private key is looked for first, and anywhere.
const TEXT_SHAPES: readonly (readonly [RegExp, { readonly message: string }])[] = [
	[/PRIVATE KEY|"d"\s*:/, PRIVATE],
	[/-----BEGIN [A-Z0-9 ]*CERTIFICATE/, CERTIFICATE],
	[/^\{/, { message: "this is a JWK; send SPKI, or publish the key set and register its URL" }],
	[/^(?:ssh|ecdsa)-/, { message: "this is an OpenSSH key; convert it with ssh-keygen -e -m PKCS8 -f FILE" }],
];

// The hexadecimal beginning of a DER SEQUENCE's content. SPKI begins with its AlgorithmIdentifier (RFC 5280 section
// 4.1.2.7, RFC 3279 section 2.3.1, RFC 5480 section 2.1.1); private keys with a version number (RFC 5208, 5915, 8017).
const DER_SHAPES: readonly (readonly [RegExp, Shape])[] = [
	[/^300d06092a864886f70d0101010500/, "RS256"],
	[/^301306072a8648ce3d020106082a8648ce3d030107/, "ES256"],
	[/^0201(?:00|01|03)/, PRIVATE],
	[/^30(?:81)?..06092a864886f70d0105/, PRIVATE], // encrypted PKCS #8
	[/^0282/, "pkcs1"],
	[/^028[01]|^02[0-7]/, { message: "this looks like an RSA key of less than 2048 bits" }],
	[/^30(?:81)?..06072a8648ce3d0201/, { message: "the elliptic curve must be P-256 (prime256v1)" }],
	[/^30..06032b65/, { message: "Ed25519 and related keys are not supported; use RSA, or EC with P-256" }],
	[/^30(?:81)?..06092a864886f70d01010a/, { message: "the key is for RSA-PSS only; make a plain RSA key" }],
	[/^30(?:82....|81..|..)(?:a0|02)/, CERTIFICATE],
];
const SHAPE_BYTES = 24;

const RSA_ALGORITHM_IDENTIFIER = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];

/**
 * Imports a public key as Brightcove's Key API takes it (reference: brightcove 7.1): standard base64 of SPKI DER, wrapped
 * or not, or whole PEM; also PKCS #1 (`RSA PUBLIC KEY`). Runs in Workers and Node alike.
 *
 * Only RSA of 2048 to 8192 bits with exponent 65537 (RS256) and EC P-256 (ES256) are accepted. Private keys are refused
 * with a message of their own.
 */
export async function importPublicKey(value: string): Promise<PublicKeyResult> {
	const der = decode(value.trim());
	if ("message" in der) {
		return { ok: false, ...der };
	}
	const shape = shapeOf(der);
	if (typeof shape === "object") {
		return { ok: false, ...shape };
	}
	return shape === "pkcs1" ? importSpki(wrapPkcs1(der), "RS256") : importSpki(der, shape);
}

async function importSpki(der: Bytes, algorithm: SignatureAlgorithm): Promise<PublicKeyResult> {
	let key: CryptoKey;
	let exported: Bytes;
	try {
		key = await crypto.subtle.importKey("spki", der, KEY_PARAMETERS[algorithm], true, ["verify"]);
		// Exported again, because an import may accept more than one encoding of a key.
		exported = new Uint8Array((await crypto.subtle.exportKey("spki", key)) as ArrayBuffer);
	} catch {
		return { ok: false, ...UNREADABLE };
	}
	const weakness = weaknessOf(key);
	if (weakness !== undefined) {
		return { ok: false, message: weakness };
	}
	return { ok: true, algorithm, key, value: btoa(String.fromCharCode(...exported)) };
}

function decode(text: string): Bytes | { readonly message: string } {
	if (text.length > MAX_LENGTH) {
		return { message: `a public key must be at most ${MAX_LENGTH} characters long` };
	}
	const known = TEXT_SHAPES.find(([pattern]) => pattern.test(text));
	if (known !== undefined) {
		return known[1];
	}
	const armoured = /^-----BEGIN (?:RSA )?PUBLIC KEY-----([^-]*)-----END (?:RSA )?PUBLIC KEY-----$/.exec(text);
	const base64 = (armoured?.[1] ?? text).replaceAll(/\s+/g, "");
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
		return NOT_BASE64;
	}
	let binary: string;
	try {
		binary = atob(base64);
	} catch {
		return NOT_BASE64;
	}
	// PEM that was encoded once more is not accepted, but a private key in it must still be recognised.
	return binary.includes("PRIVATE KEY") ? PRIVATE : Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function shapeOf(der: Bytes): Shape {
	const [tag, first = 0] = der;
	const lengthBytes = first < 0x80 ? 0 : first - 0x80;
	if (tag !== 0x30 || lengthBytes > 2) {
		return NOT_SPKI;
	}
	const start = 2 + lengthBytes;
	const content = Array.from(der.subarray(start, start + SHAPE_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
	const shape = DER_SHAPES.find(([pattern]) => pattern.test(content.join("")))?.[1];
	return shape ?? NOT_SPKI;
}

/** Puts a PKCS #1 RSAPublicKey (RFC 8017 appendix A.1.1) into the SPKI that Web Crypto imports. */
function wrapPkcs1(der: Bytes): Bytes {
	const bitString = tagged(0x03, [0, ...der]);
	return Uint8Array.from(tagged(0x30, [...RSA_ALGORITHM_IDENTIFIER, ...bitString]));
}

function tagged(tag: number, content: readonly number[]): number[] {
	// Only for content of 256 to 65535 bytes, which is what RSA keys of 2048 bits and more have.
	return [tag, 0x82, content.length >> 8, content.length & 0xff, ...content];
}
