import { Admissions, staysRefused } from "../../worker/limits/admissions.ts";
import type { AdmitAnswer, AdmitRequest } from "../../worker/limits/contract.ts";
import { arrive, farMs } from "./crowd.ts";
import { EPOCH, type Isolate, askObject, limitsObject, requestOf, verdict } from "./gate.ts";
import { MemoryState } from "./memory-state.ts";
import { Network } from "./platform.ts";
import { Random } from "./random.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

export const ISOLATES = 500;
/** Tries of one viewer until the player gives up. */
const MOST_TRIES = 2;
const TOUCH_MS = 20_000;

export interface SharedRun {
	readonly tally: Tally;
	/** Uses that the object or objects have counted, at the end. */
	readonly used: number;
}

/** Asks the limits for one viewer; how, is what the scenarios differ in. */
export type Ask = (isolate: Isolate, client: number, request: AdmitRequest) => Promise<AdmitAnswer>;

/** Scenario b: one token for the whole audience, `maxu` and no `uid`: everybody asks one object. */
export async function simulateOneObject(joins: number, maxu: number, seed: number): Promise<SharedRun> {
	const audience = new Audience(joins, maxu, seed);
	const { timeline, tally, network } = audience;
	const state = new MemoryState();
	const object = limitsObject(timeline, state, (request) => atMost(maxu, state.usesOf(request.token.id)));
	timeline.after(20_000, () => object.restart());
	await audience.run(async (isolate, _client, request) => {
		tally.peak("waiting", timeline.now, object.waiting);
		return askObject(network, isolate.roundTripMs, object, request);
	});
	tally.count("objects", 0);
	tally.count("object calls", 0, object.calls);
	tally.count("overloads", 0, object.overloads);
	return { tally, used: state.usesOf("token") };
}

/** @throws when a limit does not hold */
export function atMost(limit: number, counted: number): void {
	if (counted > limit) throw new Error(`${counted} of ${limit} were allowed`);
}

/** The crowd that comes with one token: who asks, when, and what they do with the answer. */
export class Audience {
	readonly timeline = new Timeline();
	readonly tally = new Tally();
	readonly random: Random;
	readonly network: Network;
	readonly #isolates: readonly Isolate[];
	readonly #joins: number;
	readonly #maxu: number;
	#requests = 0;

	constructor(joins: number, maxu: number, seed: number) {
		this.random = new Random(seed);
		this.network = new Network(this.timeline, this.random);
		this.#isolates = Array.from({ length: ISOLATES }, () => ({
			roundTripMs: farMs(this.random),
			admissions: new Admissions(),
		}));
		this.#joins = joins;
		this.#maxu = maxu;
	}

	async run(ask: Ask): Promise<void> {
		arrive(this.timeline, this.#joins, (client) => void this.#watch(ask, client));
		await this.timeline.run();
	}

	/** A viewer: tries again when the gate could not tell, and now and then after a refusal. */
	async #watch(ask: Ask, client: number): Promise<void> {
		const { timeline, tally, random } = this;
		tally.count("joins", timeline.now);
		const isolate = this.#isolates[random.below(ISOLATES)] as Isolate;
		for (let tried = 1; ; tried++) {
			const answer = await this.#askOnce(ask, isolate, client);
			const gateFailed = !answer.allowed && answer.refusal.reason === "limits-unavailable";
			if (gateFailed && tried === MOST_TRIES) tally.count("given up", timeline.now);
			if (answer.allowed || tried === MOST_TRIES || (!gateFailed && !random.chance(0.2))) return;
			await timeline.wait(gateFailed ? random.between(1000, 2000) * 2 ** tried : random.between(3000, 10_000));
		}
	}

	async #askOnce(ask: Ask, isolate: Isolate, client: number): Promise<AdmitAnswer> {
		const { timeline, tally } = this;
		const memoryKey = String(client);
		const askedMs = timeline.now;
		const known = isolate.admissions.recall("token", memoryKey, EPOCH + askedMs);
		if (known) {
			tally.count("remembered refusal", askedMs);
			return known;
		}
		const request = requestOf({
			id: `request-${this.#requests++}`,
			limits: { maxu: this.#maxu },
			client,
			use: true,
		});
		const answer = await ask(isolate, client, request);
		tally.count(verdict(answer), timeline.now);
		tally.latency(timeline.now - askedMs);
		if (staysRefused(answer)) isolate.admissions.learn("token", memoryKey, answer, EPOCH + timeline.now + TOUCH_MS);
		return answer;
	}
}
