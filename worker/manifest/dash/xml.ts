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
	/** Behind the start tag. */
	readonly open: (tag: SaxesTagPlain) => void;
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
	const handler = begin(saxes);
	current = handler;
	try {
		saxes.write(text).close();
	} catch (fault) {
		current = null;
		saxes.close(); // makes it ready for the next document
		throw fault;
	}
	current = null;
	return handler;
}

let current: XmlHandler | null = null;

/** One for all: made anew for each document, or given more handlers, it is four times as slow (V8 gives up on its shape). */
const saxes = new SaxesParser<object>({ xmlns: false });
saxes.on("error", ({ message }) => {
	if (current !== null) throw new Malformed(`it is not well-formed XML: ${message}`);
});
saxes.on("doctype", () => current?.doctype());
saxes.on("opentag", (tag) => current?.open(tag));
saxes.on("text", (text) => current?.text(text));
saxes.on("cdata", (text) => current?.text(text));
saxes.on("closetag", (tag) => current?.close(tag));

/** Where the value of each attribute lies in the start tag that ends at `end`, without its quotes. */
export function attributeRanges(text: string, end: number): Map<string, { start: number; end: number }> {
	const ranges = new Map<string, { start: number; end: number }>();
	// In well-formed XML no value has this character.
	const start = text.lastIndexOf("<", end - 1);
	for (const { 1: name = "", 2: value = "", index, 0: whole } of text.slice(start, end).matchAll(ATTRIBUTE)) {
		const valueEnd = start + index + whole.length - 1;
		ranges.set(name, { start: valueEnd - value.length + 2, end: valueEnd });
	}
	return ranges;
}

/** With no white space but that of XML: to JavaScript, a character that names may have (U+FEFF) is some, too. */
const ATTRIBUTE = /(?<=[ \t\r\n])([^ \t\r\n=]+)[ \t\r\n]*=[ \t\r\n]*("[^"]*"|'[^']*')/g;
