import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { makeSigningKey } from "../../kv-seed/tokens/key-pair.ts";
import { mint } from "../../kv-seed/mint.ts";

const now = 4_102_444_800; // 2100-01-01
const folder = mkdtempSync(join(tmpdir(), "playgate-mint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { PLAYGATE_STATE: folder, PORT: "8700" };
const demo = await makeSigningKey(join(folder, "demo-key.pem"), "RS256");

const run = (...args: string[]): Promise<string> => mint(args, env, now);
const claimsOf = async (...args: string[]): Promise<unknown> => decodeJwt(await run("--raw", ...args));
const messageOf = async (...args: string[]): Promise<string> => {
	const outcome = await run(...args).catch((error: unknown) => error);
	return outcome instanceof Error ? outcome.message : "no error";
};

function keyFile(name: string, key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1"): string {
	const file = join(folder, name);
	writeFileSync(file, key.export({ type, format: "pem" }));
	return file;
}

describe("mint", () => {
	it("signs with the demo key, for the demo account and two hours, without being told anything", async () => {
		const token = await run("--raw");
		const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(demo.privateKey), {
			currentDate: new Date(now * 1000),
		});
		expect(payload).toEqual({ accid: "demo", iat: now, exp: now + 7200 });
		expect(protectedHeader).toEqual({ alg: "RS256", kid: "demo-key" });
	});

	it.each([
		[["--uid", "ann"], { uid: "ann" }],
		[["--sid", "tv"], { sid: "tv" }],
		[["--accid", "other"], { accid: "other" }],
		[["--conid", "clip"], { conid: "clip" }],
		[["--prid", "right-1"], { prid: "right-1" }],
		[["--pkid", "key-2"], { pkid: "key-2" }],
		[["--jti", "t-1"], { jti: "t-1" }],
		[["--ip", "192.0.2.7"], { ip: "192.0.2.7" }],
		[["--ua", "Player/1"], { ua: "Player/1" }],
		[["--cbeh", "BLOCK_NEW"], { cbeh: "BLOCK_NEW" }],
		[["--pro", "aes128"], { pro: "aes128" }],
		[["--cexp", "2h"], { cexp: "2h" }],
		[["--vod.ssai", "ads-1"], { vod: { ssai: "ads-1" } }],
		[["--climit", "1"], { climit: 1 }],
		[["--dlimit", "2"], { dlimit: 2 }],
		[["--maxip", "3"], { maxip: 3 }],
		[["--maxu", "4"], { maxu: 4 }],
		[["--tags", "a,b", "--tags", "c"], { tags: ["a", "b", "c"] }],
		[["--vids", "1"], { vids: ["1"] }],
		[["--aud", "x,y"], { aud: ["x", "y"] }],
		[["--drules", "r1"], { drules: ["r1"] }],
		[["--exp", "-2h"], { exp: now - 7200 }],
		[["--exp", "90s"], { exp: now + 90 }],
		[["--exp", "+7d"], { exp: now + 604_800 }],
		[["--exp", "4102448400"], { exp: 4_102_448_400 }],
		[["--iat", "-30m"], { iat: now - 1800 }],
		[["--nbf", "10m"], { nbf: now + 600 }],
		[["--account", "acme"], { accid: "acme" }],
		[["--climit", "1", "--claims", '{"climit":"many","x":1}'], { climit: "many", x: 1 }],
	])("%j puts %j into the token", async (args, expected) => {
		expect(await claimsOf(...args)).toMatchObject(expected);
	});

	it("leaves a time out when it is none", async () => {
		expect(await claimsOf("--exp", "none", "--iat", "none")).toEqual({ accid: "demo" });
	});

	it.each([
		[["--climt", "1"], "Unknown flag --climt."],
		[["--climit"], "--climit needs a value."],
		[["--raw=yes"], "--raw takes no value."],
		[["ann"], 'Unexpected argument "ann": every value has a flag.'],
		[["--climit", "0"], "--climit must be a whole number of at least 1."],
		[["--climit", "many"], '--climit must be a whole number, not "many".'],
		[["--uid", "ann smith"], "--uid must be 1 to 64 of A-Z a-z 0-9 = / , @ _ . + -."],
		[["--cbeh", "BLOCK"], '--cbeh must be one of "BLOCK_NEW", "BLOCK_NEW_USER".'],
		[["--claims", "{"], "--claims must be JSON."],
		[["--claims", "[1]"], '--claims must be a JSON object, like {"uid":"ann"}.'],
		[["--url", "gate.example"], '--url must be a URL like https://gate.example, not "gate.example".'],
		[["--key", join(folder, "none.pem")], `${join(folder, "none.pem")} cannot be read (ENOENT).`],
	])("%j is refused: %s", async (args, message) => {
		expect(await messageOf(...args)).toBe(message);
	});

	it("names the ways to write a time when it cannot read one", async () => {
		expect(await messageOf("--exp", "soon")).toMatch(/^--exp must be a duration from now .*, not "soon"\.$/);
	});

	it("does not repeat a long value, which may be a token in the wrong place", async () => {
		const token = await run("--raw");
		expect(await messageOf(token)).not.toContain(token.slice(0, 40));
	});

	const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
	const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
	it.each([
		["RSA, PKCS#8", "RS256", keyFile("rsa8.pem", rsa, "pkcs8")],
		["RSA, PKCS#1", "RS256", keyFile("rsa1.pem", rsa, "pkcs1")],
		["EC, PKCS#8", "ES256", keyFile("ec8.pem", ec, "pkcs8")],
		["EC, SEC1", "ES256", keyFile("ec1.pem", ec, "sec1")],
	])("signs with a key of one's own: %s as %s", async (_form, alg, file) => {
		const token = await run("--raw", "--key", file, "--kid", "mine");
		expect(decodeProtectedHeader(token)).toEqual({ alg, kid: "mine" });
		expect(decodeProtectedHeader(await run("--raw", "--key", file))).toEqual({ alg });
	});

	it.each([
		["a short RSA key", generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
		["another curve", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
		["another kind of key", generateKeyPairSync("ed25519").privateKey],
	])("refuses %s", async (_kind, key) => {
		const file = keyFile("unfit.pem", key, "pkcs8");
		expect(await messageOf("--key", file)).toBe(
			`${file} must be an RSA key of at least 2048 bits or an EC key on P-256.`,
		);
	});

	it("refuses a file that is no private key, without quoting it", async () => {
		const file = join(folder, "notes.pem");
		writeFileSync(file, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n");
		expect(await messageOf("--key", file)).toBe(`${file} is no private key in PEM form (PKCS#8, PKCS#1 or SEC1).`);
	});

	it("refuses a key behind a password", async () => {
		const file = join(folder, "locked.pem");
		writeFileSync(file, ec.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }));
		expect(await messageOf("--key", file)).toBe(`${file} is protected by a password: give a key without one.`);
	});

	it("says how to get a demo key when there is none", async () => {
		const elsewhere = { PLAYGATE_STATE: join(folder, "unused") };
		await expect(mint([], elsewhere, now)).rejects.toThrow("run npm start once, or name a private key with --key FILE");
	});

	it("prints the token first, then URLs that carry it", async () => {
		const text = await run("--video", "a b");
		const [token = ""] = text.split("\n");
		expect(text).toContain(`http://127.0.0.1:8700/demo/player#account=demo&video=a+b&token=${token}`);
		expect(text).toContain(
			`http://127.0.0.1:8700/playback/v1/accounts/demo/videos/a%20b/master.m3u8?bcov_auth=${token}`,
		);
		expect(text).toContain(
			`curl -H 'Authorization: Bearer ${token}' 'http://127.0.0.1:8700/playback/v1/accounts/demo/videos/a%20b'`,
		);
	});

	it("takes the gate's address from --url", async () => {
		expect(await run("--url", "https://gate.example/")).toContain("https://gate.example/playback/v1/");
	});

	it("explains itself without needing a key", async () => {
		expect(await mint(["--help"], { PLAYGATE_STATE: "/nowhere" }, now)).toContain("--climit");
	});
});
