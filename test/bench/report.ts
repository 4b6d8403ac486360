import type { Case, Comparison } from "./cases.ts";
import type { Sample } from "./load.ts";

/** Samples by name of the case, one a round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** The Markdown table of a run: each case, then how it compares with the baselines of the same rounds. */
export function table(chosen: readonly Case[], samples: Samples): string {
	const rows = [["case", "what", "CPU us/request", "requests/s", "compared, round by round", "target", ""]];
	for (const { name, title, against = [] } of chosen) {
		const own = samples.get(name) ?? [];
		const [first, ...others] = against.map((comparison) => compared(comparison, own, samples));
		const cpu = spread(
			own.map((one) => one.cpu),
			0,
		);
		const rate = spread(
			own.map((one) => one.rate),
			0,
		);
		rows.push([name, title, cpu, rate, ...(first ?? ["", "", ""])]);
		for (const other of others) rows.push(["", "", "", "", ...other]);
	}
	return markdown(rows);
}

function compared({ baseline, measure, most, least }: Comparison, own: readonly Sample[], samples: Samples) {
	const base = samples.get(baseline) ?? [];
	const ratios = own.map((one, round) => one[measure] / (base[round]?.[measure] ?? Number.NaN));
	const ratio = median(ratios);
	const target = most === undefined ? (least === undefined ? "" : `>= ${least}`) : `<= ${most}`;
	const missed = (most !== undefined && ratio > most) || (least !== undefined && ratio < least);
	const unit = measure === "cpu" ? "CPU" : "requests/s";
	return [
		`${spread(ratios, 2)} x ${unit} of ${baseline}`,
		target,
		target === "" ? "" : missed ? "OVER" : "ok",
	] as const;
}

/** "median (least-most)" */
function spread(values: readonly number[], digits: number): string {
	const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)];
	return `${middle.toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}

function median(values: readonly number[]): number {
	const sorted = values.toSorted((left, right) => left - right);
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

function markdown(rows: readonly (readonly string[])[]): string {
	const [head = [], ...body] = rows;
	const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const line = (row: readonly string[]) =>
		`| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	return [line(head), rule, ...body.map(line)].join("\n");
}

/** One line for each case that got other answers than it asked for, or none at all in a round: its figures mean nothing then. */
export function wrongAnswers(samples: Samples): readonly string[] {
	return [...samples].flatMap(([name, all]) => {
		if (all.some(({ rate }) => rate === 0)) return [`${name}: a round without an answer; its figures mean nothing.`];
		const wrong = all.reduce((sum, one) => sum + one.wrong, 0);
		return wrong === 0 ? [] : [`${name}: ${wrong} answers were not what the case asks for; its figures mean nothing.`];
	});
}
