import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import type { GateSecrets } from "./gate.ts";

const header = `# Secrets of the local gate, made at random by the first npm start. This file is not committed, and nothing in it
# is used in production. Change what you like: values are kept as they are, and a name that is missing is added again.
`;

const names = ["ADMIN_TOKEN", "GRANT_SECRET", "CONTENT_SECRET"] as const;

/**
 * Reads the secrets of the local gate, and makes those that are missing: the file with mode 0600 if there is none, else a
 * line at its end for each missing name. What is there is never changed.
 *
 * @param file path of `.dev.vars`
 * @throws Error that names a secret which is there but empty
 */
export async function ensureDevVars(file: string): Promise<GateSecrets> {
	const before = await readIfThere(file);
	const given = parseEnv(before ?? "");
	const missing = names.filter((name) => given[name] === undefined);
	const empty = names.find((name) => given[name] === "");
	if (empty !== undefined)
		throw new Error(`${file}: ${empty} is empty. Give it a value, or take the line out to have one made.`);
	const made = Object.fromEntries(missing.map((name) => [name, randomBytes(32).toString("base64url")]));
	if (missing.length > 0) await append(file, before, made);
	return secretsOf({ ...given, ...made });
}

async function append(file: string, before: string | undefined, made: Readonly<Record<string, string>>): Promise<void> {
	const lines = Object.entries(made).map(([name, value]) => `${name}=${value}\n`);
	if (before === undefined) return writeFile(file, [header, ...lines].join(""), { mode: 0o600, flag: "wx" });
	const gap = before === "" || before.endsWith("\n") ? "" : "\n";
	return writeFile(file, [gap, ...lines].join(""), { flag: "a" });
}

function secretsOf(values: Readonly<Record<string, string | undefined>>): GateSecrets {
	const { ADMIN_TOKEN = "", GRANT_SECRET = "", CONTENT_SECRET = "" } = values;
	return { ADMIN_TOKEN, GRANT_SECRET, CONTENT_SECRET };
}

async function readIfThere(file: string): Promise<string | undefined> {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}
