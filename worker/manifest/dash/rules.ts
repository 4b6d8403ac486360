/** What a URL in an MPD is for; decides what it is resolved against and the route that it takes. */
export type ReferenceKind =
	/** A BaseURL of an MPD, Period, AdaptationSet or Representation. */
	| "base"
	| "media"
	/** Media whose URL has identifiers to fill in: `$Number%05d$` (ISO/IEC 23009-1, 5.3.9.4.4). */
	| "template"
	/** A part of the document that the player puts in place of an element. */
	| "remote"
	/** Where the document is loaded again. */
	| "location"
	/** What the player reads besides the media. */
	| "resource"
	| "license";

const SOURCE_URL: ReadonlyMap<string, ReferenceKind> = new Map([["sourceURL", "media"]]);

/** Attributes that hold a URL, by the local name of their element. */
const ATTRIBUTES: ReadonlyMap<string, ReadonlyMap<string, ReferenceKind>> = new Map([
	[
		"SegmentTemplate",
		new Map([
			["media", "template"],
			["initialization", "template"],
			["index", "template"],
			["bitstreamSwitching", "template"],
		]),
	],
	[
		"SegmentURL",
		new Map([
			["media", "media"],
			["index", "media"],
		]),
	],
	["Initialization", SOURCE_URL],
	["RepresentationIndex", SOURCE_URL],
	["BitstreamSwitching", SOURCE_URL],
	["InitializationSet", new Map([["initialization", "media"]])],
	["ImportedMPD", new Map([["uri", "remote"]])],
]);

/** Elements whose text is a URL. The last two have both spellings in the DASH-IF namespaces and in the field. */
const TEXTS: ReadonlyMap<string, ReferenceKind> = new Map([
	["BaseURL", "base"],
	["Location", "location"],
	["PatchLocation", "location"],
	["ContentSteering", "resource"],
	["Laurl", "license"],
	["laurl", "license"],
	["Certurl", "resource"],
	["certurl", "resource"],
]);

/**
 * Attributes that would make the player tell its own MPD URL, token included, to whom the document names: metrics reporting
 * (ETSI TS 103 285, 10.12.3) and URL parameters (ISO/IEC 23009-1, annex I). Each has the value that turns it off.
 */
export const SILENCED: ReadonlyMap<string, string> = new Map([
	["reportingUrl", ""],
	["useMPDUrlQuery", "false"],
]);

/** Attributes that the player writes into templates, by element: only numbers and names are expected there. */
export const IDENTIFIERS: ReadonlyMap<string, readonly string[]> = new Map([
	["Representation", ["bandwidth"]],
	["SegmentTemplate", ["startNumber"]],
	["S", ["t", "n"]],
]);

/** Elements that may have BaseURLs of their own, for what is within them (ISO/IEC 23009-1, 5.6). */
export const LEVELS: ReadonlySet<string> = new Set([
	"MPD",
	"Period",
	"AdaptationSet",
	"EmptyAdaptationSet",
	"Representation",
]);

/** Elements that xlink may bring in as documents of their own. */
export const REMOTE_ELEMENTS: readonly string[] = [
	"Period",
	"AdaptationSet",
	"Representation",
	"SegmentList",
	"EventStream",
	"InitializationSet",
];

/** @param attribute as written, with its prefix */
export function attributeKind(element: string, attribute: string): ReferenceKind | null {
	const local = localName(attribute);
	if (local === attribute) return ATTRIBUTES.get(element)?.get(attribute) ?? licenseAttribute(element, local);
	return local === "href" ? "remote" : licenseAttribute(element, local);
}

function licenseAttribute(element: string, local: string): ReferenceKind | null {
	const isLicense =
		(local === "licenseAcquisitionUrl" && element === "ContentProtection") ||
		(local === "licenseUrl" && TEXTS.get(element) === "license");
	return isLicense ? "license" : null;
}

export function textKind(element: string): ReferenceKind | null {
	return TEXTS.get(element) ?? null;
}

/** The name without its prefix: players look at no namespace. */
export function localName(name: string): string {
	return name.slice(name.indexOf(":") + 1);
}
