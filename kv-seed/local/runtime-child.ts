import type { ChildProcess, SpawnOptions } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

interface SpawnMessage {
	readonly process: ChildProcess;
	readonly options: SpawnOptions;
}

const channel = "tracing:child_process.spawn:start";
const mark = "PLAYGATE_GATE_ID";

export interface RuntimeChild {
	/** Environment for the runtime, by which this launcher knows its own child from another's. */
	readonly env: Readonly<Record<string, string>>;
	/** Process id of the newest runtime: it changes when Miniflare starts it again after a crash. */
	readonly pid: () => number;
	readonly forget: () => void;
}

/** Learns the process id of the runtime, which Miniflare does not tell. */
export function watchRuntimeChild(): RuntimeChild {
	const id = crypto.randomUUID();
	let child: ChildProcess | undefined;
	const onSpawn = (message: unknown): void => {
		const { process: spawned, options } = message as SpawnMessage;
		if (options.env?.[mark] === id) child = spawned;
	};
	subscribe(channel, onSpawn);
	return {
		env: { [mark]: id },
		pid: () => {
			if (child?.pid === undefined) throw new Error("The runtime is not running");
			return child.pid;
		},
		forget: () => {
			unsubscribe(channel, onSpawn);
		},
	};
}
