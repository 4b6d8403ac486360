import { calculateJwkThumbprint } from "jose";
import type { JWK } from "jose";
import { KEY_PARAMETERS, weaknessOf } from "./algorithms.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { isJsonObject } from "./json-object.ts";
import type { VerificationKey } from "./verify.ts";

/** The keys of a set that can verify tokens and how many were passed over, or why the set could not be had. */
export type JwksResult =
	| { readonly ok: true; readonly keys: readonly VerificationKey[]; readonly skipped: number }
	| { readonly ok: false; readonly message: string };

export interface JwksOptions {
	readonly fetch: (request: Request) => Promise<Response>;
	/** Says which http URLs are acceptable, as loopback is in the local environment. None, where absent. */
	readonly allowsHttp?: (url: URL) => boolean;
}

const TIME_LIMIT_MS = 5_000;
const MAX_BODY_BYTES = 262_144;
const MAX_KEYS = 100;
const MAX_ID_LENGTH = 256;

// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1. A key that comes with any of them has been published with its secret.
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Fetches a JSON Web Key Set (RFC 7517 section 5): within 5 s, at most 256 KiB and 100 keys, over https, without following
 * redirects. A failure of the network or of the document is a message, as the caller may go on with the keys that it has.
 *
 * Keys that cannot verify are skipped: another use, operation, algorithm or curve, secret members, RSA under 2048 bits or
 * with an exponent other than 65537. A key's id is its `kid`, or its RFC 7638 thumbprint where it has none. Nothing is
 * shared between calls: in Workers, a promise of one request must not be awaited by another.
 */
export async function fetchJwks(url: string, options: JwksOptions): Promise<JwksResult> {
	const target = URL.parse(url);
	if (target === null || !(target.protocol === "https:" || isAllowedHttp(target, options))) {
		return failure("the JWKS URL must be an https URL");
	}
	if (target.username !== "" || target.password !== "") {
		return failure("the JWKS URL must not hold a user name or password");
	}
	let body: string | undefined;
	try {
		const signal = AbortSignal.timeout(TIME_LIMIT_MS);
		const request = new Request(target, { headers: { accept: "application/json" }, redirect: "manual", signal });
		const response = await options.fetch(request);
		if (response.status !== 200) {
			await response.body?.cancel();
			return failure(`the JWKS URL answered ${response.status}; it must answer 200, without a redirect`);
		}
		body = await readLimited(response);
	} catch {
		return failure(`the JWKS URL could not be fetched within ${TIME_LIMIT_MS / 1000} s`);
	}
	return body === undefined ? failure(`the JWKS is larger than ${MAX_BODY_BYTES} bytes`) : parseJwks(body);
}

/** Reads a key set from its text; `fetchJwks` says what is kept. */
export async function parseJwks(text: string): Promise<JwksResult> {
	let document: unknown;
	try {
		document = JSON.parse(text);
	} catch {
		return failure("the JWKS is not JSON");
	}
	const members: unknown = isJsonObject(document) ? document.keys : undefined;
	if (!Array.isArray(members)) {
		return failure("the JWKS must be an object with an array of keys");
	}
	if (members.length > MAX_KEYS) {
		return failure(`the JWKS has ${members.length} keys; at most ${MAX_KEYS} are accepted`);
	}
	const imported = await Promise.all(members.map(importJwk));
	const keys = imported.filter((key) => key !== undefined);
	return { ok: true, keys, skipped: members.length - keys.length };
}

function isAllowedHttp(url: URL, { allowsHttp }: JwksOptions): boolean {
	return url.protocol === "http:" && allowsHttp?.(url) === true;
}

async function importJwk(jwk: unknown): Promise<VerificationKey | undefined> {
	const publicPart = isJsonObject(jwk) ? publicPartOf(jwk) : undefined;
	if (!isJsonObject(jwk) || publicPart === undefined) {
		return undefined;
	}
	const algorithm: SignatureAlgorithm = publicPart.kty === "RSA" ? "RS256" : "ES256";
	const { kid, alg = algorithm, use = "sig", key_ops: operations = ["verify"] } = jwk;
	const canVerify = alg === algorithm && use === "sig" && Array.isArray(operations) && operations.includes("verify");
	const hasFitId = kid === undefined || (typeof kid === "string" && kid !== "" && kid.length <= MAX_ID_LENGTH);
	if (!canVerify || !hasFitId || SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
		return undefined;
	}
	try {
		const key = await crypto.subtle.importKey("jwk", publicPart, KEY_PARAMETERS[algorithm], true, ["verify"]);
		const id = kid ?? (await calculateJwkThumbprint(publicPart));
		return weaknessOf(key) === undefined ? { id, algorithm, key } : undefined;
	} catch {
		return undefined;
	}
}

/** Only the members that make the public key, so that no other (`x5c`, `ext`) can steer the import. */
function publicPartOf({ kty, n, e, crv, x, y }: Record<string, unknown>): (JWK & { kty: string }) | undefined {
	if (kty === "RSA" && typeof n === "string" && typeof e === "string") {
		return { kty, n, e };
	}
	if (kty === "EC" && crv === "P-256" && typeof x === "string" && typeof y === "string") {
		return { kty, crv, x, y };
	}
	return undefined;
}

async function readLimited(response: Response): Promise<string | undefined> {
	const decoder = new TextDecoder();
	let text = "";
	let size = 0;
	for await (const chunk of response.body ?? []) {
		size += chunk.byteLength;
		if (size > MAX_BODY_BYTES) {
			return undefined;
		}
		text += decoder.decode(chunk, { stream: true });
	}
	return text + decoder.decode();
}

function failure(message: string): JwksResult {
	return { ok: false, message };
}
