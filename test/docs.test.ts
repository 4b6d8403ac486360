import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Reason, Refusal } from "../worker/decision/refusals.ts";
import { SCOPES } from "../worker/credentials/scopes.ts";
import { SECRET_ERRORS } from "../worker/join/client/secret-errors.ts";
import { wireError } from "../worker/decision/wire.ts";

const doc = (name: string) => readFileSync(join(import.meta.dirname, "../docs", name), "utf8");

/** One refusal of each reason; the type makes the compiler ask for a new one. */
const samples: { readonly [K in Reason]: Extract<Refusal, { reason: K }> } = {
	"token-required": { reason: "token-required" },
	"token-repeated": { reason: "token-repeated", parameter: "bcov_auth" },
	"token-conflict": { reason: "token-conflict", carriers: ["query", "cookie"] },
	"token-malformed": { reason: "token-malformed", detail: "a token has three parts" },
	"key-unknown": { reason: "key-unknown" },
	"signature-invalid": { reason: "signature-invalid" },
	"claim-invalid": { reason: "claim-invalid", claim: "climit", detail: "must be at least 1" },
	"claim-missing": { reason: "claim-missing", claim: "exp" },
	"token-expired": { reason: "token-expired", expiredAt: 0 },
	"token-not-yet-valid": { reason: "token-not-yet-valid", validFrom: 0 },
	"token-lifetime-too-long": { reason: "token-lifetime-too-long", lifetimeSeconds: 2, maxSeconds: 1 },
	"audience-mismatch": { reason: "audience-mismatch", expected: ["a"] },
	"grant-invalid": { reason: "grant-invalid" },
	"token-revoked": { reason: "token-revoked", by: "token" },
	"claim-not-enabled": { reason: "claim-not-enabled", claim: "uid", tier: 1, neededTier: 3 },
	"account-mismatch": { reason: "account-mismatch" },
	"video-not-in-token": { reason: "video-not-in-token", claim: "conid" },
	"tags-mismatch": { reason: "tags-mismatch" },
	"user-agent-mismatch": { reason: "user-agent-mismatch" },
	"sources-restricted": { reason: "sources-restricted", pro: "widevine" },
	"delivery-rule-missing": { reason: "delivery-rule-missing" },
	"video-not-active": { reason: "video-not-active" },
	"video-not-started": { reason: "video-not-started", startsAt: 0 },
	"video-ended": { reason: "video-ended", endedAt: 0 },
	"rights-missing": { reason: "rights-missing", namedBy: "prid" },
	"rights-ip-blocked": { reason: "rights-ip-blocked" },
	"rights-ip-not-allowed": { reason: "rights-ip-not-allowed" },
	"rights-geo-blocked": { reason: "rights-geo-blocked", by: "country", country: "US" },
	"rights-geo-not-allowed": { reason: "rights-geo-not-allowed", country: null },
	"rights-not-started": { reason: "rights-not-started", startsAt: 0 },
	"rights-ended": { reason: "rights-ended", endedAt: 0 },
	"rights-day-not-allowed": { reason: "rights-day-not-allowed", day: "sun" },
	"rights-hour-not-allowed": { reason: "rights-hour-not-allowed", hours: ["8-19"] },
	"rights-proxy-blocked": { reason: "rights-proxy-blocked", type: "hosting" },
	"rights-domain-blocked": { reason: "rights-domain-blocked", domain: "www.example.com" },
	"rights-domain-not-allowed": { reason: "rights-domain-not-allowed", domain: null },
	"ip-limit": { reason: "ip-limit", limit: 1 },
	"use-limit": { reason: "use-limit", limit: 1 },
	"device-limit": { reason: "device-limit", limit: 1 },
	"stream-limit-create": { reason: "stream-limit-create", limit: 1, active: 1 },
	"stream-limit-renew": { reason: "stream-limit-renew" },
	"session-ended": { reason: "session-ended", by: "operator" },
	"end-session-not-allowed": { reason: "end-session-not-allowed", for: "account" },
	"limits-unavailable": { reason: "limits-unavailable" },
	"bad-request": { reason: "bad-request", detail: "What was wrong." },
	"video-not-found": { reason: "video-not-found" },
	"playlist-not-found": { reason: "playlist-not-found" },
	"ssai-claim-missing": { reason: "ssai-claim-missing" },
	"ssai-config-unknown": { reason: "ssai-config-unknown", config: "ads-1", kind: "hls" },
	"resource-not-found": { reason: "resource-not-found" },
	"method-not-allowed": { reason: "method-not-allowed", allowed: ["GET"] },
	"source-unavailable": { reason: "source-unavailable", detail: "it answered 500" },
	"source-timeout": { reason: "source-timeout" },
	"license-unavailable": { reason: "license-unavailable", detail: "it answered 500" },
	"license-timeout": { reason: "license-timeout" },
	"catalog-unavailable": { reason: "catalog-unavailable", record: "video" },
	fault: { reason: "fault" },
	"credentials-required": { reason: "credentials-required" },
	"credentials-invalid": { reason: "credentials-invalid" },
	"credentials-throttled": { reason: "credentials-throttled", retryAfterSeconds: 30 },
	"credentials-unavailable": { reason: "credentials-unavailable" },
	"scope-missing": { reason: "scope-missing", scope: "playgate/settings/read" },
	"cross-site-request": { reason: "cross-site-request" },
	"record-invalid": { reason: "record-invalid", issues: ["a: wrong"] },
	"account-id-invalid": { reason: "account-id-invalid" },
	"catalog-not-written": { reason: "catalog-not-written", record: "right" },
	"country-invalid": { reason: "country-invalid", value: "MIX" },
	"address-invalid": { reason: "address-invalid", value: "0.0.0.0/40" },
	"report-link-invalid": { reason: "report-link-invalid" },
	"report-link-expired": { reason: "report-link-expired", expiredAt: 0 },
	"record-too-large": { reason: "record-too-large", maxBytes: 1 },
	"devices-unavailable": { reason: "devices-unavailable", operation: "list" },
	"object-unavailable": { reason: "object-unavailable" },
	"e2ee-session-not-found": { reason: "e2ee-session-not-found" },
	"e2ee-session-not-started": { reason: "e2ee-session-not-started", startsAt: 0 },
	"e2ee-session-ended": { reason: "e2ee-session-ended", endedAt: null },
	"e2ee-session-locked": { reason: "e2ee-session-locked" },
	"e2ee-session-full": { reason: "e2ee-session-full", limit: 1 },
	"join-url-missing": { reason: "join-url-missing" },
	"participant-banned": { reason: "participant-banned", until: null },
	"participant-present": { reason: "participant-present" },
	"participant-not-found": { reason: "participant-not-found" },
	"participant-status": { reason: "participant-status", status: "gone", wanted: "waiting" },
	"token-already-joined": { reason: "token-already-joined" },
	"lobby-denied": { reason: "lobby-denied" },
	"role-not-allowed": { reason: "role-not-allowed", role: "moderator", allowed: ["subscriber"] },
	"moderator-required": { reason: "moderator-required" },
	"client-too-old": { reason: "client-too-old", product: "Safari", version: "15.3", leastVersion: "15.4" },
	"client-unsupported": { reason: "client-unsupported", product: "Firefox", detail: "use another browser" },
	"encryption-secret-sent": { reason: "encryption-secret-sent", member: "client.secret" },
	"media-type-unsupported": { reason: "media-type-unsupported", expected: ["application/json"] },
	"sdp-refused": { reason: "sdp-refused", rule: "no-sdes", detail: "a=crypto is not allowed" },
	"precondition-required": { reason: "precondition-required" },
	"precondition-failed": { reason: "precondition-failed" },
	"ticket-invalid": { reason: "ticket-invalid" },
	"ticket-used": { reason: "ticket-used" },
	"ticket-expired": { reason: "ticket-expired" },
	"participant-gone": { reason: "participant-gone", because: "kicked" },
	"provider-not-configured": { reason: "provider-not-configured", provider: "vonage", detail: "it has no credentials" },
	"provider-unavailable": { reason: "provider-unavailable", provider: "chime", detail: "it answered 500" },
	"provider-timeout": { reason: "provider-timeout", provider: "chime" },
	"stream-not-live": { reason: "stream-not-live", retryAfterSeconds: 5 },
	"media-server-busy": { reason: "media-server-busy", retryAfterSeconds: 5 },
	"media-server-refused": { reason: "media-server-refused" },
	"chime-app-key-refused": { reason: "chime-app-key-refused", detail: "it is empty" },
	"chime-tenant-refused": { reason: "chime-tenant-refused", detail: "it is empty" },
	"chime-attendee-mismatch": { reason: "chime-attendee-mismatch" },
	"chime-token-refused": { reason: "chime-token-refused" },
	"chime-session-conflict": { reason: "chime-session-conflict", detail: "its TenantIds are others" },
	"aws-signature-required": { reason: "aws-signature-required" },
	"sora-e2ee-required": { reason: "sora-e2ee-required" },
	"lobby-waiting": { reason: "lobby-waiting" },
	"webhook-caller-refused": { reason: "webhook-caller-refused", detail: "its Basic credentials are missing or wrong" },
	"aws-signature-invalid": { reason: "aws-signature-invalid", detail: "the body is another" },
	"aws-clock-skewed": { reason: "aws-clock-skewed", mostSeconds: 300 },
	"vonage-credentials-required": { reason: "vonage-credentials-required" },
	"vonage-credentials-invalid": { reason: "vonage-credentials-invalid", detail: "exp is over" },
	"vonage-session-options": { reason: "vonage-session-options", detail: "It is relayed." },
	"vonage-feature-refused": { reason: "vonage-feature-refused", feature: "archive" },
	"vonage-token-mismatch": { reason: "vonage-token-mismatch" },
	"vonage-session-unencrypted": { reason: "vonage-session-unencrypted" },
	"vonage-encryption-missing": { reason: "vonage-encryption-missing", what: "a stream" },
	"vonage-connection-limit": { reason: "vonage-connection-limit" },
	"vonage-host-refused": { reason: "vonage-host-refused" },
	"room-unavailable": { reason: "room-unavailable" },
};

