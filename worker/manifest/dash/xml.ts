import { SaxesParser, type SaxesTagPlain } from "saxes";

/** What is wrong with a document, with line and column. */
export class Malformed extends Error {}

/** Where in the text the parser is: behind what it told last. Lines count from 1, all else from 0, in UTF-16 code units. */
export interface XmlPlace {
	readonly position: number;
	readonly line: number;
	readonly column: number;
}

/** What is told of a document, in its order. Values and text are decoded; names have their prefixes. */
export interface XmlHandler {
	readonly doctype: () => void;
	/** Before the attributes of the element. */
	readonly open: (name: string) => void;
	/** Behind the closing quote. */
	readonly attribute: (name: string, value: string) => void;
	/** Behind the start tag. */
	readonly tag: (tag: SaxesTagPlain) => void;
	readonly text: (text: string) => void;
	/** Behind the end tag, or behind the one tag of an empty element. */
	readonly close: (tag: SaxesTagPlain) => void;
}

/**
 * Reads XML 1.0. What is not well-formed, or names an entity that XML does not define, is refused.
 *
 * @param begin makes the handler, which may throw to end the reading
 * @returns the handler
 * @throws Malformed
 */
export function readXml<H extends XmlHandler>(text: string, begin: (place: XmlPlace) => H): H {
	const parser = idle ?? new Parser();
	idle = null;
	const handler = begin(parser.place);
	parser.read(text, handler);
	idle = parser; // one that stopped halfway is of no more use
	return handler;
}

/** Parsers are used again: V8 ceases to optimise once many were made, and each document then takes four times as long. */
let idle: Parser | null = null;

class Parser {
	readonly #saxes = new SaxesParser<object>({ xmlns: false });
	#handler: XmlHandler | null = null;

	constructor() {
		const saxes = this.#saxes;
		saxes.on("error", ({ message }) => {
			throw new Malformed(`it is not well-formed XML: ${message}`);
		});
		saxes.on("doctype", () => this.#handler?.doctype());
		saxes.on("opentagstart", ({ name }) => this.#handler?.open(name));
		saxes.on("attribute", ({ name, value }) => this.#handler?.attribute(name, value));
		saxes.on("opentag", (tag) => this.#handler?.tag(tag));
		saxes.on("text", (text) => this.#handler?.text(text));
		saxes.on("cdata", (text) => this.#handler?.text(text));
		saxes.on("closetag", (tag) => this.#handler?.close(tag));
	}

	get place(): XmlPlace {
		return this.#saxes;
	}

	read(text: string, handler: XmlHandler): void {
		this.#handler = handler;
		this.#saxes.write(text).close();
		this.#handler = null;
	}
}
