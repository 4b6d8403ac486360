import { describe, expect, it } from "vitest";
import { importPublicKey } from "../../../worker/token/public-key.ts";
import * as keys from "./public-keys.ts";
import { newSigner } from "./signer.ts";

const wrapped = (base64: string) => base64.replaceAll(/.{1,76}/g, "$&\n");
const pem = (base64: string, label = "PUBLIC KEY") =>
	`-----BEGIN ${label}-----\n${wrapped(base64)}-----END ${label}-----\n`;
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

async function messageOf(value: string): Promise<string> {
	const result = await importPublicKey(value);
	return result.ok ? "accepted" : result.message;
}

describe("a public key is accepted", () => {
	it.each([
		["RSA, one line", keys.rsa2048, "RS256", keys.rsa2048],
		["RSA, wrapped", wrapped(keys.rsa2048), "RS256", keys.rsa2048],
		["RSA, wrapped with CRLF", wrapped(keys.rsa2048).replaceAll("\n", "\r\n"), "RS256", keys.rsa2048],
		["RSA, PEM", pem(keys.rsa2048), "RS256", keys.rsa2048],
		["RSA, PEM on one line", pem(keys.rsa2048).replaceAll("\n", " "), "RS256", keys.rsa2048],
		["RSA, PKCS #1 PEM", pem(keys.rsa2048Pkcs1, "RSA PUBLIC KEY"), "RS256", keys.rsa2048],
		["RSA, PKCS #1 base64", keys.rsa2048Pkcs1, "RS256", keys.rsa2048],
		["P-256, one line", keys.p256, "ES256", keys.p256],
		["P-256, PEM", pem(keys.p256), "ES256", keys.p256],
		["P-256, without padding", keys.p256.replaceAll("=", ""), "ES256", keys.p256],
	])("%s", async (_, value, algorithm, canonical) => {
		const result = await importPublicKey(value);
		expect(result).toMatchObject({ ok: true, algorithm, value: canonical });
		expect(result.ok && result.key.type).toBe("public");
		expect(result.ok && result.key.usages).toEqual(["verify"]);
	});
});

describe("another kind of key is refused", () => {
	it.each([
		["RSA of 1024 bits", keys.rsa1024, "1024 bits"],
		["RSA of 1024 bits, PKCS #1", keys.rsa1024Pkcs1, "less than 2048 bits"],
		["RSA with exponent 3", keys.rsaExponent3, "exponent must be 65537"],
		["RSA of 1024 bits in PEM", pem(keys.rsa1024), "1024 bits"],
		["RSA-PSS", keys.rsaPss, "RSA-PSS"],
		["P-384", keys.p384, "P-256"],
		["secp256k1", keys.secp256k1, "P-256"],
		["Ed25519", keys.ed25519, "Ed25519"],
		["a certificate", keys.certificate, "certificate"],
		["a certificate in PEM", pem(keys.certificate, "CERTIFICATE"), "certificate"],
		["a JWK", '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}', "JWK"],
		["an OpenSSH key", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB ann@host", "ssh-keygen"],
		["an OpenSSH EC key", "ecdsa-sha2-nistp256 AAAAE2VjZHNh", "ssh-keygen"],
	])("%s", async (_, value, message) => {
		expect(await messageOf(value)).toContain(message);
	});
});

describe("what is no key is refused", () => {
	const damagedPoint = fromBase64(keys.p256);
	damagedPoint[60] = (damagedPoint[60] ?? 0) ^ 1;

	it.each([
		["nothing", "", "standard base64"],
		["white space", " \n ", "standard base64"],
		["words", "my public key", "not the DER"],
		["other characters", "*** key ***", "standard base64"],
		["base64url", keys.rsa2048.replaceAll("+", "-").replaceAll("/", "_"), "standard base64"],
		["padding in the middle", `${keys.p256}AAAA`.replace("=", "=A"), "standard base64"],
		["an impossible length", keys.p256.replaceAll("=", "").slice(0, -1), "standard base64"],
		["text in base64", btoa("hello, world"), "not the DER"],
		["an empty sequence", "MAA=", "not the DER"],
		["a sequence that claims too much", toBase64(new Uint8Array([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])), "not the DER"],
		["a key cut short", keys.rsa2048.slice(0, -40), "damaged"],
		["a point that is not on the curve", toBase64(damagedPoint), "damaged"],
		["PEM with a header only", "-----BEGIN PUBLIC KEY-----", "standard base64"],
		["PEM of another kind", pem(keys.p256, "PARAMETERS"), "standard base64"],
		["PEM twice", pem(keys.p256) + pem(keys.p256), "standard base64"],
		["too much", "A".repeat(20_000), "at most 16384 characters"],
	])("%s", async (_, value, message) => {
		expect(await messageOf(value)).toContain(message);
	});
});

describe("a private key is refused, and its owner told never to send one", async () => {
	const rsa = await newSigner("RS256", "rsa");
	const ec = await newSigner("ES256", "ec");
	const pkcs8 = async (key: CryptoKey) => new Uint8Array((await crypto.subtle.exportKey("pkcs8", key)) as ArrayBuffer);
	const rsaPkcs8 = await pkcs8(rsa.privateKey);
	const ecPkcs8 = await pkcs8(ec.privateKey);
	// The older forms are what PKCS #8 wraps: they begin where its OCTET STRING's content does.
	const pkcs1 = toBase64(rsaPkcs8.subarray(26));
	const sec1 = toBase64(ecPkcs8.subarray(29));
	const encrypted = toBase64(
		new Uint8Array([0x30, 0x20, 0x30, 0x1b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 13, ...Array(19).fill(0)]),
	);
	const jwk = JSON.stringify(await crypto.subtle.exportKey("jwk", ec.privateKey));

	it.each([
		["RSA, PKCS #8", toBase64(rsaPkcs8)],
		["RSA, PKCS #8 PEM", pem(toBase64(rsaPkcs8), "PRIVATE KEY")],
		["RSA, PKCS #8 called public", pem(toBase64(rsaPkcs8))],
		["RSA, PKCS #1", pkcs1],
		["RSA, PKCS #1 PEM", pem(pkcs1, "RSA PRIVATE KEY")],
		["EC, PKCS #8", toBase64(ecPkcs8)],
		["EC, SEC 1", sec1],
		["EC, SEC 1 PEM", pem(sec1, "EC PRIVATE KEY")],
		["encrypted PKCS #8", encrypted],
		["OpenSSH", pem("b3BlbnNzaC1rZXktdjEAAAAA", "OPENSSH PRIVATE KEY")],
		["behind a public key", pem(keys.p256) + pem(toBase64(ecPkcs8), "PRIVATE KEY")],
		["PEM in base64", btoa(pem(toBase64(ecPkcs8), "PRIVATE KEY"))],
		["a private JWK", jwk],
	])("%s", async (_, value) => {
		const message = await messageOf(value);
		expect(message).toContain("private key: never send one");
		expect(message).not.toContain(value.slice(0, 24));
	});
});

it("verifies what the private key signed", async () => {
	const signer = await newSigner("RS256", "rsa");
	const spki = new Uint8Array((await crypto.subtle.exportKey("spki", signer.publicKey.key)) as ArrayBuffer);
	const result = await importPublicKey(toBase64(spki));
	const signature = await signer.sign("text");
	const text = new TextEncoder().encode("text");
	expect(result.ok && (await crypto.subtle.verify("RSASSA-PKCS1-v1_5", result.key, signature, text))).toBe(true);
});
