/** A range of a text and what takes its place. */
export interface Edit {
	readonly start: number;
	readonly end: number;
	readonly text: string;
}

interface Range {
	readonly start: number;
	readonly end: number;
}

/** The text with its edits made; they must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
	if (edits.length === 0) return text;
	const parts: string[] = [];
	let copied = 0;
	for (const { start, end, text: by } of edits.toSorted((a, b) => a.start - b.start)) {
		parts.push(text.slice(copied, start), by);
		copied = end;
	}
	parts.push(text.slice(copied));
	return parts.join("");
}

/** Puts `ordered` where the same ranges stand now: the first one in the first place, and so on. */
export function reorder(text: string, ordered: readonly Range[]): Edit[] {
	const places = ordered.toSorted((a, b) => a.start - b.start);
	return places.flatMap(({ start, end }, index) => {
		const moved = ordered[index];
		return moved === undefined || moved.start === start
			? []
			: [{ start, end, text: text.slice(moved.start, moved.end) }];
	});
}

/** `preferred` before the others, each in the order that they have. */
export function preferredFirst<T>(items: readonly T[], isPreferred: (item: T) => boolean): T[] {
	return [...items.filter(isPreferred), ...items.filter((item) => !isPreferred(item))];
}
