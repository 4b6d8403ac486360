/** A CSV reader of the tests' own, strictly after RFC 4180: cells of rows, the header among them. @throws what is not CSV. */
export function readCsv(text: string): string[][] {
	const rows: string[][] = [];
	const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
	let row: string[] = [];
	while (cell.lastIndex < text.length) {
		const at = cell.lastIndex;
		const [, quoted, plain, end] = cell.exec(text) ?? [];
		if (end === undefined) throw new Error(`not CSV at ${at}: ${text.slice(at, at + 40)}`);
		row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
		if (end === ",") continue;
		rows.push(row);
		row = [];
	}
	return rows;
}
