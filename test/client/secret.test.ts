import { describe, expect, it } from "vitest";
import { JoinError } from "../../worker/join/client/problem.ts";
import { SECRET_NAMES, refuseSecrets } from "../../worker/join/client/no-secret.ts";
import { SECRET_ERRORS, secretFaultOf } from "../../worker/join/client/secret-errors.ts";
import { checkSecret, secretProblemInWords } from "../../worker/join/client/secret.ts";

describe("an encryption secret", () => {
	it.each([
		["x".repeat(8), null],
		["x".repeat(256), null],
		["        ", null], // as the vendors count: any characters
		["\u{1F511}\u{1F511}\u{1F511}\u{1F511}", null], // 8 units of UTF-16
		["", "missing"],
		[undefined, "missing"],
		[null, "missing"],
		["x".repeat(7), "too-short"],
		["\u{1F511}\u{1F511}\u{1F511}x", "too-short"],
		["x".repeat(257), "too-long"],
		[12345678, "not-text"],
		[["a", "b"], "not-text"],
		[new Uint8Array(16), "not-text"],
	] as const)("%j: %s", (secret, problem) => {
		expect(checkSecret(secret)).toBe(problem);
	});

	it("is never repeated in what is said of it", () => {
		for (const problem of ["missing", "not-text", "too-short", "too-long"] as const) {
			expect(secretProblemInWords(problem)).toMatch(/secret/);
		}
	});
});

describe("the names of the platforms' errors", () => {
	it.each([
		["web", "OT_INVALID_ENCRYPTION_SECRET", "invalid"],
		["web", "OT_STREAM_CREATE_FAILED", "publish-without"],
		["web", "OT_UNABLE_TO_SUBSCRIBE", "subscribe-without"],
		["web", "encryptionSecretMismatch", "mismatch"],
		["android", "EncryptionSecretMissing", "missing"],
		["android", "DecryptionInternalError", "decryption"],
		["apple", "OTPublisherEncryptionSecretMissing", "publish-without"],
		["windows", "EncryptionInternalError", "publish-without"],
		["linux", "OTC_SUBSCRIBER_ENCRYPTION_SECRET_MISMATCH", "mismatch"],
		["linux", "EncryptionSecretMissing", null],
		["react-native", "anything", null],
	] as const)("%s %s is %s", (platform, name, fault) => {
		expect(secretFaultOf(platform, name)).toBe(fault);
	});

	it("every platform tells a wrong secret in some way", () => {
		for (const errors of Object.values(SECRET_ERRORS)) expect(errors.mismatch).not.toBeNull();
	});
});

describe("what is sent to the gate", () => {
	it.each([
		[{ secret: "x" }, "secret"],
		[{ client: { sdk: "opentok.js", encryptionSecret: "x" } }, "client.encryptionSecret"],
		[{ type: "data", data: [{ "E2EE-Key": null }] }, "data.0.E2EE-Key"],
		[{ a: { b: { encryption_secret: "" } } }, "a.b.encryption_secret"],
	])("%j does not go out", (value, place) => {
		let thrown: unknown;
		try {
			refuseSecrets(value);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(JoinError);
		expect(thrown).toMatchObject({ reason: "encryption-secret-sent", details: { member: place } });
	});

	it.each([
		[{ type: "data", data: "the secret is not here" }],
		[{ name: "Ann", device_id: "d", role: undefined, secret: undefined }],
		[["secret"]],
		["secret"],
		[null],
	])("%j does", (value) => {
		expect(() => refuseSecrets(value)).not.toThrow();
	});

	it("is looked through for names of vendors' secrets", () => {
		expect(SECRET_NAMES.size).toBeGreaterThan(10);
		for (const name of SECRET_NAMES) expect(name).toMatch(/^[a-z0-9]+$/);
	});
});