describe("docs/reasons.md", () => {
	const rows = new Map(
		doc("reasons.md")
			.split("\n")
			.filter((line) => line.startsWith("| `"))
			.map((line) => line.split("|").map((cell) => cell.trim()))
			.map(
				([, reason = "", status, code, subcode]) =>
					[reason.replaceAll("`", ""), [Number(status), code, subcode]] as const,
			),
	);

	it("has a row for each reason and for no other", () => {
		expect([...rows.keys()].toSorted()).toEqual(Object.keys(samples).toSorted());
	});

	it.each(Object.values(samples))("tells the wire form of $reason", (refusal) => {
		const { status, code, subcode, message } = wireError(refusal, "static");
		expect(rows.get(refusal.reason)).toEqual([status, code, subcode]);
		expect(message).toMatch(/^\S.*\S$/);
	});
});

it.each(SCOPES)("docs/management.md names the scope %s", (scope) => {
	const written = doc("management.md").match(/`[^`]*\/[^`]*`/g) ?? [];
	const ends = written.map((name) => name.slice(1, -1).replace(/^\.\.\./, ""));
	expect(ends.some((end) => end === scope || (end.startsWith("/") && scope.endsWith(end)))).toBe(true);
});

describe("the wire form", () => {
	it.each(["token-required", "token-expired", "signature-invalid"] as const)(
		"names %s in the dialect of the path",
		(reason) => {
			expect([wireError(samples[reason], "static").code, wireError(samples[reason], "api").code]).toEqual([
				"INVALID_JWT",
				"ACCESS_DENIED",
			]);
		},
	);

	it("does not say whether key or signature was the problem", () => {
		const shown = (["key-unknown", "signature-invalid"] as const).map((reason) => wireError(samples[reason], "api"));
		expect(shown[0]).toEqual(shown[1]);
		expect(shown[0]?.reason).toBe("token-invalid");
	});
});

it("docs/join.md names every error of a bad secret that the client module knows", () => {
	const join = doc("join.md");
	const names = Object.values(SECRET_ERRORS).flatMap((faults) => Object.values(faults).map((error) => error?.name));
	expect(names.filter((name) => typeof name === "string" && !join.includes(`\`${name}\``))).toEqual([]);
});
