/** How long a test waits for what is to come about by itself: a bound for what never does, not for a machine that is busy. */
export const PATIENCE_MS = 60_000;

/** Asks again and again until `check` throws no more; answers what it answered. @throws what it threw last */
export async function eventually<T>(check: () => T | Promise<T>, intervalMs = 50): Promise<T> {
	const end = performance.now() + PATIENCE_MS;
	for (;;) {
		try {
			return await check();
		} catch (fault) {
			if (performance.now() > end) throw fault;
		}
		await new Promise((resolve) => setTimeout(resolve, intervalMs));
	}
}

/** What `promise` comes to, as long as somebody would wait for it. @throws Error when it does not come */
export async function soon<T>(promise: Promise<T>): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => reject(new Error(`Nothing came within ${PATIENCE_MS} ms.`)), PATIENCE_MS);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/**
 * Does what has to be done before a short time is over, whose end the test waits for then; once more, with more time, where the machine
 * was too slow for it.
 *
 * @param act gets the whole seconds that it has from its call on
 * @param chances seconds, the shortest first
 */
export async function inTime<T>(act: (seconds: number) => Promise<T>, chances = [3, 12, 48]): Promise<T> {
	for (const [index, seconds] of chances.entries()) {
		// Ends are told in whole seconds, so that up to one of them may be gone already.
		const end = (Math.floor(Date.now() / 1000) + seconds) * 1000;
		const isSettled = (): boolean => Date.now() < end || index === chances.length - 1;
		try {
			const done = await act(seconds);
			if (isSettled()) return done;
		} catch (fault) {
			if (isSettled()) throw fault;
		}
	}
	throw new Error("No chance was given.");
}
