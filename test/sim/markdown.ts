/** A Markdown table, its columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const line = (cells: readonly string[]): string =>
		`| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join("\n");
}

/** 1234567 as "1,234,567"; small figures with the digits that matter. */
export function figure(value: number): string {
	const digits = value === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
	const [whole = "", part] = value.toFixed(digits).split(".");
	const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
	return part === undefined ? grouped : `${grouped}.${part}`;
}

const marks = (name: string) => [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`] as const;

/** The generated part of a document. @throws when it has none of that name */
export function partOf(document: string, name: string): string {
	const [begin, end] = marks(name);
	const [start, stop] = [document.indexOf(begin), document.indexOf(end)];
	if (start < 0 || stop < start) throw new Error(`no part "${name}"`);
	return document.slice(start + begin.length, stop).trim();
}

export function withPart(document: string, name: string, content: string): string {
	const [begin, end] = marks(name);
	partOf(document, name);
	return `${document.slice(0, document.indexOf(begin) + begin.length)}\n\n${content}\n\n${document.slice(document.indexOf(end))}`;
}
