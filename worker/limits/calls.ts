import { LRUCache } from "lru-cache";
import type { Behind } from "../flight.ts";
import { within } from "../within.ts";
import type { AdmittingObjects } from "./client.ts";
import { type AdmitAnswer, type AdmitRequest, type Wired, joined, parted } from "./contract.ts";
import type { ViewerLimits } from "./viewer-limits.ts";

/** Requests in one call: far below what the platform carries, and few enough for one commit. */
const MOST_TOGETHER = 200;
/** For so long a request waits for the call before it to end; an object that is slower gets its calls side by side. */
const MOST_TURN_MS = 250;
/** A call whose request has died never answers those that went along. */
const MOST_CALL_MS = 15_000;
/** Objects of which it is known whether their calls are shared. */
const MOST_LINES = 1000;

/** Requests that go to the object in one call. */
interface Batch {
	readonly asked: Wired<AdmitRequest>[];
	/** In the same order. */
	readonly answers: Promise<readonly Wired<AdmitAnswer>[]>;
}

/** What is on its way to one object. */
interface Line {
	/** The call under way; null when there is none. */
	call: Promise<unknown> | null;
	/** Takes in requests until its call is made. */
	boarding: Batch | null;
	/** True when the last call was shared, so that the next one probably can be. */
	isShared: boolean;
}

/**
 * Calls of limits objects by this isolate. A request that finds no call on its way to its object makes one; those that come while one is
 * under way go together in the next. One viewer's few requests seldom meet; those of a token that a whole audience has do, and
 * what they share is most of what a decision costs, here and at the object.
 */
export class LimitsCalls {
	readonly #namespace: DurableObjectNamespace<ViewerLimits>;
	readonly #lines = new LRUCache<string, Line>({ max: MOST_LINES });

	constructor(namespace: DurableObjectNamespace<ViewerLimits>) {
		this.#namespace = namespace;
	}

	/** The objects as one request calls them. */
	for(behind: Behind): AdmittingObjects {
		return { getByName: (name) => ({ admit: (asked) => this.admit(name, asked, behind) }) };
	}

	/**
	 * See `ViewerLimits.admit`. Not for shards of a hot token, where one request may wait for what another one brings.
	 * @throws what the object or the way to it rejects with, to all that went together
	 */
	admit(objectName: string, asked: Wired<AdmitRequest>, behind: Behind): Promise<Wired<AdmitAnswer>> {
		const line = this.#lineOf(objectName);
		if (line.boarding && line.boarding.asked.length < MOST_TOGETHER) return this.#board(line.boarding, asked);
		if (line.call === null && !line.isShared) return this.#callAlone(objectName, line, asked);
		return this.#lead(objectName, line, asked, behind);
	}

	async #callAlone(objectName: string, line: Line, asked: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> {
		const call = this.#send(objectName, asked);
		line.call = call;
		try {
			return await call;
		} finally {
			if (line.call === call) line.call = null;
		}
	}

	async #board({ asked, answers }: Batch, own: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> {
		const place = asked.push(own) - 1;
		return answerAt(await within(answers, MOST_CALL_MS), place);
	}

	async #lead(objectName: string, line: Line, own: Wired<AdmitRequest>, behind: Behind): Promise<Wired<AdmitAnswer>> {
		const asked = [own];
		const answers = this.#callTogether(objectName, line, asked);
		line.boarding = { asked, answers };
		behind(answers.catch(() => {})); // others went along, whatever becomes of this request
		return answerAt(await answers, 0);
	}

	async #callTogether(
		objectName: string,
		line: Line,
		asked: readonly Wired<AdmitRequest>[],
	): Promise<readonly Wired<AdmitAnswer>[]> {
		await gathered(line);
		if (line.boarding?.asked === asked) line.boarding = null;
		line.isShared = asked.length > 1;
		const call = this.#sendAll(objectName, asked);
		line.call = call;
		try {
			return await call;
		} finally {
			if (line.call === call) line.call = null;
		}
	}

	/** An object of before shared calls, during a deploy, answers the first request alone: then the others ask by themselves. */
	async #sendAll(objectName: string, asked: readonly Wired<AdmitRequest>[]): Promise<readonly Wired<AdmitAnswer>[]> {
		const [first = "", ...more] = asked;
		if (more.length === 0) return [await this.#send(objectName, first)];
		const answers = await this.#send(objectName, first, joined(more)).then(parted);
		const alone = asked.slice(answers.length).map((each) => this.#send(objectName, each));
		return [...answers, ...(await Promise.all(alone))];
	}

	/** A promise of this isolate's own: that of the call itself is for the request that makes it. A stub is broken after a fault: a new one each time. */
	async #send(objectName: string, ...asked: [Wired<AdmitRequest>, more?: Wired<AdmitRequest>]) {
		return await this.#namespace.getByName(objectName).admit(...asked);
	}

	#lineOf(objectName: string): Line {
		const known = this.#lines.get(objectName);
		if (known) return known;
		const fresh: Line = { call: null, boarding: null, isShared: false };
		this.#lines.set(objectName, fresh);
		return fresh;
	}
}

/** Until the call before has ended; without one, until what has arrived with this request has been looked at. */
async function gathered({ call }: Line): Promise<void> {
	if (call) await within(call, MOST_TURN_MS).catch(() => {});
	else await new Promise((resolve) => setTimeout(resolve, 0));
}

function answerAt(answers: readonly Wired<AdmitAnswer>[], place: number): Wired<AdmitAnswer> {
	const answer = answers[place];
	if (answer === undefined) throw new Error("the object left a request unanswered");
	return answer;
}
