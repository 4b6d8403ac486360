import { parse } from "sdp-transform";
import type { SdpLine } from "./lines.ts";

export const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Values of the attributes of one part, by name; flags have the value "". */
export type Attributes = ReadonlyMap<string, readonly string[]>;

/** What the lines say, by part. Attributes are read from the lines themselves: the parser keeps the last of several and drops what it does not know. */
export interface Description {
	/** Lines before the first `m=`. */
	readonly head: readonly SdpLine[];
	readonly session: Attributes;
	readonly media: readonly Media[];
	/** Names of sections in each `a=group:BUNDLE`. */
	readonly bundles: readonly (readonly string[])[];
}

export interface Media {
	readonly kind: string;
	readonly port: number;
	/** False where the line has more or less than a kind, a port, a protocol and formats. */
	readonly isWellFormed: boolean;
	readonly protocol: string;
	readonly formats: readonly string[];
	/** Of its `m=` line. */
	readonly number: number;
	readonly lines: readonly SdpLine[];
	readonly attributes: Attributes;
	readonly mid: string | null;
	/** Not rejected: RFC 3264 section 6; a port 0 with bundle-only is RFC 9143 section 6. */
	readonly isLive: boolean;
	readonly direction: Direction;
}

const MEDIA_LINE = /^[a-z]+ \d{1,5} [A-Za-z0-9/]+(?: [!-~]+)+$/;

/** Lines that the parser is given: what of it is used, and nothing on which a pattern could dwell. */
const isParsed = ({ type, value }: SdpLine): boolean => type === "m" || /^group:[A-Z]+ /.test(value);

/** @param lines that keep the rules of the text */
export function describe(lines: readonly SdpLine[]): Description {
	const [head = [], ...sections] = parts(lines);
	const session = attributesOf(head);
	const parsed = parse(
		lines
			.filter(isParsed)
			.map(({ type, value }) => `${type}=${value}`)
			.join("\r\n"),
	);
	const bundles = (parsed.groups ?? [])
		.filter(({ type }) => type === "BUNDLE")
		.map(({ mids }) =>
			String(mids)
				.split(" ")
				.filter((mid) => mid !== ""),
		);
	const media = sections.map((section, index) => mediaOf(section, session, parsed.media[index]));
	return { head, session, media, bundles };
}

function parts(lines: readonly SdpLine[]): SdpLine[][] {
	const found: SdpLine[][] = [[]];
	for (const line of lines) {
		if (line.type === "m") found.push([]);
		found.at(-1)?.push(line);
	}
	return found;
}

type ParsedMedia = ReturnType<typeof parse>["media"][number];

function mediaOf(lines: readonly SdpLine[], session: Attributes, parsed: ParsedMedia | undefined): Media {
	const [first] = lines;
	const attributes = attributesOf(lines);
	const port = Number(parsed?.port ?? 0);
	return {
		kind: parsed?.type ?? "",
		port,
		isWellFormed: parsed?.type !== undefined && MEDIA_LINE.test(first?.value ?? ""),
		protocol: parsed?.protocol ?? "",
		formats: String(parsed?.payloads ?? "").split(" "),
		number: first?.number ?? 0,
		lines,
		attributes,
		mid: attributes.get("mid")?.[0] ?? null,
		isLive: port !== 0 || attributes.has("bundle-only"),
		direction: directionOf(attributes) ?? directionOf(session) ?? "sendrecv",
	};
}

const directionOf = (attributes: Attributes): Direction | undefined => DIRECTIONS.find((each) => attributes.has(each));

function attributesOf(lines: readonly SdpLine[]): Attributes {
	const attributes = new Map<string, string[]>();
	for (const { type, value } of lines) {
		if (type !== "a") continue;
		const colon = value.indexOf(":");
		const name = colon < 0 ? value : value.slice(0, colon);
		const values = attributes.get(name) ?? [];
		values.push(colon < 0 ? "" : value.slice(colon + 1));
		attributes.set(name, values);
	}
	return attributes;
}

/**
 * Values of a transport's attribute for a section: its own, else those of the session, else those of the first section of its bundle,
 * which speaks for all of them (RFC 9143 section 7.1.3; "identical" and "transport" of RFC 8859).
 */
export function transportValues(
	{ session, media, bundles }: Description,
	section: Media,
	name: string,
): readonly string[] {
	const own = section.attributes.get(name) ?? session.get(name);
	if (own) return own;
	const [tag] = bundles.find((mids) => section.mid !== null && mids.includes(section.mid)) ?? [];
	return media.find(({ mid }) => mid === tag)?.attributes.get(name) ?? [];
}

export const isRtp = ({ kind }: Media): boolean => kind !== "application";
export const live = ({ media }: Description): readonly Media[] => media.filter(({ isLive }) => isLive);
/** How a section is told to the client: its line and kind. */
export const at = ({ number, kind }: Media): string => `the section of line ${number} (${kind})`;
