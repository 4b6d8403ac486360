import { parseArgs } from "node:util";
import { cases, chooseCases } from "./cases.ts";
import { sample } from "./load.ts";
import type { Sample } from "./load.ts";
import { machineFacts } from "./machine.ts";
import { table, wrongAnswers } from "./report.ts";
import { openWorld } from "./world.ts";

const caseNames = cases.map(({ name }) => name);

const help = `Measures the built Worker against baselines, on this machine (docs/performance.md).

  npm run bench                       every case, three rounds, about four minutes
  npm run bench -- --quick            two short rounds, about one minute
  npm run bench -- key refused        these cases and their baselines
  npm run bench -- limits             limits-hot, limits-sharded and limits-spread: what begins with the word
  npm run bench -- --bundle <folder>  a Worker built before (wrangler deploy --dry-run --outdir <folder>)

Cases: ${caseNames.join(", ")}.`;

interface Plan {
	readonly rounds: number;
	readonly seconds: number;
	/** Unmeasured requests before each sample, and before the first round. */
	readonly warmup: number;
	readonly firstWarmup: number;
}

const full: Plan = { rounds: 3, seconds: 2, warmup: 1000, firstWarmup: 3000 };
const quick: Plan = { rounds: 2, seconds: 1, warmup: 1000, firstWarmup: 1000 };

async function bench(args: readonly string[]): Promise<void> {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: { quick: { type: "boolean" }, bundle: { type: "string" }, help: { type: "boolean" } },
	});
	if (values.help === true) return console.log(help);
	const chosen = chooseCases(positionals);
	const plan = values.quick === true ? quick : full;
	const world = await openWorld(values.bundle);
	const samples = new Map<string, Sample[]>(chosen.map(({ name }) => [name, []]));
	try {
		for (let round = 0; round < plan.rounds; round++) {
			const warmup = round === 0 ? plan.firstWarmup : plan.warmup;
			for (const { name } of chosen) {
				samples.get(name)?.push(await sample(world.targets[name], { warmup, seconds: plan.seconds }));
			}
			console.error(`round ${round + 1} of ${plan.rounds} done`);
		}
	} finally {
		await world.stop();
	}
	console.log(`\n${machineFacts()}\n${plan.rounds} rounds of ${plan.seconds} s each; median (least-most)\n`);
	console.log(table(chosen, samples));
	for (const line of wrongAnswers(samples)) {
		console.error(line);
		process.exitCode = 1;
	}
}

/** Broken off, it ends as it ends otherwise: Miniflare takes its runtimes with it, and `openWorld` the state. */
for (const [signal, code] of [
	["SIGINT", 130],
	["SIGTERM", 143],
] as const) {
	process.once(signal, () => process.exit(code));
}

try {
	await bench(process.argv.slice(2));
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
