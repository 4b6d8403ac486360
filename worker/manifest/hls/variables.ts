const REFERENCE = /\{\$([A-Za-z0-9_-]+)\}/g;

/** Characters that variables may add to one playlist. Values may name other variables, so their growth has no bound of its own. */
const EXPANSION_BUDGET = 8 * 1024 * 1024;

/** Query parameters that carry the viewer's token; a variable of that name would copy it into URLs. It is always empty. */
export const TOKEN_PARAMETERS: ReadonlySet<string> = new Set(["bcov_auth", "bcov-auth"]);

/** The variables of a playlist (RFC 8216bis 4.3, EXT-X-DEFINE) as far as the lines read up to now define them. */
export interface Variables {
	readonly known: ReadonlyMap<string, string>;
	/** The text with every known variable in place; a reference to any other stays as it is written. */
	readonly expand: (text: string) => string;
	/** The first definition of a name counts. `null`: the value is in the player's URL, and only the player knows it. */
	readonly define: (name: string, value: string | null) => void;
	/** Whether every variable that the text refers to is the player's to fill in. */
	readonly areOfPlayer: (text: string) => boolean;
}

export function hasVariable(text: string): boolean {
	return text.search(REFERENCE) !== -1;
}

export function createVariables(): Variables {
	const known = new Map<string, string>();
	const ofPlayer = new Set<string>();
	let budget = EXPANSION_BUDGET;
	return {
		known,
		expand(text) {
			if (!text.includes("{$")) return text;
			return text.replace(REFERENCE, (reference, name: string) => {
				const value = known.get(name) ?? (TOKEN_PARAMETERS.has(name) ? "" : undefined);
				if (value === undefined || value.length > budget) return reference;
				budget -= value.length;
				return value;
			});
		},
		define(name, value) {
			if (known.has(name) || ofPlayer.has(name)) return;
			if (value === null) ofPlayer.add(name);
			else known.set(name, value);
		},
		areOfPlayer: (text) => Array.from(text.matchAll(REFERENCE)).every(([, name = ""]) => ofPlayer.has(name)),
	};
}
