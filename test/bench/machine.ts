import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, type } from "node:os";
import { join } from "node:path";
import { projectDir } from "../../kv-seed/local/paths.ts";

/** What the figures depend on, in one line. */
export function machineFacts(): string {
	const model = cpus()[0]?.model.replaceAll(/\s+/g, " ") ?? "unknown CPU";
	const versions = ["workerd", "hono", "jose", "autocannon"].map((name) => `${name} ${installedVersion(name)}`);
	const system = `${type()} ${release()}`;
	return [`${availableParallelism()} cores, ${model}`, system, `node ${process.versions.node}`, ...versions].join("; ");
}

/** Read as a file: not every package exports its manifest. */
function installedVersion(name: string): string {
	const manifest = readFileSync(join(projectDir, "node_modules", name, "package.json"), "utf8");
	return (JSON.parse(manifest) as { version: string }).version;
}
