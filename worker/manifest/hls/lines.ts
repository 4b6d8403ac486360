import { leavesGate } from "./references.ts";

const HASH = "#".charCodeAt(0);
const SPACE = " ".charCodeAt(0);
const DELETE = 0x7f;

/** Where some player ends a line or takes up a tag, besides at a line feed. */
const BREAKS = /\r|[\u2028\u2029]|(?=#EXT(?:INF|-X-[A-Z0-9-]+):)/g;

/**
 * A line without the white space around it.
 *
 * `ambiguous`: it is a part of what other players read as one line, so what it says may run on in the next part, or end the one before.
 */
export type OnLine = (start: number, end: number, ambiguous: boolean) => void;

/** Finds the lines of `text`. What only some players take for a line of its own counts as one. */
export function forEachLine(text: string, onLine: OnLine): void {
	const nextHash = createFinder(text, "#");
	const nextReturn = createFinder(text, "\r");
	const nextLineSeparator = createFinder(text, "\u2028");
	const nextParagraphSeparator = createFinder(text, "\u2029");
	const breaksWithin = (start: number, end: number): boolean =>
		nextHash(start + 1) < end ||
		nextReturn(start) < end ||
		nextLineSeparator(start) < end ||
		nextParagraphSeparator(start) < end;
	for (let lineStart = 0; lineStart < text.length;) {
		const feed = text.indexOf("\n", lineStart);
		const lineEnd = feed === -1 ? text.length : feed;
		const start = skipSpace(text, lineStart, lineEnd);
		const end = dropSpace(text, start, lineEnd);
		if (start < end) {
			if (breaksWithin(start, end)) forEachPiece(text, start, end, onLine);
			else onLine(start, end, false);
		}
		lineStart = lineEnd + 1;
	}
}

function forEachPiece(text: string, lineStart: number, lineEnd: number, onLine: OnLine): void {
	const line = text.slice(lineStart, lineEnd);
	const breaks = Array.from(line.matchAll(BREAKS), ({ 0: found, index }) => ({ found, index })).filter(
		({ found, index }) => found === "\r" || found === "" || mayLeaveGate(upToBreak(line, index + 1)),
	);
	const ends = [...breaks.map(({ index }) => index), line.length].filter((end) => end > 0);
	let from = 0;
	for (const to of ends) {
		const start = skipSpace(line, from, to);
		const end = dropSpace(line, start, to);
		if (start < end) onLine(lineStart + start, lineStart + end, ends.length > 1);
		from = to;
	}
}

/** The two Unicode separators may be text in a quoted string: only what could lead the player away is taken for a line. */
function mayLeaveGate(piece: string): boolean {
	return piece.includes("{$") || leavesGate(piece.trim());
}

function upToBreak(line: string, from: number): string {
	return line.slice(from).split(/[\r\u2028\u2029]/, 1)[0] ?? "";
}

/** Finds the next `char` for positions that only ascend, looking at each place of the text once. */
function createFinder(text: string, char: string): (from: number) => number {
	let found = -1;
	return (from) => {
		if (found < from) {
			found = text.indexOf(char, from);
			if (found === -1) found = Infinity;
		}
		return found;
	};
}

function skipSpace(text: string, start: number, end: number): number {
	const code = start < end ? text.charCodeAt(start) : HASH;
	if (code > SPACE && code < DELETE) return start;
	return end - text.slice(start, end).trimStart().length;
}

function dropSpace(text: string, start: number, end: number): number {
	const code = start < end ? text.charCodeAt(end - 1) : HASH;
	if (code > SPACE && code < DELETE) return end;
	return start + text.slice(start, end).trimEnd().length;
}
