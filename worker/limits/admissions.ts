import { LRUCache } from "lru-cache";
import type { Decision } from "../decision/decision.ts";
import type { Admission, AdmitAnswer } from "./contract.ts";

const MOST_VIEWERS = 5000;
const MOST_PER_VIEWER = 64;

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
	readonly #viewers = new LRUCache<string, Map<string, Remembered>>({ max: MOST_VIEWERS });

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
		if (clients.size >= MOST_PER_VIEWER && !clients.has(client)) clients.delete(clients.keys().next().value ?? "");
		clients.set(client, { answer, sessionKey, sinceMs, untilMs });
	}

	/** Forgets all of a viewer: what was admitted for a device that is no longer one, or refused for want of a use that was given back. */
	forgetViewer(viewer: string): void {
		this.#viewers.delete(viewer);
	}

	forgetSessions(viewer: string, sessionKeys: readonly string[]): void {
		const clients = this.#viewers.get(viewer);
		if (!clients || sessionKeys.length === 0) return;
		for (const [client, { sessionKey }] of clients) {
			if (sessionKey !== null && sessionKeys.includes(sessionKey)) clients.delete(client);
		}
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
