import { stringify } from "csv-stringify/sync";
import { COLUMNS, type Page, type Row } from "./contract.ts";

/** RFC 4180. Cells that a spreadsheet would take for a formula get an apostrophe in front: viewers choose some of what is in them. */
const options = { record_delimiter: "\r\n", quote_record_delimiter: true, escape_formulas: true } as const;

const HEADER = stringify([[...COLUMNS]], options);

/** Rows as CSV, without the header. */
export function csvOf(rows: readonly Row[]): string {
	return stringify(
		rows.map((row) => COLUMNS.map((_column, index) => textOf(row[index]))),
		options,
	);
}

/** A row that was written before a column was added ends before it. */
function textOf(cell: Row[number] | undefined): string {
	return cell === null || cell === undefined ? "" : String(cell);
}

/** A report as it is downloaded: the header, then page after page as fast as the client takes them. */
export function csvStream(pageAfter: (after: number) => Promise<Page | null>): ReadableStream<Uint8Array> {
	const encoder = new TextEncoder();
	let after: number | null = null;
	return new ReadableStream<Uint8Array>({
		async pull(controller) {
			if (after === null) {
				after = 0;
				controller.enqueue(encoder.encode(HEADER));
				return;
			}
			const page = await pageAfter(after);
			for (const text of page?.texts ?? []) controller.enqueue(encoder.encode(csvOf(JSON.parse(text) as Row[])));
			if (page === null || page.done) controller.close();
			else after = page.after;
		},
	});
}
