import { base64url, exportSPKI } from "jose";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verifyToken } from "../../../worker/token/verify.ts";
import type { KeySet } from "../../../worker/token/verify.ts";
import { mint, newSigner, part, withTrailingBit } from "./signer.ts";

const rsa = await newSigner("RS256", "rsa-1");
const otherRsa = await newSigner("RS256", "rsa-2");
const ec = await newSigner("ES256", "ec-1");
const stranger = await newSigner("RS256", "rsa-1");

const KEYS: KeySet = { keys: [rsa.publicKey, otherRsa.publicKey, ec.publicKey] };
const PAYLOAD = { accid: "1", iat: 1_795_000_000, exp: 1_795_003_600, conid: "6101" };

async function reasonOf(raw: string, keys = KEYS): Promise<string> {
	const decision = await verifyToken(raw, keys);
	return decision.allowed ? "allowed" : decision.refusal.reason;
}

async function idOf(raw: string, keys = KEYS): Promise<string | undefined> {
	const decision = await verifyToken(raw, keys);
	return decision.allowed ? decision.value.id : undefined;
}

/** The token with its signature's bytes changed. */
function resigned(raw: string, change: (signature: Uint8Array) => Uint8Array): string {
	const end = raw.lastIndexOf(".") + 1;
	return raw.slice(0, end) + base64url.encode(change(base64url.decode(raw.slice(end))));
}

describe("a token that an account's key signed", () => {
	it.each([
		["RS256", rsa],
		["RS256, by the second key", otherRsa],
		["ES256", ec],
	])("is verified: %s", async (_, signer) => {
		const raw = await mint(signer, PAYLOAD);
		const signingInput = raw.slice(0, raw.lastIndexOf("."));
		const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(signingInput));
		expect(await verifyToken(raw, KEYS)).toEqual({
			allowed: true,
			value: {
				id: base64url.encode(new Uint8Array(digest)),
				keyId: signer.publicKey.id,
				claims: PAYLOAD,
				highestTier: { claim: "conid", tier: 2 },
			},
		});
	});

	it.each([
		["kid", {}, { kid: "rsa-2" }],
		["pkid", { pkid: "rsa-2" }, {}],
		["kid and pkid", { pkid: "rsa-2" }, { kid: "rsa-2" }],
	])("may name its key by %s", async (_, claims, header) => {
		const raw = await mint(otherRsa, { ...PAYLOAD, ...claims }, { alg: "RS256", ...header });
		expect(await verifyToken(raw, KEYS)).toMatchObject({ allowed: true, value: { keyId: "rsa-2" } });
	});

	it("may name an id that two keys share", async () => {
		const keys = { keys: [stranger.publicKey, rsa.publicKey] };
		expect(await reasonOf(await mint(rsa, PAYLOAD, { alg: "RS256", kid: "rsa-1" }), keys)).toBe("allowed");
	});

	it("needs no claims for its signature to hold", async () => {
		expect(await verifyToken(await mint(rsa, {}), KEYS)).toMatchObject({
			allowed: true,
			value: { claims: {}, highestTier: { claim: "", tier: 0 } },
		});
	});

	it("is judged by signature before claims", async () => {
		expect(await reasonOf(await mint(rsa, { exp: "soon" }))).toBe("claim-invalid");
		expect(await reasonOf(await mint(stranger, { exp: "soon" }))).toBe("signature-invalid");
	});

	it("is refused for a pkid that is no text, once its signature holds", async () => {
		expect(await verifyToken(await mint(rsa, { pkid: 5 }), KEYS)).toMatchObject({
			refusal: { reason: "claim-invalid", claim: "pkid" },
		});
	});

	it("may be nested deeply where nobody looks", async () => {
		expect(await reasonOf(await mint(rsa, `{"x":${"[".repeat(2000)}${"]".repeat(2000)}}`))).toBe("allowed");
	});

	it.each([
		["1e308", '{"exp":1e308}'],
		["a fraction", '{"exp":1795000000.5}'],
		["text", '{"exp":"1795000000"}'],
		["negative", '{"exp":-1}'],
		["infinite", '{"exp":1e999}'],
	])("is refused for a time that is %s", async (_, payload) => {
		expect(await reasonOf(await mint(rsa, payload))).toBe("claim-invalid");
	});
});

