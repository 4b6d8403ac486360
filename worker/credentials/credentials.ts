import { ID_PATTERN } from "../catalog/video-schema.ts";
import { NO_ADDRESS, normaliseAddress, readAddress } from "../client-address.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { isSameSecret } from "../hash.ts";
import type { Ports } from "../ports.ts";
import type { Settings } from "../settings.ts";
import { ASSERTION_HEADER, Access, isForged } from "./access/access.ts";
import type { CredentialGuard } from "./guard/credential-guard.ts";
import { type Attempt, CredentialThrottle } from "./guard/throttle.ts";
import type { Identity } from "./identity.ts";
import { EVERY_SCOPE } from "./scopes.ts";
import type { TokenVerdict } from "./tokens/contract.ts";
import type { ManagementTokens } from "./tokens/management-tokens.ts";
import { parseToken } from "./tokens/token-text.ts";

/** A management request, as far as its credential is concerned. `account` is the path's, as it was sent. */
export interface Caller {
	readonly account: string;
	readonly method: string;
	readonly headers: Headers;
	readonly url: string;
	readonly nowMs: number;
}

export interface CredentialObjects {
	readonly tokens: DurableObjectNamespace<ManagementTokens>;
	readonly guards: DurableObjectNamespace<CredentialGuard>;
}

const ADMIN: Identity = { actor: "admin", scopes: [EVERY_SCOPE], expiresAt: null };
const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Says who makes a management call: the holder of `ADMIN_TOKEN`, of one of the account's tokens, or who Cloudflare Access let through.
 * A bearer that is sent decides alone; without one the assertion of Access does, where Access is set up.
 */
export class Credentials {
	readonly #settings: Settings;
	readonly #ports: Ports;
	readonly #tokens: DurableObjectNamespace<ManagementTokens>;
	readonly #throttle: CredentialThrottle;
	readonly #access: Access | null;

	constructor({ tokens, guards }: CredentialObjects, settings: Settings, ports: Ports) {
		this.#settings = settings;
		this.#ports = ports;
		this.#tokens = tokens;
		this.#throttle = new CredentialThrottle(guards, ports, settings.grantSecrets[0]);
		this.#access = settings.access && new Access(settings.access, settings, ports);
	}

	async judge(caller: Caller): Promise<Decision<Identity>> {
		const bearer = BEARER.exec(caller.headers.get("Authorization") ?? "")?.[1];
		if (bearer !== undefined) {
			return this.#throttle.guarded(this.#attempt(caller, bearer), () => this.#holder(bearer, caller));
		}
		const assertion = caller.headers.get(ASSERTION_HEADER);
		if (this.#access && assertion) return this.#judgeAssertion(this.#access, assertion, caller);
		return refuse({ reason: "credentials-required" });
	}

	async #holder(bearer: string, caller: Caller): Promise<Decision<Identity>> {
		if (isSameSecret(bearer, this.#settings.adminToken)) return allow(ADMIN);
		const token = parseToken(bearer);
		if (!token || !ID_PATTERN.test(caller.account)) return refuse({ reason: "credentials-invalid" });
		const verdict = await this.#ask(caller.account, token);
		if (verdict === null) return refuse({ reason: "credentials-unavailable" });
		if (verdict.state === "unknown") return refuse({ reason: "credentials-invalid" });
		if (verdict.state === "expired") return refuse({ reason: "credentials-invalid", expiredAt: verdict.expiredAt });
		return allow({ actor: `token:${token.id}`, scopes: verdict.scopes, expiresAt: verdict.expiresAt });
	}

	async #ask(account: string, token: { id: string; secretHash: string }): Promise<TokenVerdict | null> {
		try {
			return await this.#tokens.getByName(account).verify(token.id, token.secretHash);
		} catch (fault) {
			this.#ports.log({ event: "fault", where: "management-tokens", account, message: String(fault) });
			return null;
		}
	}

	/** Only what fails is counted: a signature cannot be guessed, so who has one is let in even from an address that is blocked. */
	async #judgeAssertion(access: Access, assertion: string, caller: Caller): Promise<Decision<Identity>> {
		const outcome = await access.judge(assertion, caller.nowMs);
		if (!outcome.allowed) {
			if (outcome.refusal.reason !== "credentials-invalid") return outcome;
			return this.#throttle.guarded(this.#attempt(caller, assertion), () => Promise.resolve(outcome));
		}
		return isForged(caller) ? refuse({ reason: "cross-site-request" }) : outcome;
	}

	#attempt({ headers, nowMs }: Caller, credential: string): Attempt {
		const address = normaliseAddress(readAddress(headers, this.#settings)) ?? NO_ADDRESS;
		return { address, credential, nowMs };
	}
}
