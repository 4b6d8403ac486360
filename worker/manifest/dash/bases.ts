import { movedMedia } from "../hls/context.ts";
import type { DashContext } from "./context.ts";
import type { DashDocument, Reference } from "./document.ts";
import type { Place, Places } from "./places.ts";
import { relativeSteps } from "./relative.ts";

/** What references are resolved against. */
export interface Base {
	/** Absolute URL at the source. */
	readonly url: string;
	/** See `Place.depth`. */
	readonly depth: number;
}

/** What becomes of a BaseURL: a place at the gate, another text, or nothing. */
export type BaseChange = Place | { readonly url: string } | null;

export interface ResolvedBases {
	readonly ofLevels: readonly Base[];
	/** By level: what a template of that level is resolved against once a representation takes it over (ISO/IEC 23009-1, 5.3.9.1). */
	readonly ofRepresentations: readonly Base[];
	readonly changes: ReadonlyMap<Reference, BaseChange>;
}

/** A URL longer than the record may have for a source: resolving many references against it would take too long. */
const MOST_URL_LENGTH = 4096;

export class UrlTooLong extends Error {}

/**
 * Resolves the BaseURLs of each level against those above it. Of several at one level the first counts for what is below; the others
 * are alternatives, to which relative references lead as they do to the first.
 *
 * @param root what those of the first level are resolved against
 * @param change decides about one of them, and what it is to those below
 * @throws UrlTooLong
 */
export function resolveBases(
	document: DashDocument,
	root: Base,
	change: (reference: Reference, parent: Base) => { change: BaseChange; base: Base },
): ResolvedBases {
	const changes = new Map<Reference, BaseChange>();
	const ofLevels: Base[] = [];
	const written = Map.groupBy(
		document.references.filter(({ kind }) => kind === "base"),
		({ level }) => level,
	);
	for (const [level, parentLevel] of document.parents.entries()) {
		const parent = (parentLevel === null ? null : ofLevels[parentLevel]) ?? root;
		const alternatives = (written.get(level) ?? []).map((reference) => {
			const decided = change(reference, parent);
			changes.set(reference, decided.change);
			return decided.base;
		});
		const base = { url: alternatives[0]?.url ?? parent.url, depth: leastDepth(alternatives, parent.depth) };
		if (base.url.length > MOST_URL_LENGTH) throw new UrlTooLong();
		ofLevels.push(base);
	}
	return { ofLevels, ofRepresentations: ofRepresentations(document.parents, ofLevels), changes };
}

function leastDepth(alternatives: readonly Base[], otherwise: number): number {
	return alternatives.length === 0
		? otherwise
		: alternatives.reduce((least, { depth }) => Math.min(least, depth), Infinity);
}

function ofRepresentations(parents: readonly (number | null)[], ofLevels: readonly Base[]): readonly Base[] {
	const first = ofLevels.map((): Base | null => null);
	for (let level = ofLevels.length - 1; level >= 0; level--) {
		const own = first[level] ?? ofLevels[level];
		const parent = parents[level] ?? null;
		if (parent === null || own === undefined) continue;
		first[parent] = { url: own.url, depth: Math.min(own.depth, first[parent]?.depth ?? Infinity) };
	}
	return ofLevels.map((base, level) => first[level] ?? base);
}

/** Behind the gate: a BaseURL stays where it is relative and leads nowhere above what the gate serves below its parent. */
export function gateBase(
	{ value, simple }: Reference,
	parent: Base,
	mayStay: boolean,
	places: Places,
): { change: BaseChange; base: Base } {
	const steps = mayStay && simple ? relativeSteps(value) : null;
	const url = places.resolve(value, parent.url) || null;
	if (steps !== null && steps.climb <= parent.depth) {
		return { change: null, base: { url: url ?? parent.url, depth: parent.depth + steps.descent } };
	}
	const change = places.find(value, parent.url, false);
	const depth = change !== null && "depth" in change ? change.depth : Infinity;
	return { change, base: { url: url ?? parent.url, depth } };
}

/** Straight to the source: a BaseURL stays, or becomes absolute where it is relative to the place of the document. */
export function directBase(
	{ value }: Reference,
	parent: Base,
	mayStay: boolean,
	places: Places,
	move: DashContext["mediaMove"],
): { change: BaseChange; base: Base } {
	const url = places.resolve(value, parent.url) || null;
	const isAbsolute = URL.canParse(value);
	const stays = url === null || (isAbsolute ? movedMedia(url, move) === url : mayStay);
	return { change: stays ? null : { url: movedMedia(url, move) }, base: { url: url ?? parent.url, depth: Infinity } };
}
