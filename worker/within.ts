/**
 * Waits for at most `ms`; what is given up goes on. The timer does more than bound the wait: a request that waits only for what another one of the
 * isolate has begun is taken to have hung by the runtime, and ended. @throws TimeoutError, or what `work` rejects with
 */
export function within<T>(work: Promise<T>, ms: number): Promise<T> {
	const { promise, resolve, reject } = Promise.withResolvers<T>();
	const timer = setTimeout(() => reject(new TimeoutError(ms)), ms);
	void work.then(resolve, reject).finally(() => clearTimeout(timer));
	return promise;
}

/** It did not end in time: where another request began it, that one may be gone, and its work with it. */
export class TimeoutError extends Error {
	override readonly name = "TimeoutError";

	constructor(ms: number) {
		super(`no answer within ${ms} ms`);
	}
}
