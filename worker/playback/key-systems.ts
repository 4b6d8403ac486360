import type { Account } from "../catalog/catalog.ts";
import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import { LICENSE_PATHS, type LicenseSystem } from "../manifest/dash.ts";
import { licenseSystems } from "./license-systems.ts";

const NAMES: Readonly<Record<LicenseSystem, string>> = {
	clearkey: "org.w3.clearkey",
	widevine: "com.widevine.alpha",
	playready: "com.microsoft.playready",
	fairplay: "com.apple.fps.1_0",
};

/**
 * `key_systems` of a source in the video JSON (reference: wire facts 4.3), or null when the gate licences it for none.
 *
 * @param base of the source's grant, `https://<gate>/g/<grant>/`
 */
export function keySystems(
	source: Source,
	record: VideoRecord,
	account: Account,
	base: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> | null {
	const systems = [...licenseSystems(source, record)];
	if (systems.length === 0) return null;
	return Object.fromEntries(
		systems.map((system) => {
			const url = base + LICENSE_PATHS[system];
			const links =
				system === "fairplay"
					? { key_request_url: url, ...certificateLink(record, account, new URL(base).origin) }
					: { license_url: url };
			return [NAMES[system], links];
		}),
	);
}

/** Not below the grant: the certificate outlives it, and players keep it by its URL. */
function certificateLink(record: VideoRecord, account: Account, origin: string): Readonly<Record<string, string>> {
	const place = `${origin}/playback/v1/accounts/${account.id}`;
	if (record.licenses.fairplay?.certificate !== undefined)
		return { certificate_url: `${place}/videos/${record.id}/fairplay_app_cert` };
	return account.settings.fairplay_certificate === null ? {} : { certificate_url: `${place}/fairplay_app_cert` };
}
