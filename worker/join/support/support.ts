import type { E2eeSessionRecord, ProviderName } from "../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { E2eeRequirements } from "../provider.ts";
import { type ClientBrowser, readBrowser } from "./browser.ts";
import { BROWSER_PRODUCTS, SUPPORT_RULES, type SdkRule, WEBKIT } from "./rules.ts";
import { type Version, compareNumbers, isAtLeast, parseVersion } from "./version.ts";

/** What a client says of itself in the body of a join, or in the headers of its provider's protocol. */
export interface NamedClient {
	readonly sdk: string | null;
	readonly version: string | null;
}

/** What the rules need of a session's record. */
export type SupportRecord = Pick<E2eeSessionRecord, "provider" | "browsers" | "least_versions">;

/**
 * Whether a client can encrypt end to end with the session's provider, as far as it says what it is: its SDK and version, its client hints and
 * its User-Agent. A program that says nothing passes, unless the record names browsers: it may join for an app. A client that lies
 * harms nobody but itself, for without encryption it can neither read the others nor be read.
 */
export function judgeSupport(headers: Headers, record: SupportRecord, client: NamedClient | null): Decision {
	const browser = readBrowser(headers);
	const sdk = client?.sdk ? ruleOf(record.provider, client.sdk) : undefined;
	const named = client?.sdk ? judgeSdk(record, client.sdk, client.version, browser) : allow();
	if (!named.allowed) return named;
	return sdk?.native ? allow() : judgeBrowser(record, browser);
}

/** An SDK alone: what a provider's own door knows of a client. */
export function judgeSdk(
	record: SupportRecord,
	name: string,
	version: string | null,
	browser: ClientBrowser | null,
): Decision {
	const rule = ruleOf(record.provider, name);
	const isOnWebKit = browser !== null && WEBKIT.includes(browser.product);
	const product = shownSdk(name, rule, isOnWebKit ? browser : null);
	if (rule?.least === null) return unsupported(product, `it has no end-to-end encryption; ${adviceOf(record)}`);
	const own = (isOnWebKit ? rule?.leastOnWebKit : undefined) ?? rule?.least ?? null;
	const least = later(own, leastOf(record, namesOf(name, rule)));
	const parsed = version === null ? null : parseVersion(version);
	const removed = rule?.removedIn === undefined ? null : parseVersion(rule.removedIn);
	if (parsed && removed && compareNumbers(parsed, removed) >= 0)
		return unsupported(
			product,
			`end-to-end encryption was removed from it in ${removed.text}; use a version before that`,
		);
	return judgeVersion(product, parsed, least);
}

function judgeBrowser(record: SupportRecord, browser: ClientBrowser | null): Decision {
	const { browsers } = record;
	if (browser === null) {
		return browsers.length === 0 ? allow() : unsupported("This client", onlyIn(record));
	}
	const { name } = BROWSER_PRODUCTS[browser.product];
	if (browsers.length > 0 && !browsers.includes(name)) return unsupported(browser.shown, onlyIn(record));
	const own = SUPPORT_RULES[record.provider].browsers[browser.product];
	if (own === null)
		return unsupported(browser.shown, `it has no end-to-end encryption with ${record.provider}; ${adviceOf(record)}`);
	const wanted = leastOf(record, [name]);
	const version = browser.version === null ? null : parseVersion(browser.version);
	// Of a browser that hides its version, only a version that the record asks for is missed.
	if (version === null && wanted === null) return allow();
	return judgeVersion(browser.shown, version, later(own, wanted));
}

const adviceOf = ({ provider }: SupportRecord): string => SUPPORT_RULES[provider].advice;
const onlyIn = ({ browsers }: SupportRecord): string => `the session may be joined with ${browsers.join(", ")} only`;
const unsupported = (product: string, detail: string) => refuse({ reason: "client-unsupported", product, detail });

function judgeVersion(product: string, version: Version | null, least: Version | null): Decision {
	if (least === null || (version && isAtLeast(version, least))) return allow();
	return refuse({ reason: "client-too-old", product, version: version?.text ?? null, leastVersion: least.text });
}

function ruleOf(provider: ProviderName, name: string): SdkRule | undefined {
	const wanted = name.trim().toLowerCase();
	return SUPPORT_RULES[provider].sdks.find((rule) => rule.name === wanted || rule.aliases.includes(wanted));
}

/** An SDK that the rules do not know is told as it names itself. */
function shownSdk(name: string, rule: SdkRule | undefined, webKit: ClientBrowser | null): string {
	if (rule === undefined) return name.trim().slice(0, 64);
	return webKit && rule.leastOnWebKit !== undefined ? `${rule.shown} in ${webKit.shown}` : rule.shown;
}

const namesOf = (name: string, rule: SdkRule | undefined): readonly string[] =>
	rule === undefined ? [name.trim().toLowerCase()] : [rule.name, ...rule.aliases];

/** The version that the record asks for, of a product that goes by any of these names. */
function leastOf({ least_versions }: SupportRecord, names: readonly string[]): Version | null {
	const wanted = Object.entries(least_versions).filter(([name]) => names.includes(name.trim().toLowerCase()));
	return wanted.reduce<Version | null>((least, [, version]) => latest(least, parseVersion(version)), null);
}

const later = (own: string | null, wanted: Version | null): Version | null =>
	latest(own === null ? null : parseVersion(own), wanted);

function latest(left: Version | null, right: Version | null): Version | null {
	if (left === null || right === null) return left ?? right;
	return compareNumbers(left, right) >= 0 ? left : right;
}

/** Of the vendors' SDKs, and so of the gate's own client: characters of JavaScript (reference: rtc 1.5). */
export const SECRET_LENGTH = { min_length: 8, max_length: 256 } as const;

/** What a participant's client must meet, as the answer of a join tells it. */
export function requirementsOf(record: SupportRecord): E2eeRequirements {
	const versions = new Map<string, string>();
	for (const { name, least } of SUPPORT_RULES[record.provider].sdks) if (least !== null) versions.set(name, least);
	for (const [name, version] of Object.entries(record.least_versions)) {
		const product = ruleOf(record.provider, name)?.name ?? name;
		versions.set(product, later(versions.get(product) ?? null, parseVersion(version))?.text ?? version);
	}
	return { required: true, secret: SECRET_LENGTH, least_versions: Object.fromEntries(versions) };
}
