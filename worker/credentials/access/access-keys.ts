import type { Ports } from "../../ports.ts";
import { fetchJwks } from "../../token/jwks.ts";
import type { KeySet } from "../../token/verify.ts";

/** Access rotates its key every six weeks and keeps the one before for a week. */
const FRESH_MS = 60 * 60_000;
/** How often a token that names an unknown key may have the set fetched anew. */
const RENEW_EVERY_MS = 30_000;
const RETRY_AFTER_MS = 5000;

/** The keys that a Cloudflare Access team signs with, kept in this isolate; while they cannot be fetched, those it has stay good. */
export class AccessKeys {
	readonly #url: string;
	readonly #allowsHttp: boolean;
	readonly #ports: Ports;
	#held: { readonly keySet: KeySet; readonly fetchedAtMs: number } | null = null;
	#askedAtMs = Number.NEGATIVE_INFINITY;
	#waitUntilMs = Number.NEGATIVE_INFINITY;

	constructor(teamDomain: string, allowsHttp: boolean, ports: Ports) {
		this.#url = `${teamDomain}/cdn-cgi/access/certs`;
		this.#allowsHttp = allowsHttp;
		this.#ports = ports;
	}

	/** Null when there are none: none were ever had. */
	async current(nowMs: number): Promise<KeySet | null> {
		const held = this.#held;
		const isFresh = held !== null && nowMs - held.fetchedAtMs < FRESH_MS;
		if (isFresh || nowMs < this.#waitUntilMs) return held?.keySet ?? null;
		return this.#fetch(nowMs);
	}

	/** For a key that `current` does not know. Null when the set was asked for too recently to be asked for again. */
	async renewed(nowMs: number): Promise<KeySet | null> {
		return nowMs - this.#askedAtMs < RENEW_EVERY_MS ? null : this.#fetch(nowMs);
	}

	async #fetch(nowMs: number): Promise<KeySet | null> {
		this.#askedAtMs = nowMs;
		// Requests beside this one go on with the keys that are there; where there are none, each has to fetch them itself.
		if (this.#held) this.#waitUntilMs = nowMs + RETRY_AFTER_MS;
		const result = await fetchJwks(this.#url, { fetch: this.#ports.fetch, allowsHttp: () => this.#allowsHttp });
		if (result.ok) {
			this.#held = { keySet: { keys: result.keys }, fetchedAtMs: nowMs };
		} else {
			this.#waitUntilMs = nowMs + RETRY_AFTER_MS;
			this.#ports.log({ event: "fault", where: "access-keys", message: result.message });
		}
		return this.#held?.keySet ?? null;
	}
}
