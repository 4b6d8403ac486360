import { type Decision, allow, refuse } from "../../../decision/decision.ts";

// Rules by which a network limits the sessions that its clients may join (reference: rtc 3.1). The headers stand on the request that opens
// the signalling connection; whatever in them cannot be read lets nobody in.

export const APP_KEYS_HEADER = "X-Amzn-Chime-App-Keys";
export const TENANTS_HEADER = "X-Amzn-Chime-Tenants";

/** The two headers as HTTP gives them: lines that were repeated are joined by a comma; null where there is none. */
export interface NetworkHeaders {
	readonly appKeys: string | null;
	readonly tenants: string | null;
}

/** Whose session it is. Without an AppKey no header names it. */
export interface SessionTenancy {
	readonly appKey: string | null;
	readonly tenantIds: readonly string[];
}

type Parsed<T> = { readonly value: T } | { readonly fault: string };

export function readNetworkHeaders(headers: Headers): NetworkHeaders {
	return { appKeys: headers.get(APP_KEYS_HEADER), tenants: headers.get(TENANTS_HEADER) };
}

/**
 * Judges a session by what a network allows. The two headers are judged each on its own, AppKeys first, and both must agree.
 * Comparison is exact, upper and lower case and all.
 */
export function judgeNetwork({ appKeys, tenants }: NetworkHeaders, session: SessionTenancy): Decision {
	const byAppKey = appKeys === null ? allow() : judgeAppKeys(parseAppKeys(appKeys), session);
	if (!byAppKey.allowed || tenants === null) return byAppKey;
	return judgeTenants(parseTenants(tenants), session);
}

/** What the gate itself tells the signalling service of the session: its own AppKey, and its own tenants. */
export function ownNetworkHeaders({ appKey, tenantIds }: SessionTenancy): ReadonlyMap<string, string> {
	const own = new Map<string, string>();
	if (appKey === null) return own;
	own.set(APP_KEYS_HEADER, appKey);
	if (tenantIds.length > 0) own.set(TENANTS_HEADER, `${appKey}:${tenantIds.join(",")}`);
	return own;
}

function judgeAppKeys(parsed: Parsed<ReadonlySet<string>>, { appKey }: SessionTenancy): Decision {
	if ("fault" in parsed) return refuse({ reason: "chime-app-key-refused", detail: parsed.fault });
	return appKey !== null && parsed.value.has(appKey)
		? allow()
		: refuse({ reason: "chime-app-key-refused", detail: "it does not name the session's AppKey" });
}

function judgeTenants(
	parsed: Parsed<ReadonlyMap<string, ReadonlySet<string>>>,
	{ appKey, tenantIds }: SessionTenancy,
): Decision {
	if ("fault" in parsed) return refuse({ reason: "chime-tenant-refused", detail: parsed.fault });
	const allowed = appKey === null ? undefined : parsed.value.get(appKey);
	if (!allowed || tenantIds.some((id) => allowed.has(id))) return allow();
	const detail =
		tenantIds.length === 0
			? "it limits the session's AppKey to tenants, and the session has no TenantIds"
			: "it names none of the session's TenantIds";
	return refuse({ reason: "chime-tenant-refused", detail });
}

/** `key1, key2`. Empty elements of a list count for nothing (RFC 9110 section 5.6.1), a list of nothing else is a fault. */
export function parseAppKeys(header: string): Parsed<ReadonlySet<string>> {
	const keys = elementsOf(header, ",");
	if (keys.length === 0) return { fault: "it is empty" };
	const odd = keys.findIndex((key) => !APP_KEY.test(key));
	return odd < 0 ? { value: new Set(keys) } : { fault: `its AppKey ${odd + 1} has a character that no AppKey has` };
}

/**
 * `key1:tenant1,tenant2;key2:tenant3`. A segment that repeats an AppKey adds to it. Lines that were repeated are joined by a comma, and
 * no tenant id has a colon: an element with one therefore begins the next segment.
 */
export function parseTenants(header: string): Parsed<ReadonlyMap<string, ReadonlySet<string>>> {
	const tenants = new Map<string, Set<string>>();
	const segments = elementsOf(header, ";");
	for (const [index, segment] of segments.entries()) {
		const fault = readSegment(segment, tenants);
		if (fault !== null) return { fault: `in its segment ${index + 1} ${fault}` };
	}
	return tenants.size === 0 ? { fault: "it is empty" } : { value: tenants };
}

/** Adds to `tenants`; a text when the segment is none. */
function readSegment(segment: string, tenants: Map<string, Set<string>>): string | null {
	const elements = elementsOf(segment, ",");
	let open: Set<string> | null = null;
	for (const element of elements) {
		const colon = element.indexOf(":");
		if (colon >= 0) {
			const key = trim(element.slice(0, colon));
			if (!APP_KEY.test(key)) return "no AppKey stands before the colon";
			open = tenants.get(key) ?? new Set();
			tenants.set(key, open);
		}
		if (open === null) return "a tenant stands without an AppKey and a colon before it";
		const tenant = trim(element.slice(colon + 1));
		if (tenant === "" && colon >= 0) return NO_TENANT;
		if (!TENANT_ID.test(tenant)) return "a tenant has a character that no TenantId has";
		open.add(tenant);
	}
	return null;
}

const NO_TENANT = "an AppKey has no tenant";
/** Nothing that separates, no white space, no control character. */
const APP_KEY = /^[^\s:;,\p{C}]+$/u;
/** The alphabet of a TenantId (reference: rtc 3.2). Its length and runs are judged where one is made: what cannot exist matches nothing. */
const TENANT_ID = /^[-_!@#$a-zA-Z0-9]+$/;

/** Only spaces and tabs are optional white space (RFC 9110 section 5.6.3). */
function trim(text: string): string {
	let [start, end] = [0, text.length];
	while (start < end && isBlank(text[start])) start += 1;
	while (end > start && isBlank(text[end - 1])) end -= 1;
	return text.slice(start, end);
}

const isBlank = (character: string | undefined): boolean => character === " " || character === "\t";

const elementsOf = (text: string, separator: string): readonly string[] =>
	text
		.split(separator)
		.map(trim)
		.filter((element) => element !== "");
