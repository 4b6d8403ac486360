import { readFileSync } from "node:fs";

/** Linux counts CPU time for user space in hundredths of a second, whatever the kernel's own tick (proc_pid_stat(5)). */
const MICROSECONDS_PER_TICK = 10_000;

/**
 * CPU time that a process has used so far, all threads, user and system.
 *
 * @returns microseconds, in steps of 10,000
 * @throws Error where there is no /proc: the benchmark needs Linux
 */
export function cpuMicrosecondsOf(pid: number): number {
	const stat = readStat(pid);
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name of the program may hold spaces
	const [userTicks, systemTicks] = [fields[11], fields[12]];
	return (Number(userTicks) + Number(systemTicks)) * MICROSECONDS_PER_TICK;
}

function readStat(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/stat`, "utf8");
	} catch (error) {
		throw new Error("The benchmark reads CPU time from /proc, so it runs on Linux only.", { cause: error });
	}
}
