import { type HlsContext, type ReferenceKind, type Replacement, movedMedia } from "./context.ts";
import { isPlainReference } from "./plain.ts";
import { createSource, type Source } from "./source.ts";
import { hasVariable, type Variables } from "./variables.ts";

/** Any https origin: stands for the gate where only the difference counts. */
const GATE = "https://gate.invalid";

const ENCODED_VARIABLE = /%7B\$([A-Za-z0-9_-]+)%7D/g;

/** Decides what takes the place of each URI of one playlist. */
export class References {
	readonly #context: HlsContext;
	readonly #variables: Variables;
	readonly #source: Source;
	/** Where the gate serves the playlist's own directory, when that lies below the root. */
	readonly #ownPlace: string | null;
	/** Whether a plain relative reference leads the player to where the gate serves it. */
	readonly #plainStays: boolean;
	/** Where the gate serves a directory, after the viewer's base; null: nowhere. */
	readonly #placeOf: (dir: string) => string | null;
	readonly #isFetched: (url: string) => boolean;
	readonly #sealed: (value: string) => string;

	/** @throws TypeError when a URL of the context is not absolute */
	constructor(context: HlsContext, variables: Variables) {
		this.#context = context;
		this.#variables = variables;
		this.#source = createSource(context.url);
		const root = new URL(context.sourceRoot).href;
		const servedDir = context.servedBelow && new URL(context.servedBelow.dir).href;
		this.#plainStays = servedDir !== null && this.#source.dir.startsWith(servedDir);
		this.#ownPlace = this.#source.dir.startsWith(root) ? `s/${this.#source.dir.slice(root.length)}` : null;
		this.#sealed = remember(context.seal);
		this.#isFetched = (url) => url.startsWith(root) || context.reachable(new URL(url));
		this.#placeOf = remember((dir) => {
			if (dir.startsWith(root)) return `s/${dir.slice(root.length)}`;
			return this.#isFetched(dir) ? `r/${this.#sealed(dir)}/` : null;
		});
	}

	/**
	 * What replaces the URI in the range; null: it stays as it is written.
	 *
	 * Unless it `mayStay`, whatever would stay is given a place below the gate, so that the text before or after it cannot
	 * make another URL of it.
	 */
	rewrite(text: string, start: number, end: number, kind: ReferenceKind, mayStay: boolean): Replacement | null {
		if (start === end) return null;
		const isPlain = kind !== "key" && isPlainReference(text, start, end);
		if (isPlain && this.#plainStays && mayStay && !this.#goesDirect(kind)) return null;
		const written = text.slice(start, end);
		const placed = isPlain ? this.#placePlain(written, kind) : this.#rewriteAny(written, kind);
		return placed ?? (mayStay ? null : atGate(`s/${written}`));
	}

	#placePlain(written: string, kind: ReferenceKind): Replacement | null {
		const isBelowRoot = this.#ownPlace !== null && !this.#goesDirect(kind);
		return isBelowRoot ? atGate(this.#ownPlace + written) : this.#place(this.#source.dir + written, kind, false);
	}

	#rewriteAny(written: string, kind: ReferenceKind): Replacement | null {
		const text = this.#variables.expand(written);
		const open = hasVariable(text);
		const url = this.#source.resolve(text);
		if (url === "") return null;
		if (url !== null && !(open && hasOpenAuthority(url))) return this.#place(url, kind, open);
		// A host that only the player knows is the player's; one that nobody defined is kept from becoming a host.
		const isOfPlayer = open && this.#variables.areOfPlayer(text);
		return hasVariable(written) && !isOfPlayer ? atGate(`s/${written}`) : null;
	}

	/** @param open whether the URL has variables left, which only the player can fill in */
	#place(url: string, kind: ReferenceKind, open: boolean): Replacement | null {
		if (this.#goesDirect(kind) && !url.startsWith("r2:")) {
			const direct = kind === "media" ? movedMedia(url, this.#context.mediaMove) : url;
			return { atBase: false, text: open ? reopened(direct) : direct };
		}
		if (kind === "key" && !open) return this.#placeKey(url);
		const dirEnd = directoryEnd(url, open);
		const place = this.#placeOf(url.slice(0, dirEnd));
		const rest = url.slice(dirEnd);
		return place === null ? null : atGate(place + (open ? reopened(rest) : rest));
	}

	#placeKey(url: string): Replacement | null {
		const name = lastSegment(url);
		if (this.#context.keyNames.has(name)) return atGate(`licenses/aes128/${encodeURIComponent(name)}`);
		return this.#isFetched(url) ? atGate(`licenses/aes128/~${this.#sealed(url)}`) : null;
	}

	#goesDirect(kind: ReferenceKind): boolean {
		return this.#context.segments === "direct" && (kind === "media" || kind === "resource");
	}
}

function atGate(text: string): Replacement {
	return { atBase: true, text };
}

/** Where the deepest directory ends that holds no variable: after its last slash. */
function directoryEnd(url: string, open: boolean): number {
	const query = url.indexOf("?");
	const pathEnd = query === -1 ? url.length : query;
	const variable = open ? url.slice(0, pathEnd).search(ENCODED_VARIABLE) : -1;
	return url.lastIndexOf("/", variable === -1 ? pathEnd : variable) + 1;
}

/** Percent-decoded. */
function lastSegment(url: string): string {
	const segment = url.slice(directoryEnd(url, false)).split("?", 1)[0] ?? "";
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment; // Not percent-encoded UTF-8: the name is what is written.
	}
}

function hasOpenAuthority(url: string): boolean {
	const authority = url.slice(0, url.indexOf("/", url.indexOf("//") + 2));
	return authority.includes("{$") || authority.includes("%7B$");
}

/** A URL parser encodes the braces of a variable in a path; the player looks for the braces. */
function reopened(text: string): string {
	return text.replace(ENCODED_VARIABLE, "{$$$1}");
}

function remember<T>(compute: (argument: string) => T): (argument: string) => T {
	const known = new Map<string, T>();
	return (argument) => {
		const found = known.get(argument);
		if (found !== undefined) return found;
		const value = compute(argument);
		known.set(argument, value);
		return value;
	};
}

/** Whether a player that reads the text in a document of the gate might ask another host for it. */
export function leavesGate(reference: string): boolean {
	const url = URL.parse(reference, GATE);
	return url === null || url.origin !== GATE;
}
