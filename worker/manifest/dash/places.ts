import { type Source, createSource } from "../hls/source.ts";
import type { DashContext } from "./context.ts";

/** Where the gate serves something: `text` comes after the viewer's base. */
export interface Place {
	readonly text: string;
	/** How many directories up a reference may go from there and still lead where it would lead at the source. */
	readonly depth: number;
}

/** Nothing is there; keeps what is no URL from becoming one with what a player puts before or after it. */
const NOWHERE: Place = { text: "s/", depth: 0 };

/** Resolves references to URLs at the source and finds the gate's place for them. */
export class Places {
	/** Absolute URL of the document. */
	readonly documentUrl: string;
	readonly documentDir: string;
	/** Depth of the document below the source directory that it is served under; null when relative references have to start at the gate. */
	readonly servedDepth: number | null;
	readonly #root: string;
	readonly #seal: (dir: string) => string;
	readonly #reachable: (url: URL) => boolean;
	readonly #sources = new Map<string, Source>();
	readonly #sealed = new Map<string, string | null>();

	/** @throws TypeError when a URL of the context is not absolute */
	constructor({ url, sourceRoot, servedBelow, seal, reachable }: DashContext) {
		this.documentUrl = new URL(url).href;
		this.documentDir = this.#sourceAt(this.documentUrl).dir;
		this.#root = new URL(sourceRoot).href;
		this.#seal = seal;
		this.#reachable = reachable;
		const servedDir = servedBelow && new URL(servedBelow.dir).href;
		this.servedDepth =
			servedDir !== null && this.documentDir.startsWith(servedDir)
				? depthOf(this.documentDir.slice(servedDir.length))
				: null;
	}

	/** Absolute URL without fragment; null when no URL comes of it, "" when its scheme is none that a source can have. */
	resolve(reference: string, base: string): string | null {
		return this.#sourceAt(base).resolve(reference);
	}

	/** The place of a URL at the source; null when the gate does not fetch it. */
	placeOf(url: string, isTemplate = false): Place | null {
		const dirEnd = directoryEnd(url, isTemplate);
		const dir = url.slice(0, dirEnd);
		const rest = url.slice(dirEnd);
		if (dir.startsWith(this.#root)) {
			const below = dir.slice(this.#root.length);
			return { text: `s/${below}${rest}`, depth: depthOf(below) };
		}
		const sealed = this.#sealedDir(dir);
		return sealed === null ? null : { text: `r/${sealed}/${rest}`, depth: 0 };
	}

	/**
	 * What takes the place of a reference. Null when it is for the player alone and reads the same to all: its scheme is none of a
	 * source, or the gate would not fetch it.
	 *
	 * @param isTemplate whether the text has identifiers to fill in; what comes before the first one is all that is known
	 */
	find(reference: string, base: string, isTemplate: boolean): Place | { readonly url: string } | null {
		const url = this.resolve(reference, isTemplate ? base.replaceAll("$", "%24") : base);
		if (url === "") return null;
		if (url === null || (isTemplate && authorityOf(url).includes("$"))) return NOWHERE;
		// What was judged with one base could lead elsewhere with another that the player chooses.
		return this.placeOf(url, isTemplate) ?? (URL.parse(reference)?.href === url ? null : { url });
	}

	#sourceAt(base: string): Source {
		const known = this.#sources.get(base);
		if (known) return known;
		const source = createSource(base);
		this.#sources.set(base, source);
		return source;
	}

	#sealedDir(dir: string): string | null {
		const known = this.#sealed.get(dir);
		if (known !== undefined) return known;
		const sealed = this.#reachable(new URL(dir)) ? this.#seal(dir) : null;
		this.#sealed.set(dir, sealed);
		return sealed;
	}
}

function directoryEnd(url: string, isTemplate: boolean): number {
	const query = url.indexOf("?");
	const pathEnd = query === -1 ? url.length : query;
	const identifier = isTemplate ? url.indexOf("$") : -1;
	return url.lastIndexOf("/", identifier === -1 ? pathEnd : Math.min(identifier, pathEnd)) + 1;
}

function depthOf(below: string): number {
	return below.split("/").length - 1;
}

function authorityOf(url: string): string {
	const start = url.indexOf("//") + 2;
	return url.slice(start, url.indexOf("/", start));
}
