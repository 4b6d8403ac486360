import { TimeoutError, within } from "./within.ts";

/** Keeps work going when the request that began it has ended (`ExecutionContext.waitUntil`). */
export type Behind = (work: Promise<unknown>) => void;

interface Flight<T> {
	readonly result: Promise<T>;
	/** What was begun when this one was waited for in vain. */
	instead: Flight<T> | null;
}

/** Work that many requests of this isolate want at once is done by the first of them; the others share what comes of it. */
export class SingleFlight<T> {
	readonly #flights = new Map<string, Flight<T>>();
	readonly #mostWaitMs: number;

	/** One of those who have waited for `mostWaitMs` does the work again. */
	constructor(mostWaitMs: number) {
		this.#mostWaitMs = mostWaitMs;
	}

	async share(name: string, work: () => Promise<T>, behind: Behind): Promise<T> {
		let flight = this.#flights.get(name);
		while (flight) {
			try {
				return await within(flight.result, this.#mostWaitMs);
			} catch (fault) {
				if (!(fault instanceof TimeoutError)) throw fault;
				if (flight.instead === null) return (flight.instead = this.#begin(name, work, behind)).result;
				flight = flight.instead;
			}
		}
		return this.#begin(name, work, behind).result;
	}

	#begin(name: string, work: () => Promise<T>, behind: Behind): Flight<T> {
		const result = work().finally(() => {
			if (this.#flights.get(name) === flight) this.#flights.delete(name);
		});
		const flight: Flight<T> = { result, instead: null };
		this.#flights.set(name, flight);
		behind(result.catch(() => {})); // others wait for it, whatever becomes of this request
		return flight;
	}
}
