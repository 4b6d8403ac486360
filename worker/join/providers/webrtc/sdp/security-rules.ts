import { type Description, type Media, at, isRtp, live, transportValues } from "./description.ts";
import { type Rule, firstOf } from "./rule.ts";

/** What is asked of a description beside its text. */
export interface SecurityFacts {
	readonly kind: "offer" | "answer";
	/** `whip` and `whep` offers may be active. */
	readonly door: "room" | "whip" | "whep";
	readonly description: Description;
}

/** Bytes of the hashes that are strong enough (RFC 8122 section 5; MD2, MD5, SHA-1 and SHA-224 are not). */
const HASH_BYTES: ReadonlyMap<string, number> = new Map([
	["sha-256", 32],
	["sha-384", 48],
	["sha-512", 64],
]);
const FINGERPRINT = /^([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,32}) ([0-9A-F]{2}(?::[0-9A-F]{2})*)$/;
const MOST_FINGERPRINTS = 8;
export const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
export const PASSWORD = /^[A-Za-z0-9+/]{22,256}$/;
/** "goog-" options have a hyphen; libdatachannel, and with it OBS, puts commas between them. */
const ICE_OPTIONS = /^[A-Za-z0-9+/-]{1,64}(?:[ ,][A-Za-z0-9+/-]{1,64}){0,15}$/;
/** By kind and door. */
const SETUPS: Readonly<Record<string, readonly string[]>> = {
	"offer room": ["actpass"],
	"offer whip": ["actpass", "active"],
	"offer whep": ["actpass", "active"],
};
const ANSWER_SETUPS: readonly string[] = ["active", "passive"];

/** DTLS-SRTP with a certificate that the description binds, one transport, ICE credentials. */
export const securityRules: readonly Rule<SecurityFacts>[] = [
	{
		name: "bundle",
		source: "RFC 9143 section 7, RFC 8834 section 4.4",
		check: ({ description }) => {
			const { bundles, media } = description;
			if (live(description).length === 0) return null;
			if (bundles.length !== 1) return `it has ${bundles.length === 0 ? "no" : "more than one"} a=group:BUNDLE`;
			const [mids = []] = bundles;
			if (new Set(mids).size < mids.length) return "a section is named twice in the bundle";
			if (mids.some((each) => !media.some(({ mid }) => mid === each)))
				return "the bundle names a section that is not there";
			return firstOf(live(description), (section) =>
				section.mid !== null && mids.includes(section.mid) ? null : `${at(section)} is not in the bundle`,
			);
		},
	},
	{
		name: "rtcp-mux",
		source: "RFC 5761, RFC 9429 section 5.2.1",
		check: ({ description }) =>
			firstOf(live(description), (section) =>
				!isRtp(section) || section.attributes.has("rtcp-mux") ? null : `${at(section)} lacks a=rtcp-mux`,
			),
	},
	{
		name: "fingerprint",
		source: "RFC 8122 section 5, RFC 8827 section 6.5",
		check: ({ description }) =>
			firstOf(everyFingerprint(description), weakness) ??
			firstOf(live(description), (section) => {
				const { length } = transportValues(description, section, "fingerprint");
				if (length === 0) return `${at(section)} has no a=fingerprint`;
				return length > MOST_FINGERPRINTS ? `${at(section)} has more than ${MOST_FINGERPRINTS} fingerprints` : null;
			}) ??
			differing(description, "fingerprint", (values) => fingerprintsOf(values).join(",")),
	},
	{
		name: "setup",
		source: "RFC 8842 section 5, RFC 9725 section 4.4",
		check: ({ kind, door, description }) => {
			const allowed = SETUPS[`${kind} ${door}`] ?? ANSWER_SETUPS;
			const isNot = (section: Media): boolean => {
				const [setup] = transportValues(description, section, "setup");
				return setup === undefined || !allowed.includes(setup);
			};
			const bad = live(description).find(isNot);
			if (bad) return `a=setup of ${at(bad)} is not ${allowed.join(" or ")}, as in an ${kind}`;
			return differing(description, "setup", ([value = ""]) => value);
		},
	},
	{
		name: "ice",
		source: "RFC 8839 section 5.4",
		check: ({ description }) =>
			firstOf(live(description), (section) => {
				const value = (name: string): string => transportValues(description, section, name)[0] ?? "";
				if (!UFRAG.test(value("ice-ufrag"))) return `a=ice-ufrag of ${at(section)} is not 4 to 256 of A-Z a-z 0-9 + /`;
				if (!PASSWORD.test(value("ice-pwd"))) return `a=ice-pwd of ${at(section)} is not 22 to 256 of A-Z a-z 0-9 + /`;
				const options = transportValues(description, section, "ice-options");
				return options.every((each) => ICE_OPTIONS.test(each))
					? null
					: `a=ice-options of ${at(section)} is not a list of tokens`;
			}) ??
			differing(description, "ice-ufrag", ([value = ""]) => value) ??
			differing(description, "ice-pwd", ([value = ""]) => value),
	},
];

/** Every one, of rejected sections too: a weak one has no place anywhere. */
function* everyFingerprint({ session, media }: Description): Generator<string> {
	yield* session.get("fingerprint") ?? [];
	for (const { attributes } of media) yield* attributes.get("fingerprint") ?? [];
}

function weakness(value: string): string | null {
	const [, hash = "", pairs = ""] = FINGERPRINT.exec(value) ?? [];
	if (hash === "") return "a fingerprint is not a hash name and pairs of upper-case hexadecimal digits";
	const bytes = HASH_BYTES.get(hash.toLowerCase());
	if (bytes === undefined) return `a fingerprint is not of ${[...HASH_BYTES.keys()].join(", ")}`;
	return pairs.length === bytes * 3 - 1 ? null : `a fingerprint of ${hash.toLowerCase()} has not ${bytes} bytes`;
}

/** Hash in lower case, a space, pairs in upper case; each once, sorted: how fingerprints are compared and shown. */
export function fingerprintsOf(values: readonly string[]): readonly string[] {
	const normal = values.map((value) => {
		const [hash = "", pairs = ""] = value.split(" ");
		return `${hash.toLowerCase()} ${pairs}`;
	});
	return [...new Set(normal)].toSorted();
}

/** Sections of a bundle share one transport, so what they say of it is the same. */
function differing(
	description: Description,
	name: string,
	textOf: (values: readonly string[]) => string,
): string | null {
	const said = new Set(live(description).map((section) => textOf(transportValues(description, section, name))));
	return said.size > 1 ? `sections of one bundle have different a=${name}` : null;
}
