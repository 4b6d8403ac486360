import { vi } from "vitest";

/** Where storage fails: at the nth statement that writes, when a transaction commits, when what was committed goes to disk, or at the alarm. */
export type Moment = 1 | 2 | 3 | "commit" | "sync" | "get alarm" | "set alarm";

export const MOMENTS: readonly Moment[] = [1, 2, 3, "commit", "sync", "get alarm", "set alarm"];

const WRITES = /^\s*(INSERT|UPDATE|DELETE)/i;

/** Makes storage fail, once or each time until `mend` is called; what fails is rolled back, as SQLite does. Called within the object. */
export function breakStorage(storage: DurableObjectStorage, moment: Moment, times = Number.POSITIVE_INFINITY) {
	let failures = 0;
	const full = (): never => {
		failures += 1;
		throw new Error("database or disk is full: SQLITE_FULL");
	};
	const isOver = (): boolean => failures >= times;
	const { sql } = storage;
	const [exec, transact] = [sql.exec.bind(sql), storage.transactionSync.bind(storage)];
	const later = async (): Promise<never> => full();
	const spies = () => {
		switch (moment) {
			case "commit":
				return [
					vi.spyOn(storage, "transactionSync").mockImplementation((closure) =>
						transact(() => {
							const result = closure();
							return isOver() ? result : full();
						}),
					),
				];
			case "sync": {
				const sync = storage.sync.bind(storage);
				return [vi.spyOn(storage, "sync").mockImplementation(() => (isOver() ? sync() : later()))];
			}
			case "get alarm": {
				const getAlarm = storage.getAlarm.bind(storage);
				return [vi.spyOn(storage, "getAlarm").mockImplementation(() => (isOver() ? getAlarm() : later()))];
			}
			case "set alarm": {
				const setAlarm = storage.setAlarm.bind(storage);
				return [vi.spyOn(storage, "setAlarm").mockImplementation((at) => (isOver() ? setAlarm(at) : later()))];
			}
			case 1:
			case 2:
			case 3: {
				let statements = 0;
				const broken = (query: string, ...bindings: unknown[]) => {
					if (WRITES.test(query)) statements += 1;
					if (WRITES.test(query) && statements >= moment && !isOver()) full();
					return exec(query, ...bindings);
				};
				return [vi.spyOn(sql, "exec").mockImplementation(broken as typeof sql.exec)];
			}
		}
	};
	const made = spies();
	return {
		failures: () => failures,
		mend: () => {
			for (const spy of made) spy.mockRestore();
		},
	};
}
