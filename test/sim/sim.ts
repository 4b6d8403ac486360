import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures } from "./figures.ts";
import { withPart } from "./markdown.ts";
import { SMALL, fingerprint, outcome, plots, simulate } from "./scenarios.ts";

/** Runs every scenario in full, and writes the plots and the generated parts of docs/scale.md. */
async function main(): Promise<void> {
	const docs = join(import.meta.dirname, "../../docs");
	const run = await simulate(1, (line) => console.log(line));
	const small = await simulate(SMALL);
	for (const [name, svg] of plots(run)) writeFileSync(join(docs, name), svg);
	const parts = new Map([...figures(), ["joins", outcome(run)], ["fingerprint", `<!-- ${fingerprint(small)} -->`]]);
	const path = join(docs, "scale.md");
	let document = readFileSync(path, "utf8");
	for (const [name, content] of parts) document = withPart(document, name, content);
	writeFileSync(path, document);
	console.log(outcome(run));
}

await main();
