import type { SaxesTagPlain } from "saxes";
import { isPlainReference } from "../hls/plain.ts";
import type { LicenseSystem } from "./context.ts";
import type { Common, DashDocument, Reference, Unlicensed } from "./document.ts";
import { durationSeconds } from "./duration.ts";
import { COMMON_ENCRYPTION, systemOf } from "./licenses.ts";
import { patchedKind } from "./patch.ts";
import {
	attributeKind,
	IDENTIFIERS,
	LEVELS,
	localName,
	type ReferenceKind,
	REMOTE_ELEMENTS,
	SILENCED,
	textKind,
} from "./rules.ts";
import { trimmedRange } from "./space.ts";
import { attributeRanges, Malformed, readXml, type XmlHandler, type XmlPlace } from "./xml.ts";

/** Far deeper than any MPD, and than what events carry. */
const MOST_NESTED = 256;

interface Frame {
	readonly name: string;
	/** Index of the level that the element's content belongs to. */
	readonly level: number;
	/** Of the ContentProtection element around it. */
	readonly system: LicenseSystem | null;
	/** Content of events: it is for the application. */
	readonly opaque: boolean;
	/** How many licence URLs were read before it. */
	readonly licensesBefore: number;
}

/** The text of an element, as it comes in. */
interface Collected extends Pick<Reference, "kind" | "level" | "system"> {
	readonly start: number;
	readonly nesting: number;
	value: string;
}

/**
 * Reads a document with an XML parser that accepts nothing but well-formed XML and knows where in the text it is: the one reading
 * that all players have of it. Document type declarations are refused, so no entities can be declared.
 *
 * @throws Malformed
 */
export function readDocument(text: string): DashDocument {
	return readXml(text, (place) => new Reader(text, place)).document();
}

class Reader implements XmlHandler {
	readonly #text: string;
	readonly #place: XmlPlace;
	readonly #frames: Frame[] = [];
	readonly #parents: (number | null)[] = [];
	readonly #references: Reference[] = [];
	readonly #unlicensed: Unlicensed[] = [];
	readonly #common: Common[] = [];
	#namesSystem = false;
	readonly #silenced: { start: number; end: number; text: string }[] = [];
	#root: SaxesTagPlain | null = null;
	#collected: Collected | null = null;
	#insertAt: number | null = null;
	#licenses = 0;
	#hasUnusualIdentifiers = false;

	constructor(text: string, place: XmlPlace) {
		this.#text = text;
		this.#place = place;
	}

	document(): DashDocument {
		const { name = "", attributes } = this.#root ?? {};
		const local = localName(name);
		const kind = local === "MPD" ? "mpd" : local === "Patch" ? "patch" : "element";
		return {
			kind,
			live: kind === "patch" || (kind === "mpd" && attributes?.type === "dynamic"),
			minimumUpdateSeconds: durationSeconds(attributes?.minimumUpdatePeriod ?? ""),
			parents: this.#parents,
			references: this.#references,
			unlicensed: this.#unlicensed,
			common: this.#namesSystem ? [] : this.#common,
			silenced: this.#silenced,
			insertAt: this.#insertAt,
			prefix: name.slice(0, name.length - local.length),
			hasUnusualIdentifiers: this.#hasUnusualIdentifiers,
		};
	}

	doctype(): void {
		this.#refuse("a document type declaration is not allowed");
	}

