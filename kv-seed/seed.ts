import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv, promisify } from "node:util";
import { UsageError, readFlags, runCommand, textOf } from "./local/command.ts";
import { projectDir, stateDirOf } from "./local/paths.ts";
import { type KvRecord, toRecords } from "./records.ts";

const help = `Writes accounts with their keys, videos, rights, playlists, E2EE sessions and credentials from a JSON file into the catalog (KV).

  npm run seed -- --file accounts.json             into the local state (.wrangler/state, or PLAYGATE_STATE)
  npm run seed -- --file accounts.json --remote    into the deployed Worker's KV
  npm run seed -- --file accounts.json --check     validates only, writes nothing

Nothing is written when one record is wrong; each mistake is told with its path. Seeding again is safe.
CONTENT_SECRET seals content keys: it is taken from the environment, else (not with --remote) from .dev.vars.
The shapes are in docs/storage.md; kv-seed/demo/demo.json is an example.`;

/** `npm run seed`. @returns what to print. @throws Error with the issues of the file, one a line */
export async function seed(args: readonly string[]): Promise<string> {
	const flags = readFlags(args, { file: { type: "string" }, remote: { type: "boolean" }, check: { type: "boolean" } });
	if (flags["help"] === true) return help;
	const file = textOf(flags, "file");
	if (file === undefined) throw new UsageError("--file is missing: which seed file?");
	const remote = flags["remote"] === true;
	const result = await toRecords(await readSeed(file), { contentSecret: await contentSecret(remote), local: !remote });
	if (!result.ok)
		throw new Error(`${file} is wrong, nothing was written:\n${result.issues.map((issue) => `  ${issue}`).join("\n")}`);
	const summary = `${result.records.length} records: ${result.records.map(({ key }) => key).join(", ")}`;
	if (flags["check"] === true) return `${file} is right. ${summary}`;
	await put(result.records, remote);
	return `Written ${summary}`;
}

async function readSeed(file: string): Promise<unknown> {
	const text = await readFile(file, "utf8").catch((error: Error) => {
		throw new Error(`${file} cannot be read: ${error.message}`);
	});
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
	}
}

async function contentSecret(remote: boolean): Promise<string> {
	const given = process.env["CONTENT_SECRET"];
	if (given) return given;
	if (remote)
		throw new Error(
			"CONTENT_SECRET must be set in the environment, to the same value as the deployed Worker's secret.",
		);
	const devVars = parseEnv(await readFile(join(projectDir, ".dev.vars"), "utf8").catch(() => ""));
	if (devVars["CONTENT_SECRET"]) return devVars["CONTENT_SECRET"];
	throw new Error("CONTENT_SECRET is not set, and .dev.vars has none: run npm start once, which makes it.");
}

async function put(records: readonly KvRecord[], remote: boolean): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), "playgate-seed-"));
	try {
		const file = join(folder, "records.json");
		await writeFile(file, JSON.stringify(records), { mode: 0o600 });
		const where = remote ? ["--remote"] : ["--local", "--persist-to", stateDirOf(process.env)];
		const wrangler = join(projectDir, "node_modules/.bin/wrangler");
		await promisify(execFile)(wrangler, ["kv", "bulk", "put", file, "--binding", "CATALOG", ...where], {
			cwd: projectDir,
		});
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

await runCommand(import.meta, seed);
