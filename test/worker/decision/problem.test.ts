import { describe, expect, it } from "vitest";
import type { Refusal } from "../../../worker/decision/refusals.ts";
import { refusalResponse } from "../../../worker/decision/response.ts";
import { wireError } from "../../../worker/decision/wire.ts";

function problem(refusal: Refusal, method = "POST"): Response {
	const context = { decisionId: "d-1", origin: () => null, allowedOrigins: ["*"], method };
	return refusalResponse(wireError(refusal, "problem"), "problem", context);
}

describe("a refusal as a problem", () => {
	it("has the members of RFC 9457, the reason, the decision, and data of its own", async () => {
		const response = problem({ reason: "e2ee-session-full", limit: 2 });
		expect(response.status).toBe(403);
		expect(response.headers.get("Content-Type")).toBe("application/problem+json");
		expect(await response.json()).toEqual({
			type: "/docs/reasons#e2ee-session-full",
			title: "E2EE session full",
			status: 403,
			detail: "The session already has 2 participant(s), as many as it allows.",
			reason: "e2ee-session-full",
			decision_id: "d-1",
			limit: 2,
		});
	});

	it("has the headers of every decision", () => {
		const headers = Object.fromEntries(problem({ reason: "token-required" }).headers);
		expect(headers).toMatchObject({
			"access-control-allow-origin": "*",
			"cache-control": "no-store",
			"playgate-decision": "d-1",
			"playgate-reason": "token-required",
			"www-authenticate": 'Bearer realm="playgate"',
		});
		expect(problem({ reason: "room-unavailable" }).headers.get("Retry-After")).toBe("2");
	});

	it("says no more of a signature than the other dialects", async () => {
		const shown = (["key-unknown", "signature-invalid"] as const).map((reason) => problem({ reason }).json());
		const [first, second] = await Promise.all(shown);
		expect(first).toEqual(second);
		expect(first).toMatchObject({ type: "/docs/reasons#token-invalid", title: "Token invalid" });
	});

	it("answers HEAD without a body", async () => {
		expect(await problem({ reason: "ticket-invalid" }, "HEAD").text()).toBe("");
	});

	it("tells of a client that is too old what would do", async () => {
		const refusal = { reason: "client-too-old", product: "Safari", version: "15.3", leastVersion: "15.4" } as const;
		expect(await problem(refusal).json()).toMatchObject({ product: "Safari", version: "15.3", least_version: "15.4" });
	});
});
