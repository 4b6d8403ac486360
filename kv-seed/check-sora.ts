import { createReadStream } from "node:fs";
import { buffer } from "node:stream/consumers";
import { UsageError, runCommand } from "./local/command.ts";
import { judgeSoraConf } from "./local/sora-conf.ts";

const help = `Checks whether a server of Sora can carry end-to-end encrypted sessions, by its sora.conf.

  npm run check-sora -- path/to/sora.conf

Tells of e2ee, signaling_notify, signaling_notify_connection_id and signaling_notify_metadata which is wrong or
missing. The exit code is 0 when all four are right, else 1. Sora itself must be older than 2024.2.0, which has no
end-to-end encryption any more.
  --help`;

export interface SoraCheck {
	readonly text: string;
	readonly isRight: boolean;
}

/**
 * The command: the path of a file in, text to print out.
 *
 * @throws UsageError for another number of arguments; Error when the file cannot be read
 */
export async function checkSora(args: readonly string[]): Promise<SoraCheck> {
	if (args.includes("--help")) return { text: help, isRight: true };
	const [file, ...others] = args;
	if (file === undefined || others.length > 0) throw new UsageError("One argument is wanted: the path of a sora.conf.");
	if (file.startsWith("-")) throw new UsageError(`Unknown flag ${file}.`);
	const findings = judgeSoraConf(await read(file));
	const wrong = findings.filter(({ isRight }) => !isRight).length;
	const width = Math.max(...findings.map(({ name }) => name.length));
	const lines = findings.map(
		({ name, isRight, detail }) => `  ${isRight ? "ok   " : "WRONG"}  ${name.padEnd(width)}  ${detail}`,
	);
	const verdict =
		wrong === 0 ? "can carry end-to-end encrypted sessions" : `cannot: ${wrong} of 4 settings must be changed`;
	return { text: [`${file}: ${verdict}`, ...lines].join("\n"), isRight: wrong === 0 };
}

async function read(file: string): Promise<string> {
	const bytes = await readSome(file);
	if (bytes.byteLength > MOST_BYTES) throw new Error(`${file} is no sora.conf: it is larger than 1 MiB.`);
	if (bytes.includes(0)) throw new Error(`${file} is no sora.conf: it is not text in UTF-8.`);
	return bytes.toString("utf8");
}

const MOST_BYTES = 1_048_576;

async function readSome(file: string): Promise<Buffer> {
	try {
		return await buffer(createReadStream(file, { end: MOST_BYTES }));
	} catch (fault) {
		const { code = "" } = fault as NodeJS.ErrnoException;
		throw new Error(`${file} cannot be read: ${FAULTS[code] ?? (code || String(fault))}.`, { cause: fault });
	}
}

const FAULTS: Readonly<Record<string, string>> = {
	ENOENT: "there is no such file",
	EISDIR: "it is a directory",
	ENOTDIR: "there is no such file",
	EACCES: "you may not (permission denied)",
};

await runCommand(import.meta, async (args) => {
	const { text, isRight } = await checkSora(args);
	if (!isRight) process.exitCode = 1;
	return text;
});
