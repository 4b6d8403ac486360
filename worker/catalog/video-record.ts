import * as v from "valibot";
import type { Sealer } from "../sealing.ts";
import { type Parsed, parse } from "./issues.ts";
import { licenseIssues } from "./license-issues.ts";
import { SEALED, openValue, sealValue } from "./sealed-value.ts";
import { readStored, writeStored } from "./stored.ts";
import { KEY_MASK, type Source, type VideoInput, videoSchema } from "./video-schema.ts";

/** A video as KV holds it: the user's record with every secret sealed. */
export type VideoRecord = VideoInput & { readonly id: string; readonly account_id: string };

/** Parses what KV holds. Hand-written records go through the same schema as those of users. */
export function readVideo(text: string): Parsed<VideoRecord> {
	const stored = readStored(text, "video");
	if (!stored.ok) return stored;
	const { account, id, record } = stored.value;
	const video = parse(videoSchema, record, "video");
	return video.ok ? { ok: true, value: { ...video.value, id, account_id: account } } : video;
}

export function writeVideo(video: VideoRecord): string {
	return writeStored({ account: video.account_id, id: video.id }, "video", video);
}

/** Where a video lives, and what it replaces: the mask in a new record stands for the secret that is already stored. */
export interface VideoPlace {
	readonly account: string;
	readonly id: string;
	readonly at?: string;
	readonly local: boolean;
	readonly stored?: VideoRecord | null;
}

/** Validates a user's video and seals its secrets. Issues name the place within the body (or below `place.at`). */
export function acceptVideo(input: unknown, place: VideoPlace, sealer: Sealer): Parsed<VideoRecord> {
	const at = place.at ?? "";
	const parsed = parse(videoSchema, input, at);
	if (!parsed.ok) return parsed;
	const video = parsed.value;
	const prefix = at === "" ? "" : `${at}.`;
	const issues = [
		...identityIssues(video, place),
		...sourceIssues(video, place.local),
		...licenseIssues(video, place.local),
	].map((issue) => prefix + issue);
	const sealed = sealSecrets(video, place, sealer, (issue) => issues.push(prefix + issue));
	if (issues.length > 0) return { ok: false, issues };
	return { ok: true, value: { ...sealed, id: place.id, account_id: place.account } };
}

function identityIssues(video: VideoInput, place: VideoPlace): string[] {
	const issues: string[] = [];
	if (video.id !== undefined && video.id !== place.id) issues.push(`id: must be "${place.id}", as in the path`);
	if (video.account_id !== undefined && video.account_id !== place.account) {
		issues.push(`account_id: must be "${place.account}", as in the path`);
	}
	return issues;
}

function sourceIssues(video: VideoInput, local: boolean): string[] {
	const issues: string[] = [];
	for (const [index, source] of video.sources.entries()) {
		const at = `sources[${index}]`;
		if (!local && source.src.startsWith("http:")) issues.push(`${at}.src: must start with https:// or r2://BINDING/`);
		if (video.segments === "direct" && source.src.startsWith("r2:") && source.type !== "video/mp4") {
			issues.push(`${at}.src: must start with https:// when segments is "direct", for players cannot reach r2://`);
		}
		issues.push(...keyIssues(source).map((issue) => `${at}.${issue}`));
	}
	return issues;
}

function keyIssues(source: Source): string[] {
	const issues: string[] = [];
	for (const [name, key] of Object.entries(source.keys)) {
		const readable = key !== KEY_MASK && !key.startsWith(SEALED);
		if (name.includes("/")) issues.push(`keys.${name}: must be the last path segment of a key URI, without "/"`);
		if (name.startsWith("~")) issues.push(`keys.${name}: must not start with "~"`); // marks sealed key URIs
		if (source.protection === "aes128" && readable && !key.endsWith("=="))
			issues.push(`keys.${name}: must be base64 of exactly 16 bytes`);
		if (source.protection === "clearkey" && !/^[0-9a-fA-F]{32}$/.test(name))
			issues.push(`keys.${name}: the name must be the key id in 32 hex digits`);
	}
	return issues;
}

function sealSecrets(
	video: VideoInput,
	place: VideoPlace,
	sealer: Sealer,
	complain: (issue: string) => void,
): VideoInput {
	const context = secretContext(place.account, place.id);
	const seal = (at: string, value: string, stored: string | undefined): string =>
		sealValue(value, at, stored, { sealer, context, kind: "video", complain });
	const each = (at: string, values: Values, stored: Values | undefined) =>
		Object.fromEntries(
			Object.entries(values).map(([name, value]) => [name, seal(`${at}.${name}`, value, stored?.[name])]),
		);
	const licenses = eachLicense(video.licenses, (headers, system) =>
		each(`licenses.${system}.headers`, headers, place.stored?.licenses[system]?.headers),
	);
	return {
		...video,
		sources: video.sources.map((source, index) => ({
			...source,
			keys: each(`sources[${index}].keys`, source.keys, storedKeys(place.stored, source)),
		})),
		licenses,
	};
}

type Licenses = VideoInput["licenses"];
type Values = Readonly<Record<string, string>>;

function eachLicense(
	licenses: Licenses,
	change: (headers: Values, system: keyof Licenses) => Record<string, string>,
): Licenses {
	const changed: Licenses = {};
	for (const system of ["widevine", "playready", "fairplay"] as const) {
		const server = licenses[system];
		if (server) changed[system] = server.headers ? { ...server, headers: change(server.headers, system) } : server;
	}
	return changed;
}

/** Masked keys are found again by the source's address, which stays when sources are reordered. */
function storedKeys(stored: VideoRecord | null | undefined, source: Source): Values | undefined {
	return stored?.sources.find(({ src, type }) => src === source.src && type === source.type)?.keys;
}

/** The record as the management API shows it: secrets never come back. */
export function maskVideo(video: VideoRecord): VideoRecord {
	const mask = (values: Values) => Object.fromEntries(Object.keys(values).map((name) => [name, KEY_MASK]));
	return {
		...video,
		sources: video.sources.map((source) => ({ ...source, keys: mask(source.keys) })),
		licenses: eachLicense(video.licenses, mask),
	};
}

/** The secret itself, or null when CONTENT_SECRET is not the one it was sealed with. */
export function openSecret(sealed: string, video: VideoRecord, sealer: Sealer): string | null {
	return openValue(sealed, sealer, secretContext(video.account_id, video.id));
}

const secretContext = (account: string, video: string): string => `${account}/${video}`;

export const CONTENT_PURPOSE = "catalog content secrets";

/** A video that the catalog does not have, as the schema's defaults make it. */
export function blankVideo(account: string, id: string): VideoRecord {
	return { ...v.parse(videoSchema, {}), id, account_id: account };
}