	#refuse(problem: string): never {
		throw new Malformed(`${this.#place.line}:${this.#place.column}: ${problem}`);
	}

	open(tag: SaxesTagPlain): void {
		const parent = this.#frames.at(-1) ?? null;
		const frame = this.#frameOf(tag, parent);
		if (this.#frames.length >= MOST_NESTED) this.#refuse(`elements are nested deeper than ${MOST_NESTED}`);
		this.#frames.push(frame);
		if (parent === null) this.#readRoot(tag, frame);
		if (frame.opaque || this.#collected !== null) return;
		// What replaces an element is read where that element stands.
		this.#readAttributes(tag, frame, LEVELS.has(frame.name) ? (parent?.level ?? 0) : frame.level);
		if (!tag.isSelfClosing) this.#collectText(tag, frame, parent);
	}

	#frameOf({ name: qualified, attributes }: SaxesTagPlain, parent: Frame | null): Frame {
		const name = localName(qualified);
		const opaque = parent !== null && (parent.opaque || parent.name === "EventStream");
		const opensLevel = parent === null || (LEVELS.has(name) && !opaque && this.#collected === null);
		const level = opensLevel ? this.#parents.push(parent?.level ?? null) - 1 : parent.level;
		const system = name === "ContentProtection" ? systemOf(attributes.schemeIdUri ?? "") : (parent?.system ?? null);
		return { name, level, system, opaque, licensesBefore: this.#licenses };
	}

	#readRoot(tag: SaxesTagPlain, { name }: Frame): void {
		if (!isRoot(name)) this.#refuse("the root element is no MPD, Patch or part of an MPD");
		this.#root = tag;
		if (name === "MPD" && !tag.isSelfClosing) this.#insertAt = this.#place.position;
	}

	#readAttributes({ attributes }: SaxesTagPlain, { name, system }: Frame, level: number): void {
		let ranges: ReturnType<typeof attributeRanges> | null = null;
		for (const [attribute, value] of Object.entries(attributes)) {
			if (isUnusual(name, attribute, value)) this.#hasUnusualIdentifiers = true;
			const silence = SILENCED.get(localName(attribute));
			const kind = attributeKind(name, attribute);
			if (silence === undefined && (kind === null || isNeverTouched(kind, value))) continue;
			ranges ??= attributeRanges(this.#text, this.#place.position);
			const range = ranges.get(attribute);
			if (range === undefined) continue;
			if (silence !== undefined) this.#silenced.push({ ...range, text: silence });
			else if (kind !== null) this.#references.push({ kind, level, system, ...range, value, simple: true });
			if (kind === "license") this.#licenses += 1;
		}
	}

	#collectText({ attributes }: SaxesTagPlain, { name, level, system }: Frame, parent: Frame | null): void {
		const nesting = this.#frames.length;
		const isOperation = nesting === 2 && parent?.name === "Patch";
		const kind = isOperation ? patchedKind(name, attributes) : textKind(name);
		if (kind === null) return;
		if (kind === "license") this.#licenses += 1;
		const isMisplaced = kind === "base" && !LEVELS.has(parent?.name ?? "");
		const start = this.#place.position;
		this.#collected = { kind: isMisplaced ? "media" : kind, level, system, start, nesting, value: "" };
	}

	text(text: string): void {
		if (this.#collected !== null) this.#collected.value += text;
	}

	close(tag: SaxesTagPlain): void {
		const { name, isSelfClosing } = tag;
		const collected = this.#collected;
		const { position } = this.#place;
		if (collected?.nesting === this.#frames.length && !isSelfClosing) {
			this.#collected = null;
			this.#keep(collected, this.#text.lastIndexOf("</", position - 1));
		}
		const frame = this.#frames.pop();
		if (frame?.name === "ContentProtection" && !frame.opaque && this.#collected === null)
			this.#noteProtection(tag, frame);
		// In the MPD's schema, ProgramInformation comes before BaseURL.
		const isInFront = this.#insertAt !== null && this.#parents.length === 1 && this.#references.length === 0;
		if (isInFront && this.#frames.length === 1 && localName(name) === "ProgramInformation") this.#insertAt = position;
	}

	#keep({ kind, level, system, start, value }: Collected, end: number): void {
		const range = trimmedRange(this.#text, start, end);
		const written = trimmedRange(value, 0, value.length);
		const simple = !this.#text.slice(range.start, range.end).includes("<");
		const reference = { kind, level, system, ...range, value: value.slice(written.start, written.end), simple };
		if (reference.value !== "" || !simple) this.#references.push(reference);
	}

	/** An element with `ref` takes what it lacks from another one. */
	#noteProtection({ name, attributes, isSelfClosing }: SaxesTagPlain, frame: Frame): void {
		const scheme = attributes.schemeIdUri?.trim().toLowerCase();
		if (scheme === COMMON_ENCRYPTION) this.#common.push({ end: this.#place.position, tag: name });
		if (frame.system === null) return;
		this.#namesSystem = true;
		if (frame.licensesBefore !== this.#licenses || attributes.ref !== undefined) return;
		const { position } = this.#place;
		const at = isSelfClosing ? position - "/>".length : this.#text.lastIndexOf("</", position - 1);
		const tags = isSelfClosing ? { open: ">", close: `</${name}>` } : { open: "", close: "" };
		this.#unlicensed.push({ start: at, end: isSelfClosing ? position : at, system: frame.system, ...tags });
	}
}

function isRoot(name: string): boolean {
	return name === "MPD" || name === "Patch" || REMOTE_ELEMENTS.includes(name);
}

/** Most URLs of a long document: names of files, which mean the same wherever the document is served. */
function isNeverTouched(kind: ReferenceKind, value: string): boolean {
	return value === "" || (kind === "media" && isPlainReference(value, 0, value.length));
}

function isUnusual(element: string, attribute: string, value: string): boolean {
	if (element === "Representation" && attribute === "id") return !isPlainReference(value, 0, value.length);
	return IDENTIFIERS.get(element)?.includes(attribute) === true && !/^\d+$/.test(value);
}
