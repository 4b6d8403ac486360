import { type Attribute, findAttributes, readAttributes } from "./attributes.ts";
import type { HlsContext, HlsTemplate, ReferenceKind } from "./context.ts";
import { readDefine } from "./define.ts";
import { createFactReader } from "./facts.ts";
import { forEachLine } from "./lines.ts";
import { createOutput } from "./output.ts";
import { References, leavesGate } from "./references.ts";
import { TAGS_WITHOUT_URI, ruleOf } from "./tags.ts";
import { createVariables, type Variables } from "./variables.ts";

const HASH = "#".charCodeAt(0);
const COMMA = ",".charCodeAt(0);
const DURATION: ReadonlySet<number> = new Set(Array.from("0123456789. \t", (char) => char.charCodeAt(0)));
const SEGMENT_INFO = "#EXTINF:";

/** Rewrites a playlist that comes in stretches of whole lines. */
export class Playlist {
	readonly #variables = createVariables();
	readonly #facts = createFactReader();
	readonly #output = createOutput();
	readonly #references: References;
	readonly #imports: HlsContext["imports"];
	#text = "";
	#nextUri: ReferenceKind = "media";

	/** @throws TypeError when a URL of the context is not absolute */
	constructor(context: HlsContext) {
		this.#references = new References(context, this.#variables);
		this.#imports = context.imports;
	}

	read(lines: string): void {
		this.#text = lines;
		this.#output.open(lines);
		forEachLine(lines, (start, end, ambiguous) => this.#readLine(start, end, ambiguous));
	}

	/** Text between the holes of what was read since the last take. */
	take(): string[] {
		return this.#output.take();
	}

	facts(): Omit<HlsTemplate, "parts"> {
		return { ...this.#facts.result(), variables: this.#variables.known };
	}

	#readLine(start: number, end: number, ambiguous: boolean): void {
		const text = this.#text;
		if (text.charCodeAt(start) !== HASH) {
			this.#readUri(start, end, this.#nextUri, ambiguous);
			this.#nextUri = "media";
		} else if (text.startsWith(SEGMENT_INFO, start)) {
			this.#readSegmentInfo(start, end, ambiguous);
		} else if (text.startsWith("#EXT", start)) {
			this.#readTag(start, end, ambiguous);
		}
	}

	#readUri(start: number, end: number, kind: ReferenceKind, ambiguous: boolean): void {
		const replacement = this.#references.rewrite(this.#text, start, end, kind, !ambiguous);
		if (replacement === null) return;
		const { atBase, text } = replacement;
		// A player that reads on from the tag before must not find an attribute in here.
		this.#output.replace(start, end, { atBase, text: ambiguous ? text.replace(/[",]/g, encodeURIComponent) : text });
	}

	#readSegmentInfo(start: number, end: number, ambiguous: boolean): void {
		this.#facts.read("EXTINF", "");
		// Without a comma after the duration, a lenient player takes what follows for the URI of the segment.
		const at = afterDuration(this.#text, start + SEGMENT_INFO.length, end);
		const rest = this.#text.slice(at, end).trimStart();
		if (rest !== "" && leavesGate(this.#variables.expand(rest)))
			this.#readUri(end - rest.length, end, "media", ambiguous);
		else if (ambiguous) this.#rewriteAttributes("EXTINF", this.#text.slice(start, end), start, ambiguous);
	}

	#readTag(start: number, end: number, ambiguous: boolean): void {
		const line = this.#text.slice(start, end);
		const colon = line.indexOf(":");
		const tag = line.slice(1, colon === -1 ? line.length : colon);
		this.#facts.read(tag, line.slice(tag.length + 2));
		if (tag === "EXT-X-STREAM-INF") this.#nextUri = "playlist";
		const instead = tag === "EXT-X-DEFINE" ? readDefine(line, colon + 1, this.#variables, this.#imports) : null;
		if (instead !== null) this.#output.replace(start, end, { atBase: false, text: instead });
		else if (ambiguous || !TAGS_WITHOUT_URI.has(tag)) this.#rewriteAttributes(tag, line, start, ambiguous);
	}

	#rewriteAttributes(tag: string, line: string, offset: number, ambiguous: boolean): void {
		const { kind, attributes: names } = ruleOf(tag, ambiguous);
		if (!names.some((name) => line.includes(name))) return;
		const { attributes, brokenAt } = readAttributes(line, tag.length + 2);
		if (kind !== "key" || ambiguous || isGateKey(line, attributes, this.#variables)) {
			for (const { name, start, end } of attributes) {
				if (names.includes(name)) this.#rewrite(offset + start, offset + end, kind, !ambiguous);
			}
		}
		// Beyond a mistake nothing is touched but what could lead a lenient player away from the gate.
		let rewritten = 0;
		for (const { start, end } of findAttributes(line, brokenAt, names)) {
			if (start < rewritten || !leavesGate(this.#variables.expand(line.slice(start, end)))) continue;
			this.#rewrite(offset + start, offset + end, kind, !ambiguous);
			rewritten = end;
		}
	}

	#rewrite(start: number, end: number, kind: ReferenceKind, mayStay: boolean): void {
		const replacement = this.#references.rewrite(this.#text, start, end, kind, mayStay);
		if (replacement !== null) this.#output.replace(start, end, replacement);
	}
}

/** Whether a player would fetch the key as it is: METHOD is not NONE, and KEYFORMAT, if there is one, is the plain one. */
function isGateKey(line: string, attributes: readonly Attribute[], variables: Variables): boolean {
	const valuesOf = (wanted: string): string[] =>
		attributes.filter(({ name }) => name === wanted).map(({ start, end }) => variables.expand(line.slice(start, end)));
	const formats = valuesOf("KEYFORMAT");
	return !valuesOf("METHOD").includes("NONE") && (formats.length === 0 || formats.includes("identity"));
}

/** Where the text begins that follows the duration without a comma; the end when there is none. */
function afterDuration(text: string, start: number, end: number): number {
	for (let at = start; at < end; at++) {
		const code = text.charCodeAt(at);
		if (code === COMMA) return end;
		if (!DURATION.has(code)) return at;
	}
	return end;
}
