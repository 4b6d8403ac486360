import { LRUCache } from "lru-cache";
import type { Decision } from "../decision/decision.ts";
import type { Admission, AdmitAnswer } from "./contract.ts";

/**
 * An answer takes about a kilobyte, most of it the key and the session's name, so these are a fifth of an isolate's 128 MB: about what its manifests
 * may take. It is more viewers than one isolate has the CPU to serve segments to.
 */
const MOST_REMEMBERED = 25_000;
/**
 * Of one viewer, or of one token that many hold: as many addresses as a token may have before its limits are spread, each address then being
 * remembered as a viewer. Nobody who varies what an answer depends on crowds out more than this.
 */
const MOST_PER_VIEWER = 10_000;
/** Tokens with nothing left: a few hundred bytes each. */
const MOST_SPENT_TOKENS = 10_000;

interface Remembered {
	readonly answer: AdmitAnswer;
	readonly sessionKey: string | null;
	readonly sinceMs: number;
	readonly untilMs: number;
}

/** Requests overlap, so one that is judged later may have begun earlier; by more than this, the clock has gone back. */
const MOST_BEFORE_MS = 30_000;

/**
 * What this isolate remembers of the objects' answers, so that a gated segment does not cost a call: admissions until the next
 * touch is due, and those refusals that no later event can turn. Keyed by viewer, then by everything that the answer depends on.
 */
export class Admissions {
	readonly #viewers = new LRUCache<string, Map<string, Remembered>>({
		max: MOST_REMEMBERED,
		dispose: (clients) => (this.#remembered -= clients.size),
	});
	readonly #spentTokens = new LRUCache<string, { readonly answer: AdmitAnswer; readonly untilMs: number }>({
		max: MOST_SPENT_TOKENS,
	});
	#remembered = 0;

	recall(viewer: string, client: string, nowMs: number): Decision<Admission> | null {
		const remembered = this.#viewers.get(viewer)?.get(client);
		if (remembered === undefined || nowMs >= remembered.untilMs) return null;
		return nowMs > remembered.sinceMs - MOST_BEFORE_MS ? remembered.answer : null;
	}

	/** Learns an answer for `[sinceMs, untilMs)`, and forgets at once the sessions that it ended. */
	learn(viewer: string, client: string, answer: AdmitAnswer, [sinceMs, untilMs]: readonly [number, number]): void {
		if (answer.allowed && answer.value.relocated === true) this.forgetViewer(viewer);
		else if (answer.allowed) this.forgetSessions(viewer, answer.value.ended);
		const sessionKey = answer.allowed ? (answer.value.session?.key ?? null) : null;
		let clients = this.#viewers.get(viewer);
		if (!clients) this.#viewers.set(viewer, (clients = new Map()));
		if (clients.size >= MOST_PER_VIEWER && !clients.has(client))
			this.#forget(clients, clients.keys().next().value ?? "");
		if (!clients.has(client)) this.#remembered += 1;
		clients.set(client, { answer, sessionKey, sinceMs, untilMs });
		while (this.#remembered > MOST_REMEMBERED) this.#viewers.pop();
	}

	/** The refusal that holds for each request that spends a use of this token, where that is known. */
	recallSpent(viewer: string, tokenId: string, nowMs: number): AdmitAnswer | null {
		const spent = this.#spentTokens.get(`${viewer} ${tokenId}`);
		return spent !== undefined && spent.untilMs > nowMs ? spent.answer : null;
	}

	/** Learns a final answer; `untilMs`: when the token has ended. */
	learnSpent(viewer: string, tokenId: string, answer: AdmitAnswer, untilMs: number): void {
		this.#spentTokens.set(`${viewer} ${tokenId}`, { answer, untilMs });
	}

	/** Forgets all of a viewer: what was admitted for a device that is no longer one, or refused for want of a use that was given back. */
	forgetViewer(viewer: string): void {
		this.#viewers.delete(viewer);
	}

	forgetSessions(viewer: string, sessionKeys: readonly string[]): void {
		const clients = this.#viewers.get(viewer);
		if (!clients || sessionKeys.length === 0) return;
		for (const [client, { sessionKey }] of clients) {
			if (sessionKey !== null && sessionKeys.includes(sessionKey)) this.#forget(clients, client);
		}
		if (clients.size === 0) this.#viewers.delete(viewer);
	}

	#forget(clients: Map<string, Remembered>, client: string): void {
		if (clients.delete(client)) this.#remembered -= 1;
	}
}

/**
 * Refusals that stay true for the same token, client and session, whatever happens next; where addresses are counted by session, one for its
 * address does not. (Where they are not, only a grant used at the same place over the other family turns it, which `relocated` tells.)
 */
export function staysRefused(answer: AdmitAnswer, ipCounting: "distinct" | "sessions"): boolean {
	if (answer.allowed) return false;
	const { reason } = answer.refusal;
	if (reason === "ip-limit") return ipCounting === "distinct";
	return reason === "use-limit" || reason === "stream-limit-renew" || reason === "session-ended";
}
