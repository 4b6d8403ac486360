import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type AwsCredentials,
	type SignedCall,
	verifySignature,
} from "../../../../worker/join/providers/chime/sigv4.ts";

const NOW = Date.UTC(2100, 0, 1, 12);
const OWN: AwsCredentials = {
	accessKeyId: "AKIDEXAMPLE0000000001",
	secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	sessionToken: null,
	region: "eu-central-1",
};

interface Signing {
	readonly method?: string;
	readonly path?: string;
	readonly query?: Record<string, string>;
	readonly headers?: Record<string, string>;
	readonly body?: string;
	readonly credentials?: AwsCredentials;
	readonly service?: string;
	readonly at?: number;
	readonly unsignable?: readonly string[];
}

/** A call as the AWS SDK signs it: its own signer, no code of the gate. */
async function signed(signing: Signing = {}): Promise<SignedCall> {
	const { method = "POST", path = "/join/v1/accounts/a/chime/api/meetings", query = {}, body = '{"a":1}' } = signing;
	const { credentials = OWN, service = "chime", at = NOW } = signing;
	const { region, accessKeyId, secretAccessKey, sessionToken } = credentials;
	const signer = new SignatureV4({
		service,
		region,
		sha256: Sha256,
		credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) },
	});
	const headers = { host: "gate.example", "content-type": "application/json", ...signing.headers };
	const request = await signer.sign(
		{ method, protocol: "https:", hostname: "gate.example", path, query, headers, body },
		{ signingDate: new Date(at), unsignableHeaders: new Set(signing.unsignable ?? []) },
	);
	const search = new URLSearchParams(query).toString();
	const { host: _host, ...sent } = request.headers;
	return {
		method,
		url: `https://gate.example${path}${search && `?${search}`}`,
		headers: new Headers(sent),
		body: Buffer.from(body),
	};
}

async function verdict(call: SignedCall, own = OWN, nowMs = NOW): Promise<string> {
	const decision = await verifySignature(call, own, nowMs);
	if (decision.allowed) return "valid";
	return "detail" in decision.refusal ? String(decision.refusal.detail) : decision.refusal.reason;
}

const withHeader = (call: SignedCall, name: string, value: string): SignedCall => {
	const headers = new Headers(call.headers);
	headers.set(name, value);
	return { ...call, headers };
};

describe("a call that the AWS signer signed", () => {
	it.each<[string, Signing]>([
		["with a body", {}],
		["without a body", { method: "GET", body: "" }],
		["with a query", { query: { operation: "create-attendees" } }],
		["with a query of odd characters", { query: { "max-results": "5", "next-token": "a b/+=&é*'()!~" } }],
		["with a path of odd characters", { path: "/join/v1/accounts/a/chime/api/meetings/a%20b%2Fc/attendees" }],
		["with its length signed", { headers: { "content-length": "7" } }],
		["with spaces in headers", { headers: { "x-amz-thing": "a   b  c" } }],
		["with a session token", { credentials: { ...OWN, sessionToken: "FwoGZXIvYXdzE/+==" } }],
		["four minutes ago", { at: NOW - 240_000 }],
		["four minutes ahead", { at: NOW + 240_000 }],
	])("%s is valid", async (_how, signing) => {
		expect(await verdict(await signed(signing), signing.credentials)).toBe("valid");
	});

	it("is valid too where a proxy sends the body in chunks", async () => {
		const call = await signed({ headers: { "content-length": "7" } });
		const headers = new Headers(call.headers);
		headers.delete("content-length");
		expect(await verdict({ ...call, headers })).toBe("valid");
	});
});

describe("a call that is not the account's", () => {
	it.each<[string, Signing, string]>([
		["another secret key", { credentials: { ...OWN, secretAccessKey: "other" } }, "another secret key"],
		["another access key", { credentials: { ...OWN, accessKeyId: "AKIDOTHER" } }, "access key is not that"],
		["another region", { credentials: { ...OWN, region: "us-east-1" } }, "another region than eu-central-1"],
		["another service", { service: "execute-api" }, "another service than chime"],
		["a session token that is not the account's", { credentials: { ...OWN, sessionToken: "x" } }, "session token"],
		["a clock six minutes behind", { at: NOW - 301_000 }, "aws-clock-skewed"],
		["a clock six minutes ahead", { at: NOW + 301_000 }, "aws-clock-skewed"],
		[
			"a header of AWS that is not signed",
			{ headers: { "x-amz-meta": "1" }, unsignable: ["x-amz-meta"] },
			"x-amz-meta is not signed",
		],
	])("%s", async (_what, signing, expected) => {
		expect(await verdict(await signed(signing))).toContain(expected);
	});

	it("a session token that is not sent", async () => {
		expect(await verdict(await signed(), { ...OWN, sessionToken: "x" })).toContain("session token");
	});

	it.each<[string, (call: SignedCall) => SignedCall, string]>([
		["no Authorization", (call) => ({ ...call, headers: new Headers() }), "aws-signature-required"],
		["a Bearer token", (call) => withHeader(call, "Authorization", "Bearer x"), "aws-signature-required"],
		[
			"an Authorization that is cut",
			(call) => withHeader(call, "Authorization", "AWS4-HMAC-SHA256 Credential="),
			"cannot be read",
		],
		["another method", (call) => ({ ...call, method: "PUT" }), "does not fit"],
		["another path", (call) => ({ ...call, url: call.url.replace("/meetings", "/meetinks") }), "does not fit"],
		["another host", (call) => ({ ...call, url: call.url.replace("gate", "fate") }), "does not fit"],
		["a query added", (call) => ({ ...call, url: `${call.url}?operation=x` }), "does not fit"],
		["another body", (call) => ({ ...call, body: Buffer.from('{"a":2}') }), "the body is not the one"],
		["an unsigned payload", (call) => withHeader(call, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), "does not fit"],
		["another content type", (call) => withHeader(call, "Content-Type", "text/plain"), "does not fit"],
		["a date that is none", (call) => withHeader(call, "X-Amz-Date", "21001301T120000Z"), "X-Amz-Date is not like"],
		["a date of another day", (call) => withHeader(call, "X-Amz-Date", "21000102T120000Z"), "another day"],
	])("%s", async (_what, change, expected) => {
		expect(await verdict(change(await signed()))).toContain(expected);
	});

	it("a body that is neither hashed in a header nor the one that was signed", async () => {
		const call = await signed();
		const headers = new Headers(call.headers);
		headers.delete("X-Amz-Content-Sha256");
		expect(await verdict({ ...call, headers })).toContain("x-amz-content-sha256 was signed and is not there");
	});

	it("any other signature", async () => {
		const call = await signed();
		const authorization = call.headers.get("Authorization") ?? "";
		const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
		await fc.assert(
			fc.asyncProperty(hex, async (signature) => {
				const forged = authorization.replace(/[0-9a-f]{64}$/, signature);
				expect(await verdict(withHeader(call, "Authorization", forged))).toContain("does not fit");
			}),
			{ numRuns: 50 },
		);
	});
});
