/** Calls an object; once more where the platform says that it helps. @throws the last fault; `onFault` is told of each. */
export async function retried<T>(call: () => Promise<T>, onFault: (fault: unknown) => void): Promise<T> {
	try {
		return await call();
	} catch (fault) {
		onFault(fault);
		if (!mayRetry(fault)) throw fault;
	}
	try {
		return await call();
	} catch (fault) {
		onFault(fault);
		throw fault;
	}
}

/** The platform's word for an object that only gets worse by trying again. */
export function isOverloaded(fault: unknown): boolean {
	return typeof fault === "object" && fault !== null && "overloaded" in fault && fault.overloaded === true;
}

/** The platform sets these flags on faults of Durable Objects. */
function mayRetry(fault: unknown): boolean {
	if (typeof fault !== "object" || fault === null || isOverloaded(fault)) return false;
	return "retryable" in fault && fault.retryable === true;
}
