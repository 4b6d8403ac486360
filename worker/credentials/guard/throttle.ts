import { createHmac } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Decision, refuse } from "../../decision/decision.ts";
import type { Ports } from "../../ports.ts";
import type { GuardVerdict } from "./contract.ts";
import type { CredentialGuard } from "./credential-guard.ts";

/** A credential, and the client address that it comes from (`normaliseAddress`). */
export interface Attempt {
	readonly address: string;
	readonly credential: string;
	readonly nowMs: number;
}

type Blocked = Extract<GuardVerdict, { state: "blocked" }>;

/** For so long an isolate lets a credential that was good be checked without asking the guard. */
const KNOWN_MS = 60 * 60_000;
const MOST_ADDRESSES = 5000;

/**
 * An isolate's side of the guards. A steady stream of good requests asks no guard, and neither does a flood from an address that is known
 * to be blocked; a first success and each failure before the block do.
 */
export class CredentialThrottle {
	readonly #namespace: DurableObjectNamespace<CredentialGuard>;
	readonly #ports: Ports;
	readonly #secret: string;
	/** By address and fingerprint: until when. */
	readonly #known = new LRUCache<string, number>({ max: MOST_ADDRESSES });
	readonly #blocked = new LRUCache<string, Blocked>({ max: MOST_ADDRESSES });

	/** `secret` keys the fingerprints: without it they say nothing of a credential, or of an address. */
	constructor(namespace: DurableObjectNamespace<CredentialGuard>, ports: Ports, secret: string) {
		this.#namespace = namespace;
		this.#ports = ports;
		this.#secret = secret;
	}

	/** Runs `check` unless the address is blocked, and has its outcome counted: `credentials-invalid` is a failure. */
	async guarded<T>(attempt: Attempt, check: () => Promise<Decision<T>>): Promise<Decision<T>> {
		const fingerprint = this.#mac(`credential\n${attempt.credential}`);
		if (this.#isKnown(attempt, fingerprint)) return check();
		const guard = this.#namespace.getByName(this.#mac(`address\n${attempt.address}`));
		const verdict = this.#remembered(attempt) ?? (await this.#told<GuardVerdict>(async () => guard.begin(fingerprint)));
		if (verdict === null) return refuse({ reason: "credentials-unavailable" });
		const refusal = this.#heed(attempt, verdict, fingerprint);
		if (refusal) return refusal;
		const outcome = await check();
		if (outcome.allowed) {
			if (verdict.state === "open") await this.#told(() => guard.succeeded(fingerprint));
			this.#known.set(keyOf(attempt, fingerprint), attempt.nowMs + KNOWN_MS);
		} else if (outcome.refusal.reason === "credentials-invalid" && verdict.state === "open") {
			const next = await this.#told<GuardVerdict>(async () => guard.failed());
			if (next) this.#heed(attempt, next, fingerprint);
		}
		return outcome;
	}

	#isKnown(attempt: Attempt, fingerprint: string): boolean {
		return attempt.nowMs < (this.#known.get(keyOf(attempt, fingerprint)) ?? 0);
	}

	#remembered({ address, nowMs }: Attempt): Blocked | undefined {
		const blocked = this.#blocked.get(address);
		return blocked && nowMs < blocked.untilMs ? blocked : undefined;
	}

	/** Remembers a block; refuses what it bars. */
	#heed({ address, nowMs }: Attempt, verdict: GuardVerdict, fingerprint: string) {
		if (verdict.state !== "blocked") return null;
		this.#blocked.set(address, verdict);
		if (verdict.knownFingerprints.includes(fingerprint)) return null;
		const retryAfterSeconds = Math.max(1, Math.ceil((verdict.untilMs - nowMs) / 1000));
		return refuse({ reason: "credentials-throttled", retryAfterSeconds });
	}

	/** Null when the guard cannot be reached: logged, and nothing that needs its word goes on. */
	async #told<T>(ask: () => Promise<T>): Promise<T | null> {
		try {
			return await ask();
		} catch (fault) {
			this.#ports.log({ event: "fault", where: "credential-guard", message: String(fault) });
			return null;
		}
	}

	#mac(text: string): string {
		return createHmac("sha256", this.#secret).update(text).digest("base64url");
	}
}

const keyOf = ({ address }: Attempt, fingerprint: string): string => `${address} ${fingerprint}`;
