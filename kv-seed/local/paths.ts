import { join, resolve } from "node:path";

/** Root of the project: where wrangler.toml and node_modules are. */
export const projectDir = resolve(import.meta.dirname, "../..");

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this machine keeps KV, R2, Durable Objects and the demo key: `PLAYGATE_STATE`, else `.wrangler/state`. */
export function stateDirOf(env: Environment): string {
	return resolve(env["PLAYGATE_STATE"] || join(projectDir, ".wrangler/state"));
}

/** Private key that signs for the demo account; made by `npm start`, never committed. */
export function demoKeyFile(stateDir: string): string {
	return join(stateDir, "demo-key.pem");
}

/**
 * Port of the local gate: `PORT`, else 8787.
 *
 * @throws Error when `PORT` is no port number
 */
export function portOf(env: Environment): number {
	const text = env["PORT"] || "8787";
	const port = Number(text);
	if (/^\d+$/.test(text) && port <= 65_535) return port;
	throw new Error(`PORT must be a number from 0 to 65535 (0 takes any free port), not ${JSON.stringify(text)}.`);
}
