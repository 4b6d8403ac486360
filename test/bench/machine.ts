import { createRequire } from "node:module";
import { availableParallelism, cpus, release, type } from "node:os";

const require = createRequire(import.meta.url);
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version;

/** What the figures depend on, in one line. */
export function machineFacts(): string {
	const model = cpus()[0]?.model.replaceAll(/\s+/g, " ") ?? "unknown CPU";
	const packages = ["workerd", "hono", "jose", "autocannon"].map((name) => `${name} ${versionOf(name)}`);
	const system = `${type()} ${release()}`;
	return [`${availableParallelism()} cores, ${model}`, system, `node ${process.versions.node}`, ...packages].join("; ");
}
