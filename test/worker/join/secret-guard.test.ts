import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../../worker/decision/decision.ts";
import { wireError } from "../../../worker/decision/wire.ts";
import { SECRET_NAMES, guardBody, guardEnvelope, guardValue } from "../../../worker/join/secret-guard.ts";

const SECRET = "correct-horse-battery";

/** The place that a refusal names; null where there is none. */
function memberOf(decision: Decision): string | null {
	if (decision.allowed) return null;
	const { refusal } = decision;
	expect(JSON.stringify(refusal)).not.toContain(SECRET);
	const { message } = wireError(refusal, "problem");
	expect(message).not.toContain(SECRET);
	if (refusal.reason !== "encryption-secret-sent") return `${refusal.reason}: ${message}`;
	expect(message).toContain(`${refusal.member}: ********`);
	return refusal.member;
}

const body = (value: unknown) => memberOf(guardBody(typeof value === "string" ? value : JSON.stringify(value)));
const envelope = (search: string, headers: Record<string, string> = {}) =>
	memberOf(guardEnvelope({ query: new URLSearchParams(search), headers: new Headers(headers) }));
const token = (claims: object) =>
	`eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

describe("an encryption secret in a body", () => {
	it.each<readonly [unknown, string]>([
		[{ encryptionSecret: SECRET }, "encryptionSecret"],
		[{ encryption_secret: SECRET }, "encryption_secret"],
		[{ "Encryption-Secret": SECRET }, "Encryption-Secret"],
		[{ e2eeSecret: SECRET }, "e2eeSecret"],
		[{ secret: SECRET }, "secret"],
		[{ passphrase: SECRET }, "passphrase"],
		[{ sharedKey: SECRET }, "sharedKey"],
		[{ encryptionKey: SECRET }, "encryptionKey"],
		[{ client: { sdk: "opentok.js", options: { encryptionSecret: SECRET } } }, "client.options.encryptionSecret"],
		[{ a: [{}, { secret_key: SECRET }] }, "a[1].secret_key"],
		[[{ secret: SECRET }], "[0].secret"],
		[{ secret: 12_345_678 }, "secret"],
		[{ secret: [1, 2, 3] }, "secret[2]"],
		[{ secret: { "0": 1, "1": 2 } }, "secret.1"],
		[{ secret: { value: SECRET } }, "secret.value"],
		[{ e2ee: SECRET }, "e2ee"],
		[{ e2ee: { secret: SECRET } }, "e2ee.secret"],
		[{ metadata: JSON.stringify({ encryptionSecret: SECRET }) }, "metadata.encryptionSecret"],
		[{ metadata: { access_token: token({ encryptionSecret: SECRET }) } }, "metadata.access_token.encryptionSecret"],
		[`{"encryption\\u0053ecret":"${SECRET}"}`, "encryptionSecret"],
		[`encryptionSecret=${SECRET}&role=publisher`, "form encryptionSecret"],
		[`role=publisher&e2ee[secret]=${SECRET}`, "form e2ee[secret]"],
		[`--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\n${SECRET}\r\n--b--`, "form secret"],
		[{ ["x".repeat(500)]: { secret: SECRET } }, `${"x".repeat(64)}.secret`],
	])("is found: %j", (value, member) => {
		expect(body(value)).toBe(member);
	});

	it.each<unknown>([
		{},
		{
			client: { sdk: "opentok.js", version: "2.35.2", device: "secret" },
			device_id: "d-1",
			role: "publisher",
			name: "secret",
		},
		{ name: "encryptionSecret" },
		{ encryptionSecret: null },
		{ encryptionSecret: "" },
		{ secret: false },
		{ e2ee: true },
		{ e2ee: "true" },
		{ e2ee: "null" },
		{ key: "k", password: "p", secretary: "Ann", secrets: "none", token: "t", device_secret_id: 1 },
		{ pre_key_bundle: { identityKey: "aWQ=", signedPreKey: "c3A=", preKeySignature: "c2ln" } },
		{ metadata: { access_token: token({ uid: "ann", conid: "room-1" }) } },
		{ text: "a.b.c", other: "{not json", list: "[1,2]" },
		"",
		"not json",
		"null",
		"role=publisher&name=secret",
		"<session><secret>x</secret></session>",
	])("is not what this has: %j", (value) => {
		expect(body(value)).toBeNull();
	});

	it("is found below any depth that is read, and what is deeper is refused", () => {
		const deep = (levels: number): unknown => (levels === 0 ? { secret: SECRET } : { a: deep(levels - 1) });
		expect(body(deep(20))).toMatch(/^a\.a\..*\.secret$/);
		expect(body(deep(40))).toBe("bad-request: The request has values nested deeper than 32 levels.");
		expect(body(`${"[".repeat(30_000)}${"]".repeat(30_000)}`)).toMatch(/^bad-request/);
	});

	it("cannot hide behind another member of the same name", () => {
		expect(body(`{"encryptionSecret":"${SECRET}","encryptionSecret":null}`)).toMatch(
			/^bad-request: The body has a member twice/,
		);
	});
});

describe("an encryption secret elsewhere in a request", () => {
	it.each<readonly [string, Record<string, string>, string]>([
		[`encryptionSecret=${SECRET}`, {}, "query encryptionSecret"],
		[`secret=${SECRET}`, {}, "query secret"],
		[`e2ee=${SECRET}`, {}, "query e2ee"],
		["", { "X-Encryption-Secret": SECRET }, "header x-encryption-secret"],
		["", { "Encryption-Key": SECRET }, "header encryption-key"],
		["", { Cookie: `a=1; e2ee_secret=${SECRET}` }, "header e2ee_secret"],
		["", { Authorization: `Bearer ${token({ e2ee: { secret: SECRET } })}` }, "header authorization.e2ee.secret"],
		[`bcov_auth=${token({ passphrase: SECRET })}`, {}, "query bcov_auth.passphrase"],
	])("is found: ?%s %j", (search, headers, member) => {
		expect(envelope(search, headers)).toBe(member);
	});

	it.each<readonly [string, Record<string, string>]>([
		["role=publisher&name=secret&device_id=d&e2ee=true", {}],
		["encryptionSecret=", {}],
		["", { "X-Encryption-Secret": "", Secret: "of a proxy", Cookie: "secret=of-another-app; passphrase=x" }],
		[`bcov_auth=${token({ uid: "ann" })}`, { Authorization: `Bearer ${token({ uid: "ann" })}` }],
		["", { Authorization: "Basic c2VjcmV0OnNlY3JldA==" }],
	])("is not what this has: ?%s %j", (search, headers) => {
		expect(envelope(search, headers)).toBeNull();
	});
});

describe("whatever the shape of a body", () => {
	const names = fc.constantFrom(...SECRET_NAMES);
	const spelled = fc
		.tuple(names, fc.constantFrom("", "_", "-", " "), fc.boolean())
		.map(([name, mark, upper]) => (upper ? name.toUpperCase() : name.slice(0, 3) + mark + name.slice(3)));
	const innocent = fc.constantFrom("client", "sdk", "version", "name", "role", "device_id", "a", "metadata");
	const tree = fc.letrec((tie) => ({
		node: fc.oneof(
			{ maxDepth: 4 },
			fc.constantFrom<unknown>(null, true, 7, "text", "secret", "{", "a.b.c"),
			fc.array(tie("node"), { maxLength: 3 }),
			fc.dictionary(innocent, tie("node"), { maxKeys: 4 }),
		),
	})).node;

	it("nothing else is taken for a secret", () => {
		fc.assert(
			fc.property(tree, (value) => {
				expect(guardValue(value)).toEqual({ allowed: true });
			}),
		);
	});

	it("a secret is found wherever it is put, and never told", () => {
		fc.assert(
			fc.property(spelled, fc.array(fc.tuple(innocent, tree), { maxLength: 6 }), (name, path) => {
				const hidden = path.reduce<unknown>((value, [at, beside]) => ({ beside: [beside, { [at]: value }] }), {
					[name]: SECRET,
				});
				expect(body(hidden)).toMatch(new RegExp(`${name}$`, "i"));
			}),
		);
	});

	it("nothing fails on hostile text", () => {
		const text = fc.oneof(fc.string({ maxLength: 500 }), fc.json());
		fc.assert(
			fc.property(text, (given) => {
				expect(guardBody(given)).toHaveProperty("allowed");
			}),
		);
	});
});
