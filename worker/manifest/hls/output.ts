import type { Replacement } from "./context.ts";

/** Collects a document whose URIs are replaced from left to right, and copies what lies between them in ranges. */
export interface Output {
	/** Starts on the next stretch of source text; what was left of the one before is copied. */
	readonly open: (text: string) => void;
	/** Replaces the range of the open text; ranges must ascend. */
	readonly replace: (start: number, end: number, by: Replacement) => void;
	/** The parts collected since the last take, with a hole between each two. */
	readonly take: () => string[];
}

export function createOutput(): Output {
	let source = "";
	let copied = 0;
	let parts: string[] = [];
	let last = "";
	const copyTo = (end: number): void => {
		last += source.slice(copied, end);
		copied = end;
	};
	return {
		open(text) {
			copyTo(source.length);
			source = text;
			copied = 0;
		},
		replace(start, end, by) {
			copyTo(start);
			copied = end;
			if (by.atBase) {
				parts.push(last);
				last = by.text;
			} else {
				last += by.text;
			}
		},
		take() {
			copyTo(source.length);
			const taken = [...parts, last];
			parts = [];
			last = "";
			return taken;
		},
	};
}
