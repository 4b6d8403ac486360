/**
 * Awaits what another request of this isolate has begun, for at most `ms`. The timer does more than bound the wait: the runtime takes a request
 * that waits for nothing of its own to have hung, and ends it. @throws TimeoutError, or what `work` rejects with
 */
export function within<T>(work: Promise<T>, ms: number): Promise<T> {
	const { promise, resolve, reject } = Promise.withResolvers<T>();
	const timer = setTimeout(() => reject(new TimeoutError(ms)), ms);
	void work.then(resolve, reject).finally(() => clearTimeout(timer));
	return promise;
}

/** What was begun by another request did not end in time: that request may be gone, and its work with it. */
export class TimeoutError extends Error {
	override readonly name = "TimeoutError";

	constructor(ms: number) {
		super(`no answer of another request within ${ms} ms`);
	}
}

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
