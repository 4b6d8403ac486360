/** How a case is compared with a baseline of the same run. At most one of the bounds: the targets of the project. */
export interface Comparison {
	readonly baseline: string;
	readonly measure: "cpu" | "rate";
	/** Largest ratio that is on target. */
	readonly most?: number;
	/** Smallest ratio that is on target. */
	readonly least?: number;
}

export interface Case {
	readonly name: string;
	readonly title: string;
	/** Absent for a baseline. */
	readonly against?: readonly Comparison[];
}

/** Everything that is measured, each case after the baselines that it is compared with. */
export const cases = [
	{ name: "bare-manifest", title: "bare hono, bytes of the multivariant playlist" },
	{
		name: "manifest",
		title: "multivariant playlist, known token, no limits",
		against: [{ baseline: "bare-manifest", measure: "cpu", most: 1.4 }],
	},
	{ name: "jose-rs256", title: "hono + jose.jwtVerify, RS256" },
	{
		name: "manifest-rs256",
		title: "multivariant playlist, new token each time, RS256",
		against: [{ baseline: "jose-rs256", measure: "cpu", most: 1.15 }],
	},
	{ name: "jose-es256", title: "hono + jose.jwtVerify, ES256" },
	{
		name: "manifest-es256",
		title: "multivariant playlist, new token each time, ES256",
		against: [{ baseline: "jose-es256", measure: "cpu" }],
	},
	{ name: "call-hot", title: "hono + call of one object that does nothing" },
	{ name: "count-hot", title: "hono + call of one object, one SQL upsert" },
	{
		name: "limits-hot",
		title: "multivariant playlist, climit and maxu, one viewer",
		against: [
			{ baseline: "count-hot", measure: "cpu", most: 0.4 },
			{ baseline: "count-hot", measure: "rate", least: 3 },
			{ baseline: "call-hot", measure: "cpu", most: 1.4 },
			{ baseline: "call-hot", measure: "rate" },
		],
	},
	{
		name: "limits-sharded",
		title: "multivariant playlist, maxu of one token, 1,000 addresses over 256 shards",
		against: [
			{ baseline: "count-hot", measure: "cpu" },
			{ baseline: "count-hot", measure: "rate" },
			{ baseline: "call-hot", measure: "cpu" },
			{ baseline: "call-hot", measure: "rate" },
		],
	},
	{ name: "call-spread", title: "hono + call of 1,000 objects that do nothing" },
	{ name: "count-spread", title: "hono + call of 1,000 objects, one SQL upsert" },
	{
		name: "limits-spread",
		title: "multivariant playlist, climit and maxu, 1,000 viewers",
		against: [
			{ baseline: "count-spread", measure: "cpu" },
			{ baseline: "count-spread", measure: "rate" },
			{ baseline: "call-spread", measure: "cpu" },
			{ baseline: "call-spread", measure: "rate" },
		],
	},
	{ name: "bare-refusal", title: "bare hono, bytes of the refusal" },
	{
		name: "refused",
		title: "refusal, maxu reached and known to the isolate",
		against: [{ baseline: "bare-refusal", measure: "cpu", most: 1.3 }],
	},
	{ name: "bare-key", title: "bare hono, 16 bytes" },
	{
		name: "key",
		title: "AES-128 key under a grant, admission remembered",
		against: [{ baseline: "bare-key", measure: "cpu", most: 1.3 }],
	},
	{ name: "bucket-segment", title: "hono passing a segment through from R2" },
	{
		name: "segment-bucket",
		title: "segment from R2 under a grant, admission remembered",
		against: [{ baseline: "bucket-segment", measure: "cpu", most: 1.3 }],
	},
	{ name: "origin-segment", title: "hono passing a segment through from HTTP" },
	{
		name: "segment-origin",
		title: "segment from HTTP under a grant, admission remembered",
		against: [{ baseline: "origin-segment", measure: "cpu", most: 1.3 }],
	},
	{ name: "origin-playlist", title: "hono passing the media playlist through from HTTP" },
	{ name: "bare-playlist", title: "bare hono, bytes of the media playlist" },
	{
		name: "playlist",
		title: "media playlist of 3,600 segments under a grant",
		against: [
			{ baseline: "origin-playlist", measure: "cpu", most: 1.3 },
			{ baseline: "bare-playlist", measure: "cpu" },
		],
	},
] as const satisfies readonly Case[];

export type CaseName = (typeof cases)[number]["name"];

/**
 * The named cases with the baselines that they need, in the order of the table; all of them when none is named. The first word of several
 * names, such as `limits`, stands for all of these.
 *
 * @throws Error that lists the names, for one that is none of them
 */
export function chooseCases(names: readonly string[]): readonly (Case & { readonly name: CaseName })[] {
	const all: readonly (Case & { readonly name: CaseName })[] = cases;
	if (names.length === 0) return all;
	const isMeant = (one: string, name: string): boolean => one === name || one.startsWith(`${name}-`);
	const unknown = names.find((name) => !all.some((one) => isMeant(one.name, name)));
	if (unknown !== undefined) {
		throw new Error(
			`There is no case ${JSON.stringify(unknown)}; there are ${all.map(({ name }) => name).join(", ")}.`,
		);
	}
	const chosen = all.filter((one) => names.some((name) => isMeant(one.name, name)));
	const needed = chosen.flatMap(({ against = [] }) => against);
	return all.filter((one) => chosen.includes(one) || needed.some(({ baseline }) => baseline === one.name));
}
