import { type Decision, allow, refuse } from "../decision/decision.ts";
import { type Behind, SingleFlight } from "../flight.ts";
import type { Ports } from "../ports.ts";
import { retried } from "../retry.ts";
import type { RevocationChanges } from "./contract.ts";
import type { RevocationList } from "./revocation-list.ts";
import { type RevocableFacts, RevocationSnapshot } from "./snapshot.ts";

/** A request that finds the copy older than this asks for changes behind its answer. */
const REFRESH_AFTER_MS = 2000;
/** No decision uses a copy older than this: a revocation is in force everywhere within 5 s (design 5). */
const USABLE_FOR_MS = 4500;

/** Clocks of an isolate are put right by less than this without anybody noticing. */
const MOST_BEFORE_MS = 500;

interface Watched {
	readonly snapshot: RevocationSnapshot;
	/** When the copy was asked for, which is the moment it is true of. */
	asOfMs: number;
	askingSinceMs: number | null;
}

/** Keeps each account's revocation list at hand in this isolate. */
export class RevocationWatch {
	readonly #namespace: DurableObjectNamespace<RevocationList>;
	readonly #ports: Ports;
	readonly #accounts = new Map<string, Watched>();
	/** When the list is slow, all requests that need it wait for one call, and not each for its own: that is how it stays slow. */
	readonly #flights = new SingleFlight<boolean>(REFRESH_AFTER_MS);

	constructor(namespace: DurableObjectNamespace<RevocationList>, ports: Ports) {
		this.#namespace = namespace;
		this.#ports = ports;
	}

	/**
	 * Refuses what is revoked; at once, while the copy is fresh enough. @throws nothing: without a usable list the account's
	 * `when_counters_fail` decides.
	 */
	judge(
		account: string,
		facts: RevocableFacts,
		whenUnavailable: "deny" | "allow",
		waitUntil: Behind,
	): Decision | Promise<Decision> {
		const watched = this.#watched(account);
		const nowMs = this.#ports.now();
		if (nowMs < watched.asOfMs - MOST_BEFORE_MS) watched.asOfMs = Number.NEGATIVE_INFINITY; // the clock went back: no age is known
		const ageMs = nowMs - watched.asOfMs;
		if (ageMs > USABLE_FOR_MS) return this.#judgeAnew(account, facts, whenUnavailable, waitUntil);
		if (ageMs > REFRESH_AFTER_MS && !this.#isAsking(watched, nowMs)) void this.#share(account, waitUntil);
		return verdict(watched, facts, nowMs);
	}

	async #judgeAnew(
		account: string,
		facts: RevocableFacts,
		whenUnavailable: "deny" | "allow",
		waitUntil: Behind,
	): Promise<Decision> {
		const known = await this.#share(account, waitUntil);
		if (!known && whenUnavailable === "deny") return refuse({ reason: "limits-unavailable" });
		return verdict(this.#watched(account), facts, this.#ports.now());
	}

	/** For decisions: what others have asked just now is new enough. */
	#share(account: string, waitUntil: Behind): Promise<boolean> {
		return this.#flights.share(account, () => this.refresh(account), waitUntil);
	}

	/** Asks the list now; called after a change made by this isolate, so that its next request knows. False when it cannot be asked. */
	async refresh(account: string): Promise<boolean> {
		const watched = this.#watched(account);
		const askedAtMs = this.#ports.now();
		watched.askingSinceMs = askedAtMs;
		try {
			const since = watched.snapshot.version;
			const ask = () => this.#namespace.getByName(account).changesSince(since);
			const changes = await retried<RevocationChanges>(ask, (fault) => this.#tell(account, fault));
			// Answers may come back out of order; a newer copy is never replaced by an older one, unless the list itself went back.
			if (changes.version >= watched.snapshot.version || changes.version < since) {
				watched.snapshot.apply(changes);
				watched.asOfMs = Math.max(watched.asOfMs, askedAtMs);
			}
			return true;
		} catch {
			return false;
		} finally {
			watched.askingSinceMs = null;
		}
	}

	#tell(account: string, fault: unknown): void {
		this.#ports.log({ event: "fault", where: "revocation-list", account, message: String(fault) });
	}

	#isAsking(watched: Watched, nowMs: number): boolean {
		return watched.askingSinceMs !== null && Math.abs(nowMs - watched.askingSinceMs) < REFRESH_AFTER_MS;
	}

	#watched(account: string): Watched {
		const known = this.#accounts.get(account);
		if (known) return known;
		const fresh: Watched = {
			snapshot: new RevocationSnapshot(),
			asOfMs: Number.NEGATIVE_INFINITY,
			askingSinceMs: null,
		};
		this.#accounts.set(account, fresh);
		return fresh;
	}
}

function verdict({ snapshot }: Watched, facts: RevocableFacts, nowMs: number): Decision {
	const by = snapshot.judge(facts, Math.floor(nowMs / 1000));
	return by === null ? allow() : refuse({ reason: "token-revoked", by });
}
