import { createHash, timingSafeEqual } from "node:crypto";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Settings } from "../settings.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** `Authorization: Bearer <ADMIN_TOKEN>`. Digests are compared, so neither length nor prefix shows in the time it takes. */
export function judgeCredentials(headers: Headers, settings: Settings): Decision {
	const given = /^Bearer +(\S+) *$/i.exec(headers.get("Authorization") ?? "")?.[1];
	if (given === undefined) return refuse({ reason: "credentials-required" });
	return timingSafeEqual(digest(given), digest(settings.adminToken))
		? allow()
		: refuse({ reason: "credentials-invalid" });
}
