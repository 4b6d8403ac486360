import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import { LICENSE_PATHS, type LicenseSystem } from "../manifest/dash.ts";
import type { Claims } from "../token/claims.ts";

/** Systems whose licences come from a server that the record names. */
export type ServerSystem = keyof VideoRecord["licenses"];

/**
 * Which systems may open a source of each protection. Media in Common Encryption is the same for Widevine and PlayReady, so a source that is
 * marked for one of them is licensed by both, where the record names both servers.
 */
const SYSTEMS: Readonly<Record<Source["protection"], readonly LicenseSystem[]>> = {
	"": [],
	aes128: [],
	clearkey: ["clearkey"],
	widevine: ["widevine", "playready"],
	playready: ["playready", "widevine"],
	fairplay: ["fairplay"],
};

/** Paths of licences below a video or a grant; those without "cenc" are what older players use. */
export const LICENSE_ROUTES: ReadonlyMap<string, LicenseSystem> = new Map([
	[LICENSE_PATHS.clearkey, "clearkey"],
	[LICENSE_PATHS.widevine, "widevine"],
	[LICENSE_PATHS.playready, "playready"],
	[LICENSE_PATHS.fairplay, "fairplay"],
	["licenses/widevine", "widevine"],
	["licenses/playready", "playready"],
]);

/** The system that a path below a video or a grant asks a licence of, or null. */
export function licenseSystemOf(path: string): LicenseSystem | null {
	return LICENSE_ROUTES.get(path) ?? null;
}

/** Systems that the gate can licence a source for: it holds its keys, or the record names a server. */
export function licenseSystems(source: Source, record: VideoRecord): ReadonlySet<LicenseSystem> {
	return new Set(
		SYSTEMS[source.protection].filter((system) =>
			system === "clearkey" ? Object.keys(source.keys).length > 0 : record.licenses[system]?.url !== undefined,
		),
	);
}

/** What licences may be asked for: of which sources, and whether of a system at all. */
export interface LicenseScope {
	readonly sources: readonly Source[];
	readonly includes: (system: LicenseSystem) => boolean;
}

/** Under a grant: its own source. */
export function scopeOfGrant(record: VideoRecord, sourceIndex: number): LicenseScope {
	const source = record.sources[sourceIndex];
	const systems = source ? licenseSystems(source, record) : new Set<LicenseSystem>();
	return { sources: source ? [source] : [], includes: (system) => systems.has(system) };
}

/**
 * With a token: every source, or those of its `pro`. A licence server serves also a record that names no source of its kind, for media
 * that players fetch elsewhere.
 */
export function scopeOfToken(record: VideoRecord, pro: Claims["pro"]): LicenseScope {
	const isOpen = pro === undefined || pro === "";
	const sources = isOpen ? record.sources : record.sources.filter(({ protection }) => protection === pro);
	const includes = (system: LicenseSystem): boolean => {
		if (sources.some((source) => licenseSystems(source, record).has(system))) return true;
		return system !== "clearkey" && record.licenses[system]?.url !== undefined && (isOpen || pro === system);
	};
	return { sources, includes };
}
