import type { HostPreference } from "./rules.ts";

/** Whether an absolute URL leads to a host that is preferred. */
export function isPreferredHost(url: string, preference: HostPreference): boolean {
	const parsed = URL.parse(url);
	if (parsed === null) return false;
	const { host, hostname } = parsed;
	if ("part" in preference) return hostname.includes(preference.part);
	const { domain } = preference;
	return host === domain || hostname === domain || hostname.endsWith(`.${domain}`);
}
