import { calculateJwkThumbprint, exportJWK } from "jose";
import { describe, expect, it } from "vitest";
import { fetchJwks, parseJwks } from "../../../worker/token/jwks.ts";
import { newSigner } from "./signer.ts";

const URL_OF_SET = "https://publisher.test/.well-known/jwks.json";
const rsa = await exportJWK((await newSigner("RS256", "rsa")).publicKey.key);
const ec = await exportJWK((await newSigner("ES256", "ec")).publicKey.key);
const privateEc = await exportJWK((await newSigner("ES256", "ec")).privateKey);

const answering =
	(body: BodyInit | null, init: ResponseInit = {}) =>
	async () =>
		new Response(body, init);

const setOf = (...keys: unknown[]) => JSON.stringify({ keys });

async function idsOf(...keys: unknown[]): Promise<readonly string[]> {
	const result = await parseJwks(setOf(...keys));
	return result.ok ? result.keys.map(({ id }) => id) : [result.message];
}

describe("a key of a set is used", () => {
	it.each([
		["RSA", rsa, "RS256"],
		["P-256", ec, "ES256"],
		["with use sig", { ...rsa, use: "sig" }, "RS256"],
		["with key_ops verify", { ...ec, key_ops: ["verify"] }, "ES256"],
		["with its own alg", { ...ec, alg: "ES256" }, "ES256"],
		["with a certificate, which is not looked at", { ...rsa, x5c: ["!"], x5u: "http://a.test" }, "RS256"],
		["with unknown members", { ...rsa, iat: 1, "": null }, "RS256"],
	])("%s", async (_, jwk, algorithm) => {
		const result = await parseJwks(setOf({ ...jwk, kid: "k1" }));
		expect(result).toMatchObject({ ok: true, keys: [{ id: "k1", algorithm }], skipped: 0 });
	});

	it("is named by its thumbprint where it has no kid", async () => {
		expect(await idsOf(rsa, ec)).toEqual([await calculateJwkThumbprint(rsa), await calculateJwkThumbprint(ec)]);
	});

	it("keeps two keys of one kid", async () => {
		expect(await idsOf({ ...rsa, kid: "same" }, { ...ec, kid: "same" })).toEqual(["same", "same"]);
	});
});

