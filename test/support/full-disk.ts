import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestGate, startTestGate } from "./running-gate.ts";

/** A gate whose disk can be filled, and freed again, while it runs. */
export interface FillableGate {
	readonly gate: TestGate;
	readonly fill: () => void;
	readonly free: () => void;
	readonly stop: () => Promise<void>;
}

/** A way to fill a disk; null where this machine has it not. */
export type Way = () => (() => Promise<FillableGate>) | null;

const works = (command: string, args: readonly string[]): boolean => {
	try {
		execFileSync(command, args, { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
};

/** No file of the runtime may grow past `bytes`: a write beyond fails in the midst of it (setrlimit(2), RLIMIT_FSIZE). Linux. */
export function fileSizeLimit(bytes: number): Way {
	return () => {
		if (process.platform !== "linux" || !works("prlimit", ["--version"])) return null;
		return async () => {
			const dir = mkdtempSync(join(tmpdir(), "playgate-workerd-"));
			const wrapper = join(dir, "workerd");
			// The signal that goes with the limit would end the process; ignored, the write fails.
			writeFileSync(wrapper, `#!/bin/sh\ntrap '' XFSZ\nexec '${runtimePath()}' "$@"\n`);
			chmodSync(wrapper, 0o755);
			const before = process.env["MINIFLARE_WORKERD_PATH"];
			process.env["MINIFLARE_WORKERD_PATH"] = wrapper;
			const gate = await startTestGate().finally(() => {
				if (before === undefined) delete process.env["MINIFLARE_WORKERD_PATH"];
				else process.env["MINIFLARE_WORKERD_PATH"] = before;
			});
			const limit = (most: number | "unlimited") =>
				execFileSync("prlimit", ["--pid", String(gate.running.pid()), `--fsize=${most}:unlimited`]);
			const stop = async () => {
				await gate.stop();
				rmSync(dir, { recursive: true });
			};
			return { gate, fill: () => limit(bytes), free: () => limit("unlimited"), stop };
		};
	};
}

function runtimePath(): string {
	const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
	return (require("workerd") as { readonly default: string }).default;
}

/** A small file system of its own, filled to the last block (ENOSPC). Where one may mount. */
export const smallDisk: Way = () => {
	const dir = mkdtempSync(join(tmpdir(), "playgate-disk-"));
	const mount = ["-t", "tmpfs", "-o", "size=64m", "playgate-test", dir];
	const mayMount = works("mount", mount) && works("umount", [dir]);
	rmSync(dir, { recursive: true });
	if (!mayMount) return null;
	const filler = join(dir, "filler");
	return async () => {
		mkdirSync(dir);
		execFileSync("mount", mount);
		const gate = await startTestGate({ stateDir: join(dir, "state") });
		const fill = () => {
			const { bavail, bsize } = statfsSync(dir);
			writeFileSync(filler, Buffer.alloc(bavail * bsize));
		};
		const stop = async () => {
			await gate.stop();
			execFileSync("umount", [dir]);
			rmSync(dir, { recursive: true });
		};
		return { gate, fill, free: () => rmSync(filler, { force: true }), stop };
	};
};
