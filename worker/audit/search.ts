import { COLUMNS, type Cell, type Column, type Found, type Position, type Row, type Wanted } from "./contract.ts";

/** An answer comes in good time, also where nearly nothing matches: after this much the caller goes on from `next`. */
const MOST_SCANNED_CHARACTERS = 8 * 1024 * 1024;

/** Goes through batches, newest first, for the rows that are wanted. */
export function search(
	batches: Iterable<{ readonly seq: number; readonly decisions: string }>,
	{ equal, before, limit }: Wanted,
): Found {
	const matches = matcherOf(equal);
	const found: Row[] = [];
	let scanned = 0;
	for (const { seq, decisions } of batches) {
		const rows = JSON.parse(decisions) as Row[];
		const end = before?.seq === seq ? Math.min(before.index, rows.length) : rows.length;
		for (let index = end - 1; index >= 0; index--) {
			const row = rows[index] ?? [];
			if (!matches(row)) continue;
			if (found.length === limit) return told(found, { seq, index: index + 1 });
			found.push(row);
		}
		scanned += decisions.length;
		if (scanned >= MOST_SCANNED_CHARACTERS) return told(found, { seq, index: 0 });
	}
	return told(found, null);
}

const told = (rows: readonly Row[], next: Position | null): Found => ({ text: JSON.stringify(rows), next });

function matcherOf(equal: Readonly<Partial<Record<Column, Cell>>>): (row: Row) => boolean {
	const asked = COLUMNS.flatMap((column, index) => {
		const value = equal[column];
		return value === undefined ? [] : [{ index, value }];
	});
	return (row) => asked.every(({ index, value }) => row[index] === value);
}
