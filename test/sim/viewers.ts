import type { AdmitAnswer, AdmitRequest } from "../../worker/limits/contract.ts";
import { arrivalMs, farMs, nearMs } from "./crowd.ts";
import { type LimitsObject, askObject, limitsObject, requestOf, verdict } from "./gate.ts";
import { MemoryState } from "./memory-state.ts";
import { Network } from "./platform.ts";
import { Random } from "./random.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

const CLIMIT = 2;
const SESSION_TTL_MS = 90_000;
const TOUCH_MS = 20_000;
/** When the run stops renewing. */
const HORIZON_MS = 90_000;
const ACCOUNTS_AT_ONCE = 50_000;

interface Account {
	readonly object: LimitsObject;
	readonly block: boolean;
	/** Renewals of the others change nothing. */
	readonly crowded: boolean;
}

/**
 * Scenario a: tokens with `uid` and `climit: 2`. Each viewer is an object of its own, so viewers are simulated in groups, one after the other,
 * all in the same minute. Half of the accounts block a session too many, half end the oldest one.
 */
export async function simulateViewers(joins: number, seed: number): Promise<Tally> {
	const random = new Random(seed);
	const tally = new Tally();
	for (let left = joins; left > 0;) {
		const group = new Group(random);
		for (let accounts = 0; accounts < ACCOUNTS_AT_ONCE && left > 0; accounts++) left -= group.addAccount(left);
		await group.run();
		tally.add(group.tally);
	}
	return tally;
}

class Group {
	readonly tally = new Tally();
	readonly #timeline = new Timeline();
	readonly #random: Random;
	readonly #network: Network;
	#requests = 0;
	#clients = 0;

	constructor(random: Random) {
		this.#random = random;
		this.#network = new Network(this.#timeline, random);
	}

	run(): Promise<void> {
		return this.#timeline.run();
	}

	/** An account whose devices join within the minute; answers how many joins that makes, `most` at most. */
	addAccount(most: number): number {
		const shared = this.#random.chance(0.005);
		const joins = Math.min(most, shared ? 5 + this.#random.below(36) : household(this.#random));
		const block = this.#random.chance(0.5);
		const homeMs = nearMs(this.#random);
		const arrivals = Array.from({ length: joins }, () => arrivalMs(this.#random.next())).toSorted((a, b) => a - b);
		let account: Account | undefined;
		for (const [index, atMs] of arrivals.entries()) {
			// A password that is passed around comes from anywhere; the object is where its first caller was.
			const roundTripMs = shared && index > 0 ? farMs(this.#random) : homeMs;
			this.#timeline.after(atMs, () => {
				this.tally.count("joins", this.#timeline.now);
				account ??= this.#open(block, joins > CLIMIT);
				void this.#play(account, roundTripMs, this.#clients++);
			});
		}
		return joins;
	}

	#open(block: boolean, crowded: boolean): Account {
		this.tally.count("objects", this.#timeline.now);
		const object = limitsObject(this.#timeline, new MemoryState(), watchStreams());
		return { object, block, crowded };
	}

	async #play(account: Account, roundTripMs: number, client: number): Promise<void> {
		for (let attempt = 0; attempt < 3; attempt++) {
			const startedAt = await this.#start(account, roundTripMs, client);
			const ended = startedAt !== null && (await this.#renewUntilEnded(account, roundTripMs, client, startedAt));
			if (startedAt !== null && !ended) return;
			if (ended && this.#random.chance(0.7)) return; // somebody else watches now
			await this.#timeline.wait(this.#random.between(5000, 15_000));
			if (this.#timeline.now > HORIZON_MS) return;
		}
	}

	async #start(account: Account, roundTripMs: number, client: number): Promise<number | null> {
		const answer = await this.#ask(account, roundTripMs, client, null);
		return answer.allowed ? (answer.value.session?.startedAt ?? null) : null;
	}

	/** True when the session was ended by another. */
	async #renewUntilEnded(account: Account, roundTripMs: number, client: number, startedAt: number): Promise<boolean> {
		if (!account.crowded) return false;
		while (this.#timeline.now + TOUCH_MS < HORIZON_MS) {
			await this.#timeline.wait(TOUCH_MS + this.#random.between(0, 6000));
			if (!(await this.#ask(account, roundTripMs, client, startedAt)).allowed) return true;
		}
		return false;
	}

	async #ask(account: Account, roundTripMs: number, client: number, startedAt: number | null): Promise<AdmitAnswer> {
		const key = `session-${client}`;
		const askedMs = this.#timeline.now;
		const request = requestOf({
			id: `request-${this.#requests++}`,
			limits: { climit: CLIMIT, ...(account.block ? { cbeh: "BLOCK_NEW" as const } : {}) },
			client,
			intent: startedAt === null ? "start" : "renew",
			session: { key, ...(startedAt === null ? {} : { startedAt }) },
		});
		const answer = await askObject(this.#network, roundTripMs, account.object, request);
		const { now } = this.#timeline;
		const kind = request.intent;
		this.tally.count(`${kind} ${verdict(answer)}`, now);
		this.tally.peak("waiting", now, account.object.waiting);
		if (kind === "start") this.tally.latency(now - askedMs);
		return answer;
	}
}

/**
 * Counts the sessions of one viewer by what was answered alone: admitted, not ended by a later answer, and not lapsed.
 * @throws when they are more than the limit.
 */
function watchStreams(): (request: AdmitRequest, answer: AdmitAnswer, nowMs: number) => void {
	const admitted = new Map<string, number>();
	return ({ session }, answer, nowMs) => {
		if (!answer.allowed) return;
		for (const key of answer.value.ended) admitted.delete(key);
		admitted.set(session?.key ?? "", nowMs);
		for (const [key, seenMs] of admitted) if (seenMs + SESSION_TTL_MS <= nowMs) admitted.delete(key);
		if (admitted.size > CLIMIT) throw new Error(`${admitted.size} sessions at once, of ${CLIMIT}`);
	};
}

/** Devices of a household that join: mostly one. */
function household(random: Random): number {
	const lot = random.next();
	return lot < 0.7 ? 1 : lot < 0.9 ? 2 : lot < 0.98 ? 3 : 4;
}
