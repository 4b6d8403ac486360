import { base64url } from "jose";
import { LRUCache } from "lru-cache";
import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import { isSignatureAlgorithm } from "./algorithms.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { parseJsonObject } from "./json-object.ts";

interface Header {
	readonly algorithm: SignatureAlgorithm;
	/** The header's `kid`. */
	readonly keyId?: string;
}

/** A token that is well formed and not yet believed: nothing of it has been verified. */
export interface CompactToken extends Header {
	readonly payload: Readonly<Record<string, unknown>>;
	/** `header.payload`, the text that was signed (RFC 7515 section 5.1). */
	readonly signingInput: string;
}

/** Longest accepted token, in characters. */
export const MAX_TOKEN_LENGTH = 8192;
const MAX_KEY_ID_LENGTH = 256;

const BASE64URL = /^[A-Za-z0-9_-]+$/;
// By the part's length modulo 4: the last characters whose unused bits are zero (RFC 4648 section 3.5). Whole groups have
// no unused bits, and a length of 1 modulo 4 encodes no whole byte.
const LAST_CHARACTERS = [undefined, "", "AQgw", "AEIMQUYcgkosw048"] as const;

// `crit`, `b64` and `zip` change what was signed; `enc` belongs to encrypted tokens.
const FORBIDDEN_MEMBERS = ["crit", "b64", "enc", "zip"];

// A publisher's tokens share a header or a few, so that most need not be read again. Only well-formed ones are kept.
const headers = new LRUCache<string, Header>({ max: 64 });

// A byte order mark is kept, so that the JSON parser refuses it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses a token in JWS compact serialization (RFC 7515 section 7.1), more strictly than the RFC's parsers do, so that a
 * signature is only ever checked over one possible spelling of one possible meaning.
 *
 * Refuses `token-malformed`, `detail` naming the rule: length, number of parts, alphabet, canonical base64url, UTF-8,
 * JSON object, repeated members, `alg` other than RS256 or ES256, header members that change the meaning. Keys inside the
 * token (`jwk`, `jku`, `x5c`, `x5u`) are ignored.
 */
export function parseCompact(raw: string): Decision<CompactToken> {
	if (raw.length > MAX_TOKEN_LENGTH) {
		return malformed(`the token is longer than ${MAX_TOKEN_LENGTH} characters`);
	}
	const parts = raw.split(".", 6);
	const [headerPart, payloadPart, signaturePart] = parts;
	if (headerPart === undefined || payloadPart === undefined || signaturePart === undefined || parts.length > 3) {
		return malformed(
			parts.length === 5 ? "encrypted tokens are not accepted" : "a token has three parts, separated by dots",
		);
	}
	const header = readHeader(headerPart);
	if (typeof header === "string") {
		return malformed(header);
	}
	const payload = decodeObject("payload", payloadPart);
	if (typeof payload === "string") {
		return malformed(payload);
	}
	const broken = brokenEncoding(signaturePart);
	if (broken !== undefined) {
		return malformed(`the signature ${broken}`);
	}
	const signingInput = raw.slice(0, headerPart.length + 1 + payloadPart.length);
	return allow({ ...header, payload, signingInput });
}

/** What the header says, or the rule that it breaks. */
function readHeader(part: string): Header | string {
	const known = headers.get(part);
	if (known !== undefined) {
		return known;
	}
	const members = decodeObject("header", part);
	if (typeof members === "string") {
		return members;
	}
	const { alg: algorithm, kid: keyId } = members;
	if (!isSignatureAlgorithm(algorithm)) {
		return "the header's alg must be RS256 or ES256";
	}
	const forbidden = FORBIDDEN_MEMBERS.find((member) => Object.hasOwn(members, member));
	if (forbidden !== undefined) {
		return `the header must not have ${forbidden}`;
	}
	if (keyId !== undefined && (typeof keyId !== "string" || keyId.length > MAX_KEY_ID_LENGTH)) {
		return `the header's kid must be a string of at most ${MAX_KEY_ID_LENGTH} characters`;
	}
	const header: Header = keyId === undefined ? { algorithm } : { algorithm, keyId };
	headers.set(part, header);
	return header;
}

/** The object that a part encodes, or the rule that the part breaks. */
function decodeObject(name: string, part: string): Record<string, unknown> | string {
	const broken = brokenEncoding(part);
	if (broken !== undefined) {
		return `the ${name} ${broken}`;
	}
	let text: string;
	try {
		text = utf8.decode(base64url.decode(part));
	} catch {
		return `the ${name} is not UTF-8`;
	}
	const value = parseJsonObject(text);
	return typeof value === "string" ? `the ${name} ${value}` : value;
}

function brokenEncoding(part: string): string | undefined {
	if (part === "") {
		return "is empty";
	}
	if (!BASE64URL.test(part)) {
		return "is not base64url without padding";
	}
	const isCanonical = LAST_CHARACTERS[part.length % 4]?.includes(part.slice(-1)) ?? true;
	return isCanonical ? undefined : "is not canonical base64url";
}

function malformed(detail: string): Decision<never> {
	return refuse({ reason: "token-malformed", detail });
}
