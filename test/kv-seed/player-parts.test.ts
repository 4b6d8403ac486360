import { describe, expect, it } from "vitest";
import { answerOfRequest } from "../../kv-seed/demo/site/gate-answer.ts";
import { playlistUrl, readClaims, readLink } from "../../kv-seed/demo/site/link.ts";

const request = (status: number, headers: Record<string, string>, response: unknown) => ({
	status,
	response,
	getResponseHeader: (name: string): string | null => headers[name] ?? null,
});

describe("what the player page says about a refusal", () => {
	const headers = { "Playgate-Reason": "token-expired", "Playgate-Decision": "d-1" };
	const body = '[{"message":"The token expired."}]';

	it.each([
		["a manifest, read as text", body],
		["a key or segment, read as bytes", new TextEncoder().encode(body).buffer],
		["the session API", '{"error":{"message":"The token expired."}}'],
		["a problem (RFC 9457)", '{"title":"No","detail":"The token expired."}'],
	])("comes from the answer to %s", (_what, response) => {
		expect(answerOfRequest(request(401, headers, response))).toEqual({
			status: 401,
			reason: "token-expired",
			decision: "d-1",
			message: "The token expired.",
		});
	});

	it.each([["<html>"], [""], [null], ["[]"], ['[{"message":7}]'], ["null"]])(
		"still has its reason when the body is %j",
		(response) => {
			expect(answerOfRequest(request(403, headers, response))).toMatchObject({ reason: "token-expired", message: "" });
		},
	);

	it("is nothing when the answer is not the gate's", () => {
		expect(answerOfRequest(request(502, {}, "Bad gateway"))).toBeUndefined();
	});
});

describe("a player link", () => {
	it.each([
		["#token=a.b.c&account=acme&video=v1", "", { token: "a.b.c", account: "acme", video: "v1" }],
		["", "?token=a.b.c", { token: "a.b.c", account: "demo", video: "clip" }],
		["#token=one", "?token=two&video=v2", { token: "one", account: "demo", video: "v2" }],
		["", "", { token: "", account: "demo", video: "clip" }],
	])("%j with %j is read", (hash, search, link) => {
		expect(readLink({ hash, search })).toEqual(link);
	});

	it("cannot leave its place in the URL of the playlist", () => {
		expect(playlistUrl({ token: "a&b", account: "../x", video: "v?1" })).toBe(
			"/playback/v1/accounts/..%2Fx/videos/v%3F1/master.m3u8?bcov_auth=a%26b",
		);
	});

	it("shows the claims of its token, and none when it is no JWT", () => {
		const payload = Buffer.from('{"uid":"zoë","climit":1,"tags":["a"]}').toString("base64url");
		expect(readClaims(`x.${payload}.y`)).toEqual([
			["uid", "zoë"],
			["climit", "1"],
			["tags", '["a"]'],
		]);
		expect(readClaims("nonsense")).toEqual([]);
	});
});
