import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { Ports } from "../../ports.ts";
import type { AccessSettings, Settings } from "../../settings.ts";
import { type Assertion, type AssertionRules, verifyAssertion } from "../../token/assertion.ts";
import type { Identity } from "../identity.ts";
import { EVERY_SCOPE } from "../scopes.ts";
import { AccessKeys } from "./access-keys.ts";

/**
 * The header in which Access hands its token on. The cookie of the same token is not looked at: browsers send it along from any site, and
 * Access does not promise to pass it.
 */
export const ASSERTION_HEADER = "Cf-Access-Jwt-Assertion";

const CLOCK_SKEW_SECONDS = 60;

/** Signs in the people and service tokens that a Cloudflare Access application lets through. Each has every scope on every account. */
export class Access {
	readonly #keys: AccessKeys;
	readonly #rules: AssertionRules;

	constructor({ teamDomain, audiences }: AccessSettings, { local }: Settings, ports: Ports) {
		this.#keys = new AccessKeys(teamDomain, local, ports);
		this.#rules = { issuer: teamDomain, audiences, clockSkewSeconds: CLOCK_SKEW_SECONDS };
	}

	/** Refuses `credentials-invalid`, or `credentials-unavailable` when no key could be had. */
	async judge(assertion: string, nowMs: number): Promise<Decision<Identity>> {
		const keys = await this.#keys.current(nowMs);
		if (keys === null) return refuse({ reason: "credentials-unavailable" });
		const nowSeconds = Math.floor(nowMs / 1000);
		let verified = await verifyAssertion(assertion, keys, this.#rules, nowSeconds);
		if (!verified.allowed && verified.refusal.reason === "key-unknown") {
			const renewed = await this.#keys.renewed(nowMs);
			if (renewed) verified = await verifyAssertion(assertion, renewed, this.#rules, nowSeconds);
		}
		if (!verified.allowed) return refuse({ reason: "credentials-invalid", cause: verified.refusal });
		return allow(identityOf(verified.value));
	}
}

/** The life of an assertion is that of a login, and no limit for what the person makes. */
function identityOf({ subject }: Assertion): Identity {
	return { actor: `access:${subject.slice(0, 128)}`, scopes: [EVERY_SCOPE], expiresAt: null };
}

/**
 * Whether a page of another site makes a browser change something. Access turns its cookie into the header whoever asks, so the cookie of
 * somebody who is signed in is all that such a page needs. Browsers tell by `Sec-Fetch-Site`, older ones by `Origin`; programs send neither.
 */
export function isForged({ method, headers, url }: { method: string; headers: Headers; url: string }): boolean {
	if (method === "GET" || method === "HEAD") return false;
	const site = headers.get("Sec-Fetch-Site");
	if (site !== null) return site !== "same-origin" && site !== "none";
	const origin = headers.get("Origin");
	return origin !== null && origin !== new URL(url).origin;
}
