import { describe, expect, it } from "vitest";
import { encryptForm, judgeQuery } from "../../../../worker/join/providers/vonage/api/create-form.ts";

const outcome = (body: string, policy: "require" | "allow" = "require"): string => {
	const form = encryptForm(body, policy);
	if (form.allowed) return `${form.value.encrypted ? "encrypted" : "plain"}: ${form.value.body}`;
	return form.refusal.reason === "vonage-session-options" ? form.refusal.detail : form.refusal.reason;
};

describe("the form of a session", () => {
	it.each([
		[
			"opentok, routed and encrypted",
			"e2ee=true&archiveMode=manual&p2p.preference=disabled",
			"e2ee=true&archiveMode=manual&p2p.preference=disabled",
		],
		[
			"@vonage/video",
			"archiveMode=manual&location=null&p2p.preference=disabled",
			"archiveMode=manual&location=null&p2p.preference=disabled&e2ee=true",
		],
		["@vonage/video, in words", "p2p.preference=routed", "p2p.preference=disabled&e2ee=true&archiveMode=manual"],
		["empty", "", "e2ee=true&p2p.preference=disabled&archiveMode=manual"],
		[
			"PHP, without encryption",
			"archiveMode=manual&e2ee=false&p2p.preference=disabled",
			"archiveMode=manual&e2ee=true&p2p.preference=disabled",
		],
		["Python, with it", "e2ee=True&p2p.preference=disabled", "e2ee=true&p2p.preference=disabled&archiveMode=manual"],
	])("is made encrypted, all else in its place: %s", (_what, body, made) => {
		expect(outcome(body)).toBe(`encrypted: ${made}`);
	});

	it.each([
		["relayed", "p2p.preference=enabled", /^MediaMode must be routed/],
		["relayed, in words", "p2p.preference=relayed", /^MediaMode must be routed/],
		["relayed, as Python says it", "p2p.preference=always&e2ee=true", /^MediaMode must be routed/],
		["always archived", "archiveMode=always&p2p.preference=disabled", /^ArchiveMode cannot be set to always/],
		["twice", "p2p.preference=disabled&p2p.preference=enabled", /p2p.preference twice/],
		["in another case", "archivemode=always", /archivemode twice, or in another spelling/],
		["with a value that is none", "e2ee=yes", /^e2ee must be true or false/],
	])("is refused where it could not be encrypted: %s", (_what, body, message) => {
		expect(outcome(body)).toMatch(message);
	});

	it.each(["p2p.preference=enabled", "a=b&E2EE=false", "archiveMode=always"])(
		"is nothing that a query changes: %s",
		(query) => {
			expect(judgeQuery(new URLSearchParams(query))).toMatchObject({ refusal: { reason: "vonage-session-options" } });
			expect(judgeQuery(new URLSearchParams("a=b")).allowed).toBe(true);
		},
	);

	it("stays byte for byte where the policy allows that, and no encryption is asked for", () => {
		const body = "location=10.0.0.1&p2p.preference=enabled&archiveMode=always&x=%7E";
		expect(outcome(body, "allow")).toBe(`plain: ${body}`);
		expect(outcome("e2ee=false&p2p.preference=enabled", "allow")).toBe("plain: e2ee=false&p2p.preference=enabled");
		expect(outcome("e2ee=true&p2p.preference=enabled", "allow")).toMatch(/^MediaMode/);
	});
});
