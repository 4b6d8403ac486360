import type { SaxesTagPlain } from "saxes";
import { localName } from "./rules.ts";
import { readXml, type XmlHandler, type XmlPlace } from "./xml.ts";

/** An element that a player chooses among others: where it stands, and what it says. */
export interface OutlineElement {
	readonly name: string;
	readonly start: number;
	/** After its start tag. */
	readonly contentStart: number;
	/** After its end tag. */
	end: number;
	readonly attributes: Readonly<Record<string, string>>;
	/** Text of a BaseURL; of all others, whatever text they have. */
	text: string;
	readonly children: OutlineElement[];
}

/** What may stand in what, as far as renditions go; the content of all else is passed over. */
const CHILDREN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
	["", new Set(["MPD", "Period", "AdaptationSet"])],
	["MPD", new Set(["Period", "BaseURL", "PatchLocation", "ContentSteering"])],
	["Period", new Set(["AdaptationSet", "BaseURL"])],
	["AdaptationSet", new Set(["Representation", "BaseURL", "EssentialProperty", "SupplementalProperty", "Role"])],
	["Representation", new Set(["BaseURL"])],
]);

/** The root of a document; null when it is none that has renditions. @throws Malformed */
export function readOutline(text: string): OutlineElement | null {
	return readXml(text, (place) => new OutlineReader(text, place)).root.children[0] ?? null;
}

export const childrenOf = (element: OutlineElement, name: string): readonly OutlineElement[] =>
	element.children.filter((child) => child.name === name);

class OutlineReader implements XmlHandler {
	readonly root: OutlineElement = {
		name: "",
		start: 0,
		contentStart: 0,
		end: 0,
		attributes: {},
		text: "",
		children: [],
	};
	readonly #text: string;
	readonly #place: XmlPlace;
	/** The elements that are open; null for those that are passed over. */
	readonly #open: (OutlineElement | null)[] = [this.root];

	constructor(text: string, place: XmlPlace) {
		this.#text = text;
		this.#place = place;
	}

	doctype(): void {
		// The compilation refuses it.
	}

	open({ name: qualified, attributes }: SaxesTagPlain): void {
		const name = localName(qualified);
		const parent = this.#open.at(-1) ?? null;
		if (parent === null || CHILDREN.get(parent.name)?.has(name) !== true) {
			this.#open.push(null);
			return;
		}
		const { position } = this.#place;
		const start = this.#text.lastIndexOf("<", position - 1);
		const element = { name, start, contentStart: position, end: position, attributes, text: "", children: [] };
		parent.children.push(element);
		this.#open.push(element);
	}

	text(text: string): void {
		const element = this.#open.at(-1);
		if (element?.name === "BaseURL") element.text += text;
	}

	close(): void {
		const element = this.#open.pop();
		if (element) element.end = this.#place.position;
	}
}
