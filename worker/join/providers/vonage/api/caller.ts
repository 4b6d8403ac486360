import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { type PlatformClaims, readPlatformToken } from "../../../../token/platform-token.ts";
import type { Project, VonageAccess } from "../vonage-account.ts";

/** A back end that holds the account's own credentials, and the header that says so to the platform. */
export interface Caller {
	readonly project: Project;
	readonly header: { readonly name: "X-OPENTOK-AUTH" | "Authorization"; readonly value: string };
}

/** SDKs make tokens for minutes; an hour or a day is somebody's own choice, more is a mistake. */
const MOST_SECONDS = 86_400;
const BEARER = /^Bearer +(\S+)$/i;

/**
 * Who calls the REST API: the holder of the account's API secret (`X-OPENTOK-AUTH`, HS256), or of its application's private key
 * (`Authorization: Bearer`, RS256). A client's token is signed with the same keys, and is none of these.
 */
export async function judgeCaller(exchange: Exchange, access: VonageAccess): Promise<Decision<Caller>> {
	const opentok = exchange.headers.get("X-OPENTOK-AUTH");
	const bearer = exchange.headers.get("Authorization");
	if ((opentok === null) === (bearer === null)) return refuse({ reason: "vonage-credentials-required" });
	const project = opentok === null ? access.unified : access.opentok;
	const raw = opentok === null ? (BEARER.exec(bearer ?? "")?.[1] ?? "") : opentok.trim();
	if (!project) return invalid("the account has no credentials of that kind");
	const claims = await readPlatformToken(raw, project.key);
	if (!claims) return invalid("its signature or form is not valid");
	const fault = faultOf(claims, project, exchange);
	if (fault !== null) return invalid(fault);
	return allow({
		project,
		header:
			opentok === null ? { name: "Authorization", value: `Bearer ${raw}` } : { name: "X-OPENTOK-AUTH", value: raw },
	});
}

function faultOf(claims: PlatformClaims, { kind, id }: Project, { nowMs, told }: Exchange): string | null {
	const { iss, ist, application_id: application, iat, exp, nbf = 0, scope } = claims;
	const skew = told.account?.settings.clock_skew_seconds ?? 0;
	const now = nowMs / 1000;
	if (kind === "opentok" && iss !== id) return "iss is not the account's API key";
	if (kind === "opentok" && ist !== "project") return "ist is not project";
	if (kind === "unified" && (typeof application !== "string" || application.toLowerCase() !== id))
		return "application_id is not the account's";
	if (scope !== undefined) return "it is a client's token";
	if (typeof exp !== "number" || typeof iat !== "number" || typeof nbf !== "number") return "iat or exp is missing";
	if (exp <= now - skew) return "exp is over";
	if (iat > now + skew || nbf > now + skew) return "iat or nbf is not reached";
	return exp - iat > MOST_SECONDS ? `it lasts longer than ${MOST_SECONDS} s` : null;
}

const invalid = (detail: string) => refuse({ reason: "vonage-credentials-invalid", detail });
