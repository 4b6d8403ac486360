import { createHash } from "node:crypto";
import { type Line, chart } from "./chart.ts";
import { crowd } from "./crowd.ts";
import { simulateLeases } from "./leased.ts";
import { figure, table } from "./markdown.ts";
import { shardCount } from "../../worker/limits/leases/plan.ts";
import { simulateOneObject } from "./shared.ts";
import type { Tally } from "./tally.ts";
import { simulateViewers } from "./viewers.ts";

export interface Run {
	readonly viewers: Tally;
	readonly oneObject: Tally;
	readonly leases: Tally;
}

const SEED = 20_301;
/** A hundredth of the crowd, which the tests run too. */
export const SMALL = 0.01;

/** Milliseconds: a shard when most of the crowd comes, and the token's object when leases are small. */
const restarts = { shard: 15_000, root: 20_000 };

/** Every scenario, with `share` of the crowd of docs/scale.md. @throws when a limit does not hold, or is not exhausted by enough demand. */
export async function simulate(share: number, told: (line: string) => void = () => {}): Promise<Run> {
	const joins = Math.round(crowd.joins * share);
	const maxu = joins / 2;
	told(`a: ${figure(joins)} joins, tokens with uid`);
	const viewers = await simulateViewers(joins, SEED);
	told(`b: one token, one object, maxu ${figure(maxu)}`);
	const oneObject = await simulateOneObject(joins, maxu, SEED + 1);
	const shards = shardCount({ maxu }, undefined);
	told(`c: one token, ${shards} shards`);
	const leases = await simulateLeases(joins, { maxu, shards }, SEED + 2, restarts);
	for (const run of [oneObject, leases]) {
		const { tally, used } = run;
		const refused = tally.total("use-limit");
		if (used > maxu) throw new Error(`${used} uses of ${maxu}`);
		if (tally.total("allowed") > used) throw new Error(`${tally.total("allowed")} were allowed, ${used} counted`);
		if (refused > 0 && used !== maxu) throw new Error(`refused for good with ${used} of ${maxu} used`);
	}
	return { viewers, oneObject: oneObject.tally, leases: leases.tally };
}

const seconds = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${figure(ms / 1000)} s`);

const shardsOf = (leases: Tally): number => leases.total("objects") - 1;

/** The table of a run. */
export function outcome({ viewers, oneObject, leases }: Run): string {
	const row = (what: string, ofViewers: string, name: (tally: Tally) => string) => [
		what,
		ofViewers,
		name(oneObject),
		name(leases),
	];
	const total = (name: string) => (tally: Tally) => figure(tally.total(name));
	return table([
		["", "a: `uid`, `climit` 2", "b: one token, one object", `c: one token, ${figure(shardsOf(leases))} shards`],
		row("joins", figure(viewers.total("joins")), total("joins")),
		row("allowed to start", figure(viewers.total("start allowed")), total("allowed")),
		row("refused `stream-limit-create`", figure(viewers.total("start stream-limit-create")), () => ""),
		row("ended by another, `stream-limit-renew`", figure(viewers.total("renew stream-limit-renew")), () => ""),
		row("refused `use-limit`", "", total("use-limit")),
		row("the same again, from the isolate's memory", "", total("remembered refusal")),
		row(
			"answered 503, `limits-unavailable`",
			figure(viewers.total("start limits-unavailable")),
			total("limits-unavailable"),
		),
		row("viewers who gave up after two of these", "", total("given up")),
		row("objects", figure(viewers.total("objects")), total("objects")),
		row("new objects in the busiest second", figure(Math.max(...viewers.perSecond("objects"))), total("objects")),
		row("most calls waiting before one object", figure(viewers.highest("waiting")), (tally) =>
			figure(tally.highest("waiting")),
		),
		row("answer to a start, median", seconds(viewers.percentile(0.5)), (tally) => seconds(tally.percentile(0.5))),
		row("answer to a start, 99 of 100 within", seconds(viewers.percentile(0.99)), (tally) =>
			seconds(tally.percentile(0.99)),
		),
		row("the longest", seconds(viewers.percentile(1)), (tally) => seconds(tally.percentile(1))),
		row("calls of the token's root", "", (tally) => (tally === leases ? figure(tally.total("root calls")) : "")),
	]);
}

/** Changes when any figure of the run does. */
export function fingerprint(run: Run): string {
	const all = Object.values(run).map((tally: Tally) => [
		...tally.names().map((name) => [name, ...tally.perSecond(name)]),
		tally.peaks("waiting"),
		[0.5, 0.9, 0.99].map((share) => tally.percentile(share)),
	]);
	return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}

const COLORS = {
	joins: "#8c959f",
	allowed: "#1a7f37",
	refused: "#bc4c00",
	unavailable: "#cf222e",
	waiting: "#0969da",
} as const;

const line = (name: string, color: keyof typeof COLORS, values: readonly number[]): Line => ({
	name,
	color: COLORS[color],
	values,
});

/** The plots of a run, by the name of their file. */
export function plots({ viewers, oneObject, leases }: Run): ReadonlyMap<string, string> {
	const ofToken = (tally: Tally, title: string, waiting: string): string =>
		chart(
			title,
			[
				{
					label: "answers a second",
					lines: [
						line("joins", "joins", tally.perSecond("joins")),
						line("allowed", "allowed", tally.perSecond("allowed")),
						line("use-limit", "refused", tally.perSecond("use-limit")),
						line("unavailable (503)", "unavailable", tally.perSecond("limits-unavailable")),
					],
				},
				{ label: waiting, lines: [line("waiting", "waiting", tally.peaks("waiting"))] },
			],
			80,
		);
	return new Map([
		[
			"scale-viewers.svg",
			chart(
				"a: 2 million joins in 60 s, tokens with uid and climit 2",
				[
					{
						label: "answers a second",
						lines: [
							line("joins", "joins", viewers.perSecond("joins")),
							line("allowed", "allowed", viewers.perSecond("start allowed")),
							line("stream-limit-create", "refused", viewers.perSecond("start stream-limit-create")),
							line("stream-limit-renew", "unavailable", viewers.perSecond("renew stream-limit-renew")),
						],
					},
					{
						label: "calls waiting before any object; new objects a second",
						lines: [
							line("waiting", "waiting", viewers.peaks("waiting")),
							line(
								"new objects / 1,000",
								"joins",
								viewers.perSecond("objects").map((count) => count / 1000),
							),
						],
					},
				],
				90,
			),
		],
		[
			"scale-one-object.svg",
			ofToken(oneObject, "b: 2 million joins in 60 s, one token, one object", "calls waiting before the object"),
		],
		[
			"scale-leases.svg",
			ofToken(
				leases,
				`c: 2 million joins in 60 s, one token, ${shardsOf(leases)} shards`,
				"calls waiting before the fullest shard",
			),
		],
	]);
}
