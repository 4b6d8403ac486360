import { describe, expect, it } from "vitest";
import { MAX_TOKEN_LENGTH, parseCompact } from "../../../worker/token/compact.ts";
import { part, withTrailingBit } from "./signer.ts";

const RS256 = { alg: "RS256" };
const SIGNATURE = part("a signature");

const compact = (header: object | string, payload: object | string = {}, signature = SIGNATURE) =>
	`${part(header)}.${part(payload)}.${signature}`;

/** Leaves bytes alone where `TextEncoder` would not produce them. */
const bytes = (...values: number[]) => new Uint8Array(values);

function detailOf(raw: string): string | undefined {
	const parsed = parseCompact(raw);
	if (parsed.allowed) {
		return undefined;
	}
	return parsed.refusal.reason === "token-malformed" ? parsed.refusal.detail : parsed.refusal.reason;
}

describe("a well-formed token", () => {
	it("is parsed into algorithm, key id, payload and signing input", () => {
		const raw = compact({ alg: "ES256", kid: "k1" }, { accid: "1" });
		expect(parseCompact(raw)).toEqual({
			allowed: true,
			value: {
				algorithm: "ES256",
				keyId: "k1",
				payload: { accid: "1" },
				signingInput: raw.slice(0, raw.lastIndexOf(".")),
			},
		});
	});

	it.each([
		["no typ", RS256],
		["typ", { alg: "RS256", typ: "JWT" }],
		["type, as Brightcove's sample has it", { type: "JWT", alg: "RS256" }],
		["any other typ", { alg: "RS256", typ: "something/else" }],
		["an embedded key, which is not used", { alg: "RS256", jwk: {}, jku: "https://a.test", x5u: "", x5c: [] }],
		["a name that is written with an escape", '{"\\u0061lg":"RS256"}'],
		["white space inside the JSON", '{ "alg" : "RS256" }'],
	])("may have %s", (_, header) => {
		expect(detailOf(compact(header))).toBeUndefined();
	});

	it.each([
		["the same name in different objects", { a: { x: 1 }, b: { x: 2 }, c: [{ x: 3 }, { x: 4 }] }],
		["colons, quotes and backslashes in strings", { 'a":"b': 'c\\":d', ":": '\\\\"', "\\": "::\\" }],
		["nothing", {}],
		["text beyond ASCII", { sid: "Zoë 😀" }],
		["members named like those of an object", '{"__proto__":1,"constructor":2}'],
	])("may carry %s", (_, payload) => {
		expect(detailOf(compact(RS256, payload))).toBeUndefined();
	});

	it("may be nested as deep as its length allows", () => {
		const depth = 3000;
		expect(detailOf(compact(RS256, `{"x":${"[".repeat(depth)}${"]".repeat(depth)}}`))).toBeUndefined();
	});

	it("reads a header that it has seen before as it did then", () => {
		const first = compact({ alg: "ES256", kid: "seen" }, { accid: "1" });
		const second = compact({ alg: "ES256", kid: "seen" }, { accid: "2" });
		for (const [raw, accid] of [
			[first, "1"],
			[second, "2"],
			[first, "1"],
		] as const) {
			expect(parseCompact(raw)).toMatchObject({ value: { algorithm: "ES256", keyId: "seen", payload: { accid } } });
		}
	});

	it(`may have exactly ${MAX_TOKEN_LENGTH} characters`, () => {
		const start = compact(RS256, {}, "");
		// 4 characters a group, and the remainder is never 1 modulo 4 for this start.
		const raw = start + "A".repeat(MAX_TOKEN_LENGTH - start.length);
		expect((raw.length - start.length) % 4).not.toBe(1);
		expect(detailOf(raw)).toBeUndefined();
		expect(detailOf(`${raw}AAAA`)).toBe("the token is longer than 8192 characters");
	});
});

describe("the number of parts", () => {
	it.each([
		["", "three parts"],
		["a", "three parts"],
		["a.b", "three parts"],
		["a.b.c.d", "three parts"],
		["a.b.c.d.e", "encrypted tokens"],
		["a.b.c.d.e.f", "three parts"],
		["a.b.c.d.e.f.g", "three parts"],
		[".".repeat(8000), "three parts"],
	])("must be three: %s", (raw, detail) => {
		expect(detailOf(raw)).toContain(detail);
	});
});

