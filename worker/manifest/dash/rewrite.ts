import { type HlsTemplate, type Replacement, movedMedia } from "../hls/context.ts";
import { createOutput } from "../hls/output.ts";
import { type Base, type BaseChange, type ResolvedBases, directBase, gateBase, resolveBases } from "./bases.ts";
import type { DashContext } from "./context.ts";
import type { DashDocument, Reference } from "./document.ts";
import { CLEAR_KEY, LICENSE_PATHS } from "./licenses.ts";
import { Places } from "./places.ts";
import { hasFixedStart, relativeSteps } from "./relative.ts";

/** A change of the text between two places; with both the same, an insertion. */
interface Change {
	readonly start: number;
	readonly end: number;
	readonly by: Replacement;
}

/**
 * The text of a document between its holes, see `DashTemplate.parts`.
 *
 * @throws TypeError when a URL of the context is not absolute
 * @throws UrlTooLong
 */
export function rewriteDocument(text: string, document: DashDocument, context: DashContext): HlsTemplate["parts"] {
	const output = createOutput();
	output.open(text);
	for (const { start, end, by } of new Rewriter(document, context).changes()) output.replace(start, end, by);
	return output.take();
}

class Rewriter {
	readonly #document: DashDocument;
	readonly #context: DashContext;
	readonly #places: Places;
	/** Players reach the source's media themselves. */
	readonly #isDirect: boolean;
	/** Whether relative references lead to the gate from where the document is served; else the first BaseURL has to see to it. */
	readonly #isInPlace: boolean;
	readonly #root: Base;
	readonly #bases: ResolvedBases;

	constructor(document: DashDocument, context: DashContext) {
		const places = new Places(context);
		this.#document = document;
		this.#context = context;
		this.#places = places;
		this.#isDirect = context.segments === "direct" && !places.documentUrl.startsWith("r2:");
		// The parts of an MPD are read where the MPD stands.
		this.#isInPlace = document.kind !== "mpd" || places.servedDepth !== null;
		const inserted = places.servedDepth ?? places.placeOf(places.documentDir)?.depth ?? 0;
		this.#root = { url: places.documentUrl, depth: document.kind === "mpd" ? inserted : 0 };
		const isInPlace = this.#isDirect ? document.kind !== "mpd" : this.#isInPlace;
		this.#bases = resolveBases(document, this.#root, (reference, parent) => {
			const mayStay = isInPlace || reference.level > 0;
			return this.#isDirect
				? directBase(reference, parent, mayStay, places, context.mediaMove)
				: gateBase(reference, parent, mayStay, places);
		});
	}

	/** In the order of the text. */
	changes(): readonly Change[] {
		const { references, silenced } = this.#document;
		return [
			...this.#firstBase(),
			...references.flatMap((reference) => this.#change(reference)),
			...this.#addedLicenses(),
			...silenced.map(({ start, end, text }) => ({ start, end, by: written(text) })),
		].toSorted((a, b) => a.start - b.start);
	}

	/** An MPD without a BaseURL gets one where its relative references would lead elsewhere. */
	#firstBase(): Change[] {
		const { kind, references, insertAt: at, prefix } = this.#document;
		const hasOne = references.some((reference) => reference.kind === "base" && reference.level === 0);
		if (at === null || kind !== "mpd" || hasOne || (this.#isInPlace && !this.#isDirect)) return [];
		const { documentDir } = this.#places;
		const place = toReplacement(
			this.#isDirect ? { url: movedMedia(documentDir, this.#context.mediaMove) } : this.#places.placeOf(documentDir),
		);
		if (place === null) return [];
		const insert = (by: Replacement): Change => ({ start: at, end: at, by });
		return [
			insert({ atBase: false, text: `<${prefix}BaseURL>` }),
			insert({ ...place, text: `${place.text}</${prefix}BaseURL>` }),
		];
	}

	/**
	 * Players that find no licence server in the document would have to be told of the gate's by the page around them. Those that find
	 * no system in it, as packagers leave it that encrypt with a key of the publisher's, would not think of Clear Key at all.
	 */
	#addedLicenses(): Change[] {
		const clearKey = this.#document.common.map(({ end, tag }) => ({
			start: end,
			end,
			system: "clearkey" as const,
			open: `<${tag} ${CLEAR_KEY}>`,
			close: `</${tag}>`,
		}));
		return [...this.#document.unlicensed, ...clearKey].flatMap(({ start, end, system, open, close }) => {
			if (!this.#context.licenses.has(system)) return [];
			const { text } = atGate(LICENSE_PATHS[system]);
			return [
				{ start, end, by: { atBase: false, text: `${open}<dashif:Laurl xmlns:dashif="https://dashif.org/CPS">` } },
				{ start: end, end, by: { atBase: true, text: `${text}</dashif:Laurl>${close}` } },
			];
		});
	}

	#change(reference: Reference): Change[] {
		const { start, end, value, simple } = reference;
		const by = this.#replacement(reference) ?? (simple ? null : written(value));
		if (by !== null) return [{ start, end, by }];
		const isOpenStart = reference.kind === "template" && !hasFixedStart(value);
		// What begins with a dot and a slash is a path, whatever the identifiers are.
		const isUnsafe = isOpenStart && this.#document.hasUnusualIdentifiers && !this.#isDirect;
		return isUnsafe ? [{ start, end: start, by: written("./") }] : [];
	}

	/** Null when the text may stay. */
	#replacement(reference: Reference): Replacement | null {
		const { kind, level, value, system } = reference;
		const { ofLevels, ofRepresentations, changes } = this.#bases;
		const ownBase = ofLevels[level] ?? this.#root;
		switch (kind) {
			case "base":
				return toReplacement(changes.get(reference) ?? null);
			case "media":
			case "template":
				return this.#isDirect
					? this.#moved(value)
					: this.#gate(reference, ofRepresentations[level] ?? this.#root, true);
			case "remote":
				return this.#gate(reference, ownBase, this.#isInPlace && !this.#isDirect);
			case "location":
				return this.#gate(reference, this.#root, this.#isInPlace && !this.#isDirect);
			case "resource":
				return this.#isDirect ? this.#direct(value) : this.#gate(reference, this.#root, this.#isInPlace);
			case "license":
				return value !== "" && system !== null && this.#context.licenses.has(system)
					? atGate(LICENSE_PATHS[system])
					: null;
		}
	}

	#gate({ kind, value, simple }: Reference, base: Base, mayStay: boolean): Replacement | null {
		if (value === "") return null;
		const steps = mayStay && simple ? relativeSteps(value) : null;
		if (steps !== null && steps.climb <= base.depth) return null;
		return toReplacement(this.#places.find(value, base.url, kind === "template"));
	}

	/** What is relative has moved with its BaseURL. */
	#moved(value: string): Replacement | null {
		const moved = movedMedia(value, this.#context.mediaMove);
		return moved === value ? null : written(moved);
	}

	#direct(value: string): Replacement | null {
		const url = this.#places.resolve(value, this.#places.documentUrl);
		return url ? written(url) : null;
	}
}

function toReplacement(found: BaseChange): Replacement | null {
	if (found === null) return null;
	return "url" in found ? written(found.url) : atGate(found.text);
}

function atGate(place: string): Replacement {
	return { atBase: true, text: escaped(place) };
}

function written(text: string): Replacement {
	return { atBase: false, text: escaped(text) };
}

const ESCAPES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&apos;",
};

/** Fit for the text of an element and for an attribute in either quote. */
function escaped(text: string): string {
	return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}
