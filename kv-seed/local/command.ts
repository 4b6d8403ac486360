import { parseArgs } from "node:util";
import type { ParseArgsOptionsConfig } from "node:util";

export type FlagValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** A command line that cannot be followed, in words for whoever typed it. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/**
 * Reads flags strictly; `--help` is always one. A value may start with a minus sign (`--exp -2h`), which `parseArgs` takes
 * for a flag.
 *
 * @throws UsageError that names the unknown flag, or the flag whose value is missing
 */
export function readFlags(args: readonly string[], options: ParseArgsOptionsConfig): FlagValues {
	const joined: string[] = [];
	for (const arg of args) {
		const previous = joined.at(-1);
		const isNegative = /^-\d/.test(arg) && previous !== undefined && /^--[\w.-]+$/.test(previous);
		if (isNegative) joined[joined.length - 1] = `${previous}=${arg}`;
		else joined.push(arg);
	}
	const { tokens } = parseArgs({ args: joined, options, strict: false, tokens: true });
	for (const token of tokens) {
		if (token.kind === "positional")
			throw new UsageError(`Unexpected argument ${quote(token.value)}: every value has a flag.`);
		if (token.kind !== "option" || token.name === "help") continue;
		const option = options[token.name];
		if (option === undefined) throw new UsageError(`Unknown flag ${token.rawName}.`);
		if (option.type === "string" && token.value === undefined) throw new UsageError(`${token.rawName} needs a value.`);
		if (option.type === "boolean" && token.value !== undefined)
			throw new UsageError(`${token.rawName} takes no value.`);
	}
	return parseArgs({ args: joined, options: { ...options, help: { type: "boolean" } } }).values;
}

/** What was typed, cut short: a token pasted in the wrong place is not repeated. */
export function quote(value: string): string {
	return JSON.stringify(value.length > 24 ? `${value.slice(0, 12)}...` : value);
}

/** The one value of a text flag. */
export function textOf(values: FlagValues, name: string): string | undefined {
	const value = values[name];
	return typeof value === "string" ? value : undefined;
}

/** Runs a command when its file is the one that was started: prints what it returns, or one line on what is wrong, exit code 1. */
export async function runCommand(
	meta: ImportMeta,
	command: (args: readonly string[]) => Promise<string>,
): Promise<void> {
	if (!meta.main) return;
	try {
		console.log(await command(process.argv.slice(2)));
	} catch (error) {
		console.error(error instanceof Error ? error.message : String(error));
		if (error instanceof UsageError) console.error("Use --help to see the flags.");
		process.exitCode = 1;
	}
}
