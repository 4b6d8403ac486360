/** An element as a player's DOM has it, names without their prefix. */
interface Element {
	readonly name: string;
	readonly attributes: ReadonlyMap<string, string>;
	readonly children: Element[];
	text: string;
}

const TOKEN =
	/<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<(?<close>\/)?(?<name>[^\s/>]+)(?<attributes>(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?<empty>\/)?>|(?<text>[^<]+)/g;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** How a player gets from what is written to what is meant. */
interface Reading {
	readonly decode: (written: string) => string;
	/** Of an element's text in pieces. */
	readonly join: (soFar: string, piece: string) => string;
}

/** As XML says. */
export const properReading: Reading = { decode: decoded, join: (soFar, piece) => soFar + piece };
/** As quick parsers of some players do: entities stay as they are, white space too, and the first piece is all of a text. */
export const quickReading: Reading = { decode: (written) => written, join: (soFar, piece) => soFar || piece };

/** Reads well-formed XML; shares nothing with the reader under test. */
function parseXml(text: string, { decode, join }: Reading): Element {
	const root: Element = { name: "", attributes: new Map(), children: [], text: "" };
	const open = [root];
	for (const { groups = {} } of text.matchAll(TOKEN)) {
		const { name, close, empty, attributes = "", cdata, text: run } = groups;
		if (close) open.pop();
		else if (name) {
			const element: Element = {
				name: local(name),
				attributes: attributesOf(attributes, decode),
				children: [],
				text: "",
			};
			open.at(-1)?.children.push(element);
			if (!empty) open.push(element);
		} else for (const element of open) element.text = join(element.text, cdata ?? decode(run ?? ""));
	}
	const [document] = root.children;
	if (!document) throw new Error("no element");
	return document;
}

function attributesOf(text: string, decode: Reading["decode"]): ReadonlyMap<string, string> {
	return new Map(
		Array.from(text.matchAll(ATTRIBUTE), ([, name = "", double, single]) => [
			local(name),
			decode(double ?? single ?? ""),
		]),
	);
}

function decoded(text: string): string {
	return text
		.replaceAll(/[\t\n\r]/g, " ")
		.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
			name ? (NAMED[name] ?? "") : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)),
		);
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);

/** What the player asks for, and why. */
export interface Ask {
	readonly what: string;
	/** Absolute, with the first segment's number and time filled in; null when no URL comes of it. */
	readonly url: string | null;
}

const LEVELS = new Set(["MPD", "Period", "AdaptationSet", "Representation"]);
const SEGMENT_INFORMATION = new Set(["SegmentTemplate", "SegmentList", "SegmentBase"]);
const MEDIA_ATTRIBUTES = ["sourceURL", "media", "initialization", "index", "bitstreamSwitching"];

/** Every URL that a player computes from an MPD that it loaded from `documentUrl` (ISO/IEC 23009-1, 5.6). */
export function askedByPlayer(text: string, documentUrl: string, reading: Reading = properReading): Ask[] {
	const asks: Ask[] = [];
	const ask = (what: string, reference: string, base: string): void => {
		asks.push({ what, url: URL.parse(reference, base)?.href ?? null });
	};
	const visit = (element: Element, bases: readonly string[], inherited: readonly Element[]): void => {
		const href = element.attributes.get("href");
		for (const base of bases) if (href !== undefined) ask(`${element.name}@href`, href, base);
		const own = LEVELS.has(element.name) ? resolvedBases(element, bases) : bases;
		const information = [...inherited, ...element.children.filter(({ name }) => SEGMENT_INFORMATION.has(name))];
		if (element.name === "Representation") {
			for (const base of own) askForMedia(element, information, base, ask);
		}
		for (const child of element.children) {
			if (child.name === "Location" || child.name === "PatchLocation" || child.name === "ContentSteering")
				ask(child.name, child.text.trim(), documentUrl);
			else visit(child, own, information);
		}
	};
	visit(parseXml(text, reading), [documentUrl], []);
	return asks;
}

function resolvedBases(element: Element, parents: readonly string[]): readonly string[] {
	const written = element.children.filter(({ name }) => name === "BaseURL").map(({ text }) => text.trim());
	if (written.length === 0) return parents;
	return parents.flatMap((parent) => written.flatMap((url) => URL.parse(url, parent)?.href ?? []));
}

function askForMedia(
	representation: Element,
	information: readonly Element[],
	base: string,
	ask: (what: string, reference: string, base: string) => void,
): void {
	const elements = information.flatMap((element) => [element, ...element.children]);
	const valueOf = (name: string) =>
		elements.map(({ attributes }) => attributes.get(name)).find((value) => value !== undefined);
	const values: Readonly<Record<string, string>> = {
		RepresentationID: representation.attributes.get("id") ?? "",
		Bandwidth: representation.attributes.get("bandwidth") ?? "",
		Number: valueOf("startNumber") ?? "2",
		Time: valueOf("t") ?? "180000",
	};
	const fill = (template: string): string =>
		template.replaceAll(/\$(?:(\w+)(?:%0(\d+)d)?)?\$/g, (whole, name, width) =>
			name ? (values[name] ?? whole).padStart(Number(width ?? 0), "0") : "$",
		);
	if (information.length === 0) ask("BaseURL", "", base);
	for (const { name, attributes } of elements) {
		for (const attribute of MEDIA_ATTRIBUTES) {
			const reference = attributes.get(attribute);
			if (reference === undefined) continue;
			ask(`${name}@${attribute}`, name === "SegmentTemplate" ? fill(reference) : reference, base);
		}
	}
	if (elements.some(({ name }) => name === "SegmentBase")) ask("SegmentBase", "", base);
}

/** Licence URLs of an MPD, which players read against their own page. */
export function licensesOf(text: string): string[] {
	const found: string[] = [];
	const visit = ({ attributes, name, children, text: content }: Element): void => {
		const url = attributes.get("licenseAcquisitionUrl") ?? attributes.get("licenseUrl");
		if (url !== undefined) found.push(url);
		else if (name.toLowerCase() === "laurl") found.push(content.trim());
		children.forEach(visit);
	};
	visit(parseXml(text, properReading));
	return found;
}