describe("base64url", () => {
	const [header = "", payload = ""] = compact('{"alg":"RS256"} ', "{}").split(".");
	const whole = [header, payload, SIGNATURE] as const;
	const names = ["header", "payload", "signature"] as const;
	const changes: readonly (readonly [string, (text: string) => string, string])[] = [
		["an empty part", () => "", "is empty"],
		["padding", (text) => `${text}=`, "is not base64url without padding"],
		["double padding", (text) => `${text}==`, "is not base64url without padding"],
		["a space", (text) => `${text.slice(0, 2)} ${text.slice(2)}`, "is not base64url without padding"],
		["a newline at the end", (text) => `${text}\n`, "is not base64url without padding"],
		["the standard alphabet", (text) => `${text.slice(0, -2)}+/`, "is not base64url without padding"],
		["a character beyond ASCII", (text) => `${text.slice(0, -1)}Ａ`, "is not base64url without padding"],
		["a length that encodes no whole byte", () => "AAAAA", "is not canonical base64url"],
		["unused bits that are set", withTrailingBit, "is not canonical base64url"],
	];
	const everyPart = names.flatMap((name, index) =>
		changes.map(([what, change, rule]) => ({ name, index, what, change, rule })),
	);

	it.each(everyPart)("refuses $what in the $name", ({ name, index, change, rule }) => {
		const raw = whole.map((text, at) => (at === index ? change(text) : text)).join(".");
		expect(detailOf(raw)).toBe(`the ${name} ${rule}`);
	});

	it.each(["AA", "AQ", "Ag", "Aw", "AAA", "AAE", "AA8", "AAAA", "____"])("accepts the canonical %s", (signature) => {
		expect(detailOf(compact(RS256, {}, signature))).toBeUndefined();
	});

	it.each(["AB", "AP", "A_", "Ax", "AAB", "AAC", "AA9", "AA_"])("refuses the alias %s", (signature) => {
		expect(detailOf(compact(RS256, {}, signature))).toBe("the signature is not canonical base64url");
	});
});

describe("header and payload", () => {
	const contents: [string, object | string, string][] = [
		["a lone continuation byte", bytes(0x7b, 0x80, 0x7d), "is not UTF-8"],
		["an overlong encoding", bytes(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d), "is not UTF-8"],
		["an encoded surrogate", bytes(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), "is not UTF-8"],
		["a truncated sequence", bytes(0x7b, 0x22, 0xe2, 0x82), "is not UTF-8"],
		["UTF-16", bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00), "is not UTF-8"],
		["a byte order mark", bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), "is not JSON"],
		["no JSON", "alg", "is not JSON"],
		["a trailing comma", '{"alg":"RS256",}', "is not JSON"],
		["text after the object", '{"alg":"RS256"}{}', "is not JSON"],
		["a NUL after the object", '{"alg":"RS256"}\0', "is not JSON"],
		["NaN", '{"a":NaN}', "is not JSON"],
		["single quotes", "{'alg':'RS256'}", "is not JSON"],
		["an array", [], "is not a JSON object"],
		["null", "null", "is not a JSON object"],
		["a string", '"{}"', "is not a JSON object"],
		["a number", "1", "is not a JSON object"],
		["true", "true", "is not a JSON object"],
		["a repeated member", '{"a":1,"a":1}', "repeats a member"],
		["a repeated member, once escaped", '{"alg":1,"\\u0061lg":1}', "repeats a member"],
		["a repeated member of an object inside", '{"a":{"b":[{"c":1,"c":2}]}}', "repeats a member"],
		["a repeated __proto__", '{"__proto__":1,"__proto__":2}', "repeats a member"],
		["a repeated empty name", '{"":1,"":2}', "repeats a member"],
		["a repetition beside colons in strings", '{"a":"::","b":"\\":","a":1}', "repeats a member"],
	];

	it.each(contents)("refuses %s in the header", (_, content, rule) => {
		expect(detailOf(compact(content))).toBe(`the header ${rule}`);
	});

	it.each(contents)("refuses %s in the payload", (_, content, rule) => {
		expect(detailOf(compact(RS256, content))).toBe(`the payload ${rule}`);
	});
});

describe("the header's members", () => {
	it.each([
		"none",
		"None",
		"NONE",
		"nOnE",
		" none",
		"none ",
		"",
		"rs256",
		"RS256 ",
		"RS384",
		"RS512",
		"ES384",
		"ES256K",
		"HS256",
		"HS384",
		"HS512",
		"PS256",
		"PS384",
		"PS512",
		"EdDSA",
		"Ed25519",
		"dir",
		"A128KW",
		"RSA-OAEP",
		"__proto__",
		"constructor",
		null,
		true,
		256,
		["RS256"],
		{ RS256: 1 },
	])("refuses alg %j", (alg) => {
		expect(detailOf(compact({ alg }))).toBe("the header's alg must be RS256 or ES256");
	});

	it("refuses a header without alg", () => {
		expect(detailOf(compact({ typ: "JWT" }))).toBe("the header's alg must be RS256 or ES256");
	});

	it.each([
		{ crit: ["exp"] },
		{ crit: [] },
		{ crit: null },
		{ b64: false },
		{ b64: true },
		{ enc: "A128GCM" },
		{ zip: "DEF" },
	])("refuses %j", (member) => {
		const [name] = Object.keys(member);
		expect(detailOf(compact({ ...RS256, ...member }))).toBe(`the header must not have ${name}`);
	});

	it.each([[1], [null], [["k1"]], [{}], ["k".repeat(257)]])("refuses kid %j", (kid) => {
		expect(detailOf(compact({ ...RS256, kid }))).toBe("the header's kid must be a string of at most 256 characters");
	});
});

it("never repeats the token in a refusal", () => {
	const secret = part("do-not-repeat-me");
	for (const raw of [`${secret}.e30.AA`, `${secret}.${secret}`, `${part(RS256)}.${secret}.AA`]) {
		expect(JSON.stringify(parseCompact(raw))).not.toContain(secret);
	}
});