describe("the key", () => {
	it.each([
		["an unknown kid", {}, { kid: "rsa-9" }],
		["an unknown pkid", { pkid: "rsa-9" }, {}],
		["kid and pkid of different keys", { pkid: "rsa-1" }, { kid: "rsa-2" }],
		["a kid of a key of another algorithm", {}, { kid: "ec-1" }],
		["an empty kid", {}, { kid: "" }],
		["a kid that is a path", {}, { kid: "../../../../dev/null" }],
		["a kid that is SQL", {}, { kid: "x' UNION SELECT 'secret" }],
		["a kid that every object has", {}, { kid: "__proto__" }],
	])("is unknown for %s", async (_, claims, header) => {
		const raw = await mint(rsa, { ...PAYLOAD, ...claims }, { alg: "RS256", ...header });
		expect(await reasonOf(raw)).toBe("key-unknown");
	});

	it("is unknown where the account has none of the algorithm", async () => {
		expect(await reasonOf(await mint(ec, PAYLOAD), { keys: [rsa.publicKey] })).toBe("key-unknown");
		expect(await reasonOf(await mint(rsa, PAYLOAD), { keys: [] })).toBe("key-unknown");
	});

	it("must be the one that the token names", async () => {
		const raw = await mint(otherRsa, PAYLOAD, { alg: "RS256", kid: "rsa-1" });
		expect(await reasonOf(raw)).toBe("signature-invalid");
	});

	it("of another account does not do, whatever its id", async () => {
		expect(await reasonOf(await mint(stranger, PAYLOAD, { alg: "RS256", kid: "rsa-1" }))).toBe("signature-invalid");
	});
});

describe("attacks", () => {
	it.each(["none", "None", "NONE", "nOnE"])("alg %s, with and without a signature", async (alg) => {
		const unsigned = `${part({ alg })}.${part(PAYLOAD)}`;
		expect(await reasonOf(`${unsigned}.`)).toBe("token-malformed");
		expect(await reasonOf(`${unsigned}.AA`)).toBe("token-malformed");
		expect(await reasonOf(await mint(rsa, PAYLOAD, { alg }))).toBe("token-malformed");
	});

	it("HS256 with the public key as the secret", async () => {
		const secret = new TextEncoder().encode(await exportSPKI(rsa.publicKey.key));
		const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
		for (const alg of ["HS256", "RS256"]) {
			const signingInput = `${part({ alg })}.${part(PAYLOAD)}`;
			const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signingInput));
			const raw = `${signingInput}.${base64url.encode(new Uint8Array(mac))}`;
			expect(await reasonOf(raw)).toBe(alg === "HS256" ? "token-malformed" : "signature-invalid");
		}
	});

	it.each([
		["ES256 for an RSA key", rsa, "ES256"],
		["RS256 for an EC key", ec, "RS256"],
	])("alg swapped: %s", async (_, signer, alg) => {
		expect(await reasonOf(await mint(signer, PAYLOAD, { alg }))).toBe("signature-invalid");
		expect(await reasonOf(await mint(signer, PAYLOAD, { alg, kid: signer.publicKey.id }))).toBe("key-unknown");
	});

	it("a key that the token brings along is not used", async () => {
		const jwk = await crypto.subtle.exportKey("jwk", stranger.publicKey.key);
		const header = { alg: "RS256", jwk, jku: "https://evil.test/jwks", x5u: "https://evil.test/x5u", x5c: ["AA"] };
		expect(await reasonOf(await mint(stranger, PAYLOAD, header))).toBe("signature-invalid");
		expect(await reasonOf(await mint(rsa, PAYLOAD, header))).toBe("allowed");
	});

	it.each([
		["a repeated claim", `{"accid":"1","accid":"2"}`],
		["a repeated claim, once escaped", `{"accid":"1","\\u0061ccid":"2"}`],
		["a claim repeated in vod", `{"vod":{"ssai":"a","ssai":"b"}}`],
	])("%s", async (_, payload) => {
		expect(await reasonOf(await mint(rsa, payload))).toBe("token-malformed");
	});

	it("a repeated header member", async () => {
		expect(await reasonOf(await mint(rsa, PAYLOAD, '{"alg":"none","alg":"RS256"}'))).toBe("token-malformed");
	});

	it("a token that was encrypted, or is too long", async () => {
		expect(await reasonOf("eyJhbGciOiJkaXIifQ..AA.AA.AA")).toBe("token-malformed");
		expect(await reasonOf(await mint(rsa, { x: "x".repeat(8192) }))).toBe("token-malformed");
		expect(await reasonOf("A".repeat(1_000_000))).toBe("token-malformed");
	});

	it.each([
		["RS256", rsa],
		["ES256", ec],
	])("a signature that was cut, lengthened, emptied or changed: %s", async (_, signer) => {
		const raw = await mint(signer, PAYLOAD);
		for (const change of [
			(signature: Uint8Array) => signature.slice(0, -1),
			(signature: Uint8Array) => signature.slice(1),
			(signature: Uint8Array) => Uint8Array.of(...signature, 0),
			(signature: Uint8Array) => Uint8Array.of(0, ...signature),
			(signature: Uint8Array) => Uint8Array.of(...signature, ...signature),
			(signature: Uint8Array) => new Uint8Array(signature.length),
			(signature: Uint8Array) => new Uint8Array(signature.length).fill(255),
			() => Uint8Array.of(0),
		]) {
			expect(await reasonOf(resigned(raw, change))).toBe("signature-invalid");
		}
	});

	it("an ES256 signature in DER", async () => {
		const integer = (bytes: Uint8Array) => Uint8Array.of(2, 33, 0, ...bytes);
		const raw = resigned(await mint(ec, PAYLOAD), (signature) => {
			const body = [...integer(signature.slice(0, 32)), ...integer(signature.slice(32))];
			return Uint8Array.of(0x30, body.length, ...body);
		});
		expect(await reasonOf(raw)).toBe("signature-invalid");
	});

	it("a part of another token", async () => {
		const [header, , signature] = (await mint(rsa, PAYLOAD)).split(".");
		expect(await reasonOf(`${header}.${part({ ...PAYLOAD, conid: "other" })}.${signature}`)).toBe("signature-invalid");
	});
});