describe("a key of a set is skipped", () => {
	const shortModulus = rsa.n?.slice(0, 172); // 129 bytes

	it.each([
		["for encryption", { ...rsa, use: "enc" }],
		["with a use of another type", { ...rsa, use: ["sig"] }],
		["whose operations do not verify", { ...rsa, key_ops: ["encrypt"] }],
		["whose operations are no list", { ...rsa, key_ops: "verify" }],
		["whose operations are none", { ...rsa, key_ops: [] }],
		["for another algorithm", { ...rsa, alg: "PS256" }],
		["for an algorithm of another type of key", { ...rsa, alg: "ES256" }],
		["for HMAC", { kty: "oct", k: "c2VjcmV0", alg: "HS256" }],
		["that is private", privateEc],
		["that pretends to be private", { ...rsa, d: "AQAB" }],
		["with a symmetric secret beside it", { ...rsa, k: "c2VjcmV0" }],
		["of another curve", { ...ec, crv: "P-384" }],
		["of an unknown type", { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
		["of RSA under 2048 bits", { ...rsa, n: shortModulus }],
		["of RSA with exponent 3", { ...rsa, e: "Aw" }],
		["of RSA with exponent 1", { ...rsa, e: "AQ" }],
		["without a modulus", { kty: "RSA", e: "AQAB" }],
		["with a modulus that is no text", { ...rsa, n: 5 }],
		["whose point is not on the curve", { ...ec, x: ec.y, y: ec.y }],
		["whose kid is no text", { ...rsa, kid: 7 }],
		["whose kid is empty", { ...rsa, kid: "" }],
		["whose kid is too long", { ...rsa, kid: "k".repeat(257) }],
		["that is null", null],
		["that is text", "key"],
		["that is a list", [rsa]],
	])("%s", async (_, jwk) => {
		const result = await parseJwks(setOf(jwk, { ...ec, kid: "fit" }));
		expect(result).toMatchObject({ ok: true, keys: [{ id: "fit" }], skipped: 1 });
	});
});

describe("a set is refused", () => {
	it.each([
		["that is not JSON", "<html>", "not JSON"],
		["that is empty text", "", "not JSON"],
		["that is a list", "[]", "array of keys"],
		["that is null", "null", "array of keys"],
		["without keys", "{}", "array of keys"],
		["whose keys are an object", '{"keys":{}}', "array of keys"],
		["of more than 100 keys", setOf(...Array.from({ length: 101 }, () => ({}))), "101 keys"],
	])("%s", async (_, text, message) => {
		expect(await parseJwks(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
	});

	it("but not one of no keys, or of 100", async () => {
		expect(await parseJwks(setOf())).toEqual({ ok: true, keys: [], skipped: 0 });
		expect(await parseJwks(setOf(...Array.from({ length: 100 }, () => ({}))))).toMatchObject({
			ok: true,
			skipped: 100,
		});
	});
});

describe("fetching a set", () => {
	it("asks once, without following redirects and with a time limit", async () => {
		const requests: Request[] = [];
		const fetch = async (request: Request) => {
			requests.push(request);
			return Response.json({ keys: [{ ...ec, kid: "k1" }] });
		};
		expect(await fetchJwks(URL_OF_SET, { fetch })).toMatchObject({ ok: true, keys: [{ id: "k1" }] });
		expect(requests).toHaveLength(1);
		expect(requests[0]).toMatchObject({ url: URL_OF_SET, method: "GET", redirect: "manual" });
		expect(requests[0]?.signal).toBeInstanceOf(AbortSignal);
	});

	it.each([
		["http", "http://publisher.test/jwks", "https URL"],
		["another scheme", "file:///etc/passwd", "https URL"],
		["data", "data:application/json,{}", "https URL"],
		["no URL", "publisher.test/jwks", "https URL"],
		["a user name", "https://ann@publisher.test/jwks", "user name"],
		["a password", "https://:secret@publisher.test/jwks", "user name"],
	])("refuses a URL with %s before it is fetched", async (_, url, message) => {
		const fetch = async (): Promise<Response> => expect.unreachable("it must not be fetched");
		expect(await fetchJwks(url, { fetch })).toEqual({ ok: false, message: expect.stringContaining(message) });
	});

	it("allows the http URLs that the caller allows", async () => {
		const options = { fetch: answering(setOf()), allowsHttp: (url: URL) => url.hostname === "127.0.0.1" };
		expect(await fetchJwks("http://127.0.0.1:9000/jwks", options)).toMatchObject({ ok: true });
		expect(await fetchJwks("http://publisher.test/jwks", options)).toMatchObject({ ok: false });
		expect(await fetchJwks("ftp://127.0.0.1/jwks", options)).toMatchObject({ ok: false });
	});

	it.each([301, 302, 304, 404, 500, 206])("refuses the status %d", async (status) => {
		const fetch = answering(status === 304 ? null : setOf(), { status });
		expect(await fetchJwks(URL_OF_SET, { fetch })).toEqual({
			ok: false,
			message: expect.stringContaining(`answered ${status}`),
		});
	});

	it.each([
		["the connection fails", async () => Promise.reject(new TypeError("connection refused"))],
		["the time is up", async () => Promise.reject(new DOMException("timed out", "TimeoutError"))],
		[
			"the body breaks off",
			answering(new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) })),
		],
	])("says so when %s", async (_, fetch) => {
		expect(await fetchJwks(URL_OF_SET, { fetch })).toEqual({
			ok: false,
			message: expect.stringContaining("could not be fetched within 5 s"),
		});
	});

	it("stops reading a body that is too large", async () => {
		let cancelled = false;
		const endless = new ReadableStream({
			pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
			cancel: () => {
				cancelled = true;
			},
		});
		expect(await fetchJwks(URL_OF_SET, { fetch: answering(endless) })).toEqual({
			ok: false,
			message: expect.stringContaining("larger than 262144 bytes"),
		});
		expect(cancelled).toBe(true);
	});

	it("accepts a body of just the limit", async () => {
		const text = setOf({ ...ec, kid: "k1" });
		const fetch = answering(text + " ".repeat(262_144 - text.length));
		expect(await fetchJwks(URL_OF_SET, { fetch })).toMatchObject({ ok: true });
	});
});
