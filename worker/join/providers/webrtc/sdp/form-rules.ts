import { candidateFault } from "./candidate.ts";
import { type Attributes, DIRECTIONS, type Description, at, isRtp, live } from "./description.ts";
import { type Rule, firstOf } from "./rule.ts";

const MOST_SECTIONS = 64;
const MOST_FORMATS = 64;
const MOST_CANDIDATES = 100;
const MOST_PORT = 65_535;
const MOST_PAYLOAD_TYPE = 127;
const KINDS: ReadonlySet<string> = new Set(["audio", "video", "application"]);
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}$/;

/** What the head begins with, in this order (RFC 8866 section 5). Numbers of 64 bits. */
const HEAD: readonly (readonly [string, RegExp])[] = [
	["v", /^0$/],
	["o", /^\S{1,255} \d{1,20} \d{1,20} IN IP[46] \S{1,255}$/],
	["s", /^/],
];

/** Attributes that a part has once, and that stand as they are spelled: some parsers take another case for the same, others do not. */
const ONCE = [
	"setup",
	"ice-ufrag",
	"ice-pwd",
	"mid",
	"rtcp-mux",
	"bundle-only",
	"sctp-port",
	"max-message-size",
	"tls-id",
];
const EXACT: ReadonlySet<string> = new Set([
	...ONCE,
	...DIRECTIONS,
	"fingerprint",
	"group",
	"candidate",
	"ice-options",
	"identity",
]);

/** Attributes whose value begins with a number, and the largest that it may be. */
const NUMBERS: readonly (readonly [string, number])[] = [
	["rtpmap", MOST_PAYLOAD_TYPE],
	["fmtp", MOST_PAYLOAD_TYPE],
	["ssrc", 2 ** 32 - 1],
	["extmap", 4095],
	["rtcp", MOST_PORT],
	["sctp-port", MOST_PORT],
	["max-message-size", Number.MAX_SAFE_INTEGER],
];

const RTP_PROFILES: ReadonlySet<string> = new Set(["UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF"]);
const DATA_PROFILES: ReadonlySet<string> = new Set(["UDP/DTLS/SCTP", "TCP/DTLS/SCTP"]);

/** Rules of form and profile; what they let pass can be read without doubt. */
export const formRules: readonly Rule<Description>[] = [
	{
		name: "session",
		source: "RFC 8866 section 5",
		check: ({ head }) =>
			firstOf(HEAD.entries(), ([index, [type, form]]) => {
				const line = head[index];
				return line?.type === type && form.test(line.value) ? null : `line ${index + 1} is not a proper ${type}= line`;
			}),
	},
	{
		name: "media-lines",
		source: "RFC 8866 section 5.14, RFC 8829",
		check: ({ media }) => {
			if (media.length > MOST_SECTIONS) return `it has more than ${MOST_SECTIONS} sections`;
			return firstOf(media, ({ isWellFormed, kind, port, formats, number }) => {
				if (!isWellFormed) return `line ${number} is not a proper m= line`;
				if (!KINDS.has(kind)) return `line ${number} has media that is not audio, video or application`;
				if (port > MOST_PORT) return `the port of line ${number} is above ${MOST_PORT}`;
				return formats.length > MOST_FORMATS ? `line ${number} has more than ${MOST_FORMATS} formats` : null;
			});
		},
	},
	{
		name: "profile",
		source: "RFC 8827 section 6.5, RFC 9429 section 5.1.2, RFC 8841 section 4",
		check: ({ media }) =>
			firstOf(media, (section) => {
				const isData = !isRtp(section);
				if (!(isData ? DATA_PROFILES : RTP_PROFILES).has(section.protocol))
					return `${at(section)} is not ${isData ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF"}`;
				if (isData)
					return section.formats.join(" ") === "webrtc-datachannel" ? null : `${at(section)} is no data channel`;
				return section.formats.every((each) => /^\d{1,3}$/.test(each) && Number(each) <= MOST_PAYLOAD_TYPE)
					? null
					: `${at(section)} has a payload type that is not a number up to ${MOST_PAYLOAD_TYPE}`;
			}),
	},
	{
		name: "attributes",
		source: "RFC 8866 section 6",
		check: (description) =>
			firstOf(
				partsOf(description),
				([attributes, where]) => misspelled(attributes, where) ?? repeated(attributes, where),
			),
	},
	{
		name: "numbers",
		source: "RFC 8866 section 9, RFC 3550 section 5.1",
		check: (description) =>
			firstOf(partsOf(description), ([attributes, where]) =>
				firstOf(NUMBERS, ([name, most]) =>
					(attributes.get(name) ?? []).every((value) => isUpTo(value, most))
						? null
						: `an attribute ${name} of ${where} has a number that is none, or above ${most}`,
				),
			) ?? badBandwidth(description),
	},
	{
		name: "candidates",
		source: "RFC 8839 section 5.1",
		check: ({ media, session }) =>
			firstOf([session, ...media.map(({ attributes }) => attributes)], (attributes) => {
				const candidates = attributes.get("candidate") ?? [];
				if (candidates.length > MOST_CANDIDATES) return `a section has more than ${MOST_CANDIDATES} candidates`;
				return firstOf(candidates, (candidate) => candidateFault(`candidate:${candidate}`));
			}),
	},
	{
		name: "mid",
		source: "RFC 5888 section 4, RFC 9143 section 7",
		check: (description) => {
			const mids = description.media.flatMap(({ mid }) => (mid === null ? [] : [mid]));
			if (!mids.every((mid) => TOKEN.test(mid))) return "a mid is not a token of up to 64 characters";
			if (new Set(mids).size < mids.length) return "two sections have the same mid";
			return firstOf(live(description), (section) => (section.mid === null ? `${at(section)} has no mid` : null));
		},
	},
];

function* partsOf({ session, media }: Description): Generator<readonly [Attributes, string]> {
	yield [session, "the session"];
	for (const section of media) yield [section.attributes, at(section)];
}

function misspelled(attributes: Attributes, where: string): string | null {
	return firstOf(attributes.keys(), (name) => {
		const exact = name.toLowerCase();
		return exact !== name && EXACT.has(exact) ? `the attribute ${exact} of ${where} is not in lower case` : null;
	});
}

function repeated(attributes: Attributes, where: string): string | null {
	const directions = DIRECTIONS.reduce((sum, name) => sum + (attributes.get(name)?.length ?? 0), 0);
	if (directions > 1) return `${where} has more than one direction`;
	return firstOf(ONCE, (name) =>
		(attributes.get(name)?.length ?? 0) > 1 ? `${where} has more than one attribute ${name}` : null,
	);
}

function isUpTo(value: string, most: number): boolean {
	const [digits] = /^\d{1,16}(?![\w.])/.exec(value) ?? [];
	return digits !== undefined && Number(digits) <= most;
}

function badBandwidth({ head, media }: Description): string | null {
	return firstOf([...head, ...media.flatMap(({ lines }) => lines)], ({ type, value, number }) =>
		type === "b" && !/^[A-Za-z-]{1,16}:\d{1,10}$/.test(value) ? `line ${number} is not a proper b= line` : null,
	);
}