describe("other spellings of a token", () => {
	it.each([
		["RS256", rsa],
		["ES256", ec],
	])("are refused: %s", async (_, signer) => {
		const raw = await mint(signer, PAYLOAD);
		for (const alias of [`${raw}=`, `${raw}==`, ` ${raw}`, `${raw} `, `${raw}\n`, withTrailingBit(raw), `${raw}.`]) {
			expect(await reasonOf(alias)).toBe("token-malformed");
		}
	});

	it("land on the same id where the mathematics allow one: ES256 (r, n - s)", async () => {
		const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
		const raw = await mint(ec, PAYLOAD);
		const alias = resigned(raw, (signature) => {
			const s = BigInt(`0x${Array.from(signature.slice(32), (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
			const mirrored = (order - s).toString(16).padStart(64, "0");
			const bytes = (mirrored.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
			return Uint8Array.of(...signature.slice(0, 32), ...bytes);
		});
		expect(alias).not.toBe(raw);
		expect(await idOf(alias)).toBe(await idOf(raw));
		expect(await idOf(raw)).toBeDefined();
	});

	it.each([
		["RS256", rsa],
		["ES256", ec],
	])("never make a new identity by one changed, added or removed character: %s", async (_, signer) => {
		const raw = await mint(signer, PAYLOAD);
		const id = await idOf(raw);
		const index = fc.nat({ max: raw.length - 1 });
		const character = fc.oneof(
			fc.constantFrom(
				...("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= +/\n" as Iterable<string>),
			),
			fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
		);
		const removed = fc.constantFrom(0, 1);
		const added = fc.option(character, { nil: "" });
		await fc.assert(
			fc.asyncProperty(index, removed, added, async (at, length, text) => {
				const changed = raw.slice(0, at) + text + raw.slice(at + length);
				expect([undefined, id]).toContain(await idOf(changed));
				expect(changed === raw || (await reasonOf(changed)) !== "allowed").toBe(true);
			}),
			{ seed: 20_260_823, numRuns: 400 },
		);
	});
});

describe("what was verified is remembered", () => {
	it("by its exact string and key set", async () => {
		const raw = await mint(rsa, PAYLOAD);
		const first = await verifyToken(raw, KEYS);
		expect(await verifyToken(raw, KEYS)).toBe(first);
	});

	it("until the account's keys change", async () => {
		const raw = await mint(rsa, PAYLOAD);
		const first = await verifyToken(raw, KEYS);
		const again = await verifyToken(raw, { ...KEYS });
		expect(again).not.toBe(first);
		expect(again).toEqual(first);
		expect(await reasonOf(raw, { keys: [otherRsa.publicKey] })).toBe("signature-invalid");
		expect(await reasonOf(raw, { keys: [ec.publicKey] })).toBe("key-unknown");
	});

	it("but not what was refused", async () => {
		const raw = await mint(stranger, PAYLOAD);
		const first = await verifyToken(raw, KEYS);
		expect(first.allowed).toBe(false);
		expect(await verifyToken(raw, KEYS)).not.toBe(first);
	});
});

it("never repeats the token in a refusal", async () => {
	const raw = await mint(stranger, PAYLOAD);
	const [header = "", payload = "", signature = ""] = raw.split(".");
	const text = JSON.stringify(await verifyToken(raw, KEYS));
	for (const secret of [header, payload, signature]) {
		expect(text).not.toContain(secret);
	}
});
