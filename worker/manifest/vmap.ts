import type { SaxesTagPlain } from "saxes";
import { localName } from "./dash/rules.ts";
import { trimmedRange } from "./dash/space.ts";
import { attributeRanges, Malformed, readXml, type XmlHandler, type XmlPlace } from "./dash/xml.ts";

/** What may be a URL in the document: the value of an attribute, or all the text of an element, decoded and trimmed. */
export interface VmapValue {
	readonly text: string;
	/** Of the attribute or element, without its prefix. */
	readonly name: string;
	/** Within an ad (VAST): what is there belongs to the ad server, not to the video. */
	readonly ofAd: boolean;
}

/** `problem` names what is wrong with the document and is fit to be shown. */
export type VmapResult =
	| { readonly ok: true; readonly text: string }
	| { readonly ok: false; readonly problem: string };

/** Far deeper than any VMAP document, with the ads in it. */
const MOST_NESTED = 256;
const MOST_MESSAGE = 200;

interface Frame {
	readonly name: string;
	readonly ofAd: boolean;
	/** Where its content begins. */
	readonly start: number;
	hasElements: boolean;
	text: string;
}

interface Edit {
	readonly start: number;
	readonly end: number;
	readonly text: string;
}

/**
 * Rewrites a VMAP document (IAB VMAP 1.0): `replace` names what takes the place of a value, in characters that XML keeps, or null where
 * it stays. Whatever stays does so byte for byte. Only well-formed XML without a document type declaration is read.
 */
export function rewriteVmap(text: string, replace: (value: VmapValue) => string | null): VmapResult {
	try {
		const { edits } = readXml(text, (place) => new Reader(text, place, replace));
		return { ok: true, text: applied(text, edits) };
	} catch (fault) {
		if (fault instanceof Malformed) return { ok: false, problem: fault.message.slice(0, MOST_MESSAGE) };
		throw fault;
	}
}

function applied(text: string, edits: readonly Edit[]): string {
	const parts: string[] = [];
	let end = 0;
	for (const edit of edits) {
		parts.push(text.slice(end, edit.start), edit.text);
		end = edit.end;
	}
	return parts.join("") + text.slice(end);
}

class Reader implements XmlHandler {
	/** In the order of the document. */
	readonly edits: Edit[] = [];
	readonly #text: string;
	readonly #place: XmlPlace;
	readonly #replace: (value: VmapValue) => string | null;
	readonly #frames: Frame[] = [];

	constructor(text: string, place: XmlPlace, replace: (value: VmapValue) => string | null) {
		this.#text = text;
		this.#place = place;
		this.#replace = replace;
	}

	doctype(): void {
		this.#refuse("a document type declaration is not allowed");
	}

	#refuse(problem: string): never {
		throw new Malformed(`${this.#place.line}:${this.#place.column}: ${problem}`);
	}

	open({ name: qualified, attributes }: SaxesTagPlain): void {
		const parent = this.#frames.at(-1);
		const name = localName(qualified);
		if (!parent && name !== "VMAP") this.#refuse("the root element is no VMAP");
		if (this.#frames.length >= MOST_NESTED) this.#refuse(`elements are nested deeper than ${MOST_NESTED}`);
		if (parent) parent.hasElements = true;
		const ofAd = parent?.ofAd === true || name === "VAST";
		this.#frames.push({ name, ofAd, start: this.#place.position, hasElements: false, text: "" });
		this.#readAttributes(attributes, ofAd);
	}

	#readAttributes(attributes: Readonly<Record<string, string>>, ofAd: boolean): void {
		let ranges: ReturnType<typeof attributeRanges> | null = null;
		const found: Edit[] = [];
		for (const [name, value] of Object.entries(attributes)) {
			const text = this.#replace({ text: value.trim(), name: localName(name), ofAd });
			if (text === null) continue;
			ranges ??= attributeRanges(this.#text, this.#place.position);
			const range = ranges.get(name);
			if (range) found.push({ ...range, text });
		}
		this.edits.push(...found.toSorted((a, b) => a.start - b.start));
	}

	text(text: string): void {
		const frame = this.#frames.at(-1);
		if (frame) frame.text += text;
	}

	close({ isSelfClosing }: SaxesTagPlain): void {
		const frame = this.#frames.pop();
		if (!frame || isSelfClosing || frame.hasElements) return;
		const text = this.#replace({ text: frame.text.trim(), name: frame.name, ofAd: frame.ofAd });
		if (text === null) return;
		const end = this.#text.lastIndexOf("</", this.#place.position - 1);
		this.edits.push({ ...trimmedRange(this.#text, frame.start, end), text });
	}
}
