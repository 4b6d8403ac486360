import type { SaxesTagPlain } from "saxes";
import { isPlainReference } from "../hls/plain.ts";
import type { DashDocument, Protection, Reference } from "./document.ts";
import { durationSeconds } from "./duration.ts";
import { systemOf } from "./licenses.ts";
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
import { Malformed, readXml, type XmlHandler, type XmlPlace } from "./xml.ts";

/** Far deeper than any MPD, and than what events carry. */
const MOST_NESTED = 256;

interface Frame {
	readonly name: string;
	/** Index of the level that the element's content belongs to. */
	readonly level: number;
	readonly protection: Protection | null;
	/** Content of events: it is for the application. */
	readonly opaque: boolean;
}

/** The text of an element, as it comes in. */
interface Collected extends Pick<Reference, "kind" | "level" | "protection"> {
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
	readonly #silenced: { start: number; end: number; text: string }[] = [];
	#root: SaxesTagPlain | null = null;
	#collected: Collected | null = null;
	#insertAt: number | null = null;
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

	open(qualified: string): void {
		const name = localName(qualified);
		const parent = this.#frames.at(-1);
		if (!parent && !isRoot(name)) this.#refuse("the root element is no MPD, Patch or part of an MPD");
		if (this.#frames.length >= MOST_NESTED) this.#refuse(`elements are nested deeper than ${MOST_NESTED}`);
		const opaque = parent !== undefined && (parent.opaque || parent.name === "EventStream");
		const opensLevel = !parent || (LEVELS.has(name) && !opaque && this.#collected === null);
		const level = opensLevel ? this.#parents.push(parent?.level ?? null) - 1 : parent.level;
		const protection = name === "ContentProtection" ? { system: null } : (parent?.protection ?? null);
		this.#frames.push({ name, level, protection, opaque });
	}

	attribute(attribute: string, value: string): void {
		const frame = this.#frames.at(-1);
		if (!frame || frame.opaque || this.#collected !== null) return;
		const { name, protection } = frame;
		if (name === "ContentProtection" && attribute === "schemeIdUri" && protection) protection.system = systemOf(value);
		if (isUnusual(name, attribute, value)) this.#hasUnusualIdentifiers = true;
		const silence = SILENCED.get(localName(attribute));
		const kind = attributeKind(name, attribute);
		if (silence === undefined && (kind === null || isNeverTouched(kind, value))) return;
		const end = this.#place.position - 1;
		const start = this.#text.lastIndexOf(this.#text.charAt(end), end - 1) + 1;
		if (silence !== undefined) this.#silenced.push({ start, end, text: silence });
		else if (kind !== null) {
			// What replaces an element is read where that element stands.
			const level = LEVELS.has(name) ? (this.#frames.at(-2)?.level ?? 0) : frame.level;
			this.#references.push({ kind, level, protection, start, end, value, simple: true });
		}
	}

	tag(tag: SaxesTagPlain): void {
		const { length } = this.#frames;
		const [frame, parent] = [this.#frames.at(-1), this.#frames.at(-2)];
		if (!frame) return;
		if (!parent) {
			this.#root = tag;
			if (frame.name === "MPD" && !tag.isSelfClosing) this.#insertAt = this.#place.position;
		}
		if (tag.isSelfClosing || frame.opaque || this.#collected !== null) return;
		const isOperation = length === 2 && parent?.name === "Patch";
		const kind = isOperation ? patchedKind(frame.name, tag.attributes) : textKind(frame.name);
		if (kind === null) return;
		const isMisplaced = kind === "base" && !LEVELS.has(parent?.name ?? "");
		const { level, protection } = frame;
		const start = this.#place.position;
		this.#collected = { kind: isMisplaced ? "media" : kind, level, protection, start, nesting: length, value: "" };
	}

	text(text: string): void {
		if (this.#collected !== null) this.#collected.value += text;
	}

	close({ name, isSelfClosing }: SaxesTagPlain): void {
		const collected = this.#collected;
		const { position } = this.#place;
		if (collected?.nesting === this.#frames.length && !isSelfClosing) {
			this.#collected = null;
			this.#keep(collected, this.#text.lastIndexOf("</", position - 1));
		}
		this.#frames.pop();
		// In the MPD's schema, ProgramInformation comes before BaseURL.
		const isInFront = this.#insertAt !== null && this.#parents.length === 1 && this.#references.length === 0;
		if (isInFront && this.#frames.length === 1 && localName(name) === "ProgramInformation") this.#insertAt = position;
	}

	#keep({ kind, level, protection, start, value }: Collected, end: number): void {
		const range = trimmedRange(this.#text, start, end);
		const written = trimmedRange(value, 0, value.length);
		const simple = !this.#text.slice(range.start, range.end).includes("<");
		const reference = { kind, level, protection, ...range, value: value.slice(written.start, written.end), simple };
		if (reference.value !== "" || !simple) this.#references.push(reference);
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
