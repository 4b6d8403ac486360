const SPACES: ReadonlySet<number> = new Set(Array.from("\t\n\r ", (char) => char.charCodeAt(0)));

/** The range without the white space of XML around it. */
export function trimmedRange(text: string, start: number, end: number): { start: number; end: number } {
	let [from, to] = [start, end];
	while (from < to && SPACES.has(text.charCodeAt(from))) from += 1;
	while (to > from && SPACES.has(text.charCodeAt(to - 1))) to -= 1;
	return { start: from, end: to };
}
