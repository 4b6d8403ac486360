/** A URI as a player reads it out of a playlist, variables filled in. */
export type ReadPlaylist = (text: string, documentUrl: string) => string[];

const URI_ATTRIBUTES: readonly (readonly [tag: RegExp, attributes: readonly string[]])[] = [
	[/^#EXT-X-CONTENT-STEERING/, ["SERVER-URI"]],
	[/^#EXT-X-DATERANGE/, ["X-ASSET-URI", "X-ASSET-LIST", "X-URI"]],
	[/^#EXTINF/, []],
	[/^#EXT/, ["URI"]],
];

const TAG = /^#EXT-X-[A-Z-]+:/;

type Attributes = Map<string, string>;

/** Keeps the rules of RFC 8216bis: lines end at LF or CRLF, tags start them, attribute lists are well-formed or not read at all. */
export const strictPlayer: ReadPlaylist = (text, documentUrl) =>
	readLines(text.split(/\r?\n/), documentUrl, (line) => {
		if (!TAG.test(line)) return [];
		const list = line.slice(line.indexOf(":") + 1);
		return /^(?:[A-Z0-9-]+=(?:"[^"]*"|[^",]*)(?:,|$))+$/.test(list)
			? [[line, spanAttributes(list, quotedToNextQuote)]]
			: [];
	});

/** Ends lines at whatever may end one, and takes a tag wherever it begins, as hls.js does. */
export const tagsAnywherePlayer: ReadPlaylist = (text, documentUrl) =>
	readLines(text.split(/[\n\r]/).flatMap(endTagsAtSeparators), documentUrl, (line) =>
		Array.from(line.matchAll(/#EXT-X-[A-Z-]+:/g), ({ 0: tag, index }) => [
			tag,
			spanAttributes(line.slice(index + tag.length), quotedToLastFit),
		]),
	);

function endTagsAtSeparators(line: string): string[] {
	const separator = line.trim().startsWith("#") ? line.search(/[\u2028\u2029]/) : -1;
	return separator === -1 ? [line] : [line.slice(0, separator), ...endTagsAtSeparators(line.slice(separator + 1))];
}

/** Ends lines at LF only and drops carriage returns within, strips either quote, needs no comma, as Video.js does. */
export const joinedLinesPlayer: ReadPlaylist = (text, documentUrl) =>
	readLines(text.split("\n"), documentUrl, (line) => {
		const joined = line.replaceAll("\r", "");
		if (!TAG.test(joined)) return [];
		return [[joined, spanAttributes(joined.slice(joined.indexOf(":") + 1), quotedToNextQuote)]];
	});

function readLines(
	lines: readonly string[],
	documentUrl: string,
	readTags: (line: string) => [tag: string, attributes: Attributes][],
): string[] {
	const variables = new Map<string, string>();
	const fill = (text: string): string =>
		text.replace(/\{\$([A-Za-z0-9_-]+)\}/g, (reference, name: string) => variables.get(name) ?? reference);
	const uris: string[] = [];
	for (const line of lines.map((written) => written.trim()).filter((written) => written !== "")) {
		if (!line.startsWith("#")) uris.push(fill(line));
		const sameLine = /^#EXTINF:\s*[\d.]*\s*([^\s\d.,].*)$/.exec(line)?.[1];
		if (sameLine !== undefined) uris.push(fill(sameLine));
		for (const [tag, attributes] of readTags(line)) {
			if (tag.startsWith("#EXT-X-DEFINE")) define(variables, attributes, fill, documentUrl);
			else if (isFetched(tag, attributes)) {
				const names = URI_ATTRIBUTES.find(([pattern]) => pattern.test(tag))?.[1] ?? [];
				uris.push(...names.flatMap((name) => attributes.get(name) ?? []).map(fill));
			}
		}
	}
	return uris;
}

function isFetched(tag: string, attributes: Attributes): boolean {
	const isKey = tag.startsWith("#EXT-X-KEY") || tag.startsWith("#EXT-X-SESSION-KEY");
	return !isKey || (attributes.get("METHOD") !== "NONE" && (attributes.get("KEYFORMAT") ?? "identity") === "identity");
}

function define(
	variables: Map<string, string>,
	attributes: Attributes,
	fill: (text: string) => string,
	documentUrl: string,
): void {
	const parameter = attributes.get("QUERYPARAM");
	const name = fill(parameter ?? attributes.get("NAME") ?? "");
	const value =
		parameter === undefined ? fill(attributes.get("VALUE") ?? "") : new URL(documentUrl).searchParams.get(name);
	if (!variables.has(name)) variables.set(name, value ?? "");
}

/** Where the value that starts at `from` ends. */
type EndOfValue = (list: string, from: number) => number;

const quotedToNextQuote: EndOfValue = (list, from) => {
	const close = list[from] === '"' ? list.indexOf('"', from + 1) : -1;
	return close === -1 ? upTo(list, ",", from) : close + 1;
};

const quotedToLastFit: EndOfValue = (list, from) => {
	if (list[from] !== '"') return upTo(list, ",", from);
	for (let close = list.indexOf('"', from + 1); close !== -1; close = list.indexOf('"', close + 1)) {
		if (close + 1 === list.length || list[close + 1] === ",") return close + 1;
	}
	return upTo(list, ",", from);
};

function spanAttributes(list: string, endOfValue: EndOfValue): Attributes {
	const attributes: Attributes = new Map();
	for (let at = 0; at < list.length;) {
		const equals = list.indexOf("=", at);
		if (equals === -1) break;
		const end = endOfValue(list, equals + 1);
		const value = list.slice(equals + 1, end).trim();
		attributes.set(list.slice(at, equals).trim(), /^["'].*["']$/.test(value) ? value.slice(1, -1) : value);
		at = list[end] === "," ? end + 1 : end;
	}
	return attributes;
}

function upTo(list: string, char: string, from: number): number {
	const found = list.indexOf(char, from);
	return found === -1 ? list.length : found;
}
