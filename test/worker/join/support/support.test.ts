import { describe, expect, it } from "vitest";
import type { Refusal } from "../../../../worker/decision/refusals.ts";
import { wireError } from "../../../../worker/decision/wire.ts";
import { BROWSERS, PROVIDERS } from "../../../../worker/catalog/e2ee-session-record.ts";
import { BROWSER_PRODUCTS, SUPPORT_RULES } from "../../../../worker/join/support/rules.ts";
import { type SupportRecord, judgeSupport, requirementsOf } from "../../../../worker/join/support/support.ts";
import { parseVersion } from "../../../../worker/join/support/version.ts";

const AGENTS = {
	chrome: (version: string) =>
		`Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`,
	edge: (version: string) =>
		`Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36 Edg/${version}`,
	safari: (version: string) =>
		`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`,
	ie: (version: string) => `Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:${version}) like Gecko`,
	firefox: (version: string) => `Mozilla/5.0 (X11; Linux x86_64; rv:${version}) Gecko/20100101 Firefox/${version}`,
	chromeOnIos: (version: string) =>
		`Mozilla/5.0 (iPhone; CPU iPhone OS ${version.replace(".", "_")} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1`,
	ipad: () =>
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/96 Version/11.1.1 Safari/605.1.15",
	program: () => "curl/8.5.0",
};

type Case = readonly [keyof typeof AGENTS, string];

function judged(
	record: Partial<SupportRecord> & Pick<SupportRecord, "provider">,
	[agent, version]: Case,
	client: { sdk: string | null; version: string | null } | null = null,
): Refusal | null {
	const headers = new Headers({ "User-Agent": AGENTS[agent](version) });
	const decision = judgeSupport(headers, { browsers: [], least_versions: {}, ...record }, client);
	return decision.allowed ? null : decision.refusal;
}

const tooOld = (product: string, version: string | null, leastVersion: string) => ({
	reason: "client-too-old",
	product,
	version,
	leastVersion,
});
const unsupported = (product: string) =>
	({ reason: "client-unsupported", product, detail: expect.any(String) }) as const;

describe("browsers that can encrypt", () => {
	it.each<readonly [(typeof PROVIDERS)[number], Case, object | null]>([
		["webrtc", ["chrome", "86.0"], null],
		["webrtc", ["chrome", "85.0.4183.127"], tooOld("Chrome", "85.0.4183.127", "86")],
		["webrtc", ["safari", "15.4"], null],
		["webrtc", ["safari", "15.3"], tooOld("Safari", "15.3", "15.4")],
		["webrtc", ["firefox", "117.0"], null],
		["webrtc", ["ie", "11.0"], unsupported("Internet Explorer")],
		["vonage", ["ie", "11.0"], unsupported("Internet Explorer")],
		["webrtc", ["firefox", "116.0"], tooOld("Firefox", "116.0", "117")],
		["webrtc", ["chromeOnIos", "15.3"], tooOld("Chrome on iOS", "15.3", "15.4")],
		["webrtc", ["chromeOnIos", "16.1"], null],
		["webrtc", ["ipad", ""], null],
		["webrtc", ["program", ""], null],
		["chime", ["firefox", "116.0"], tooOld("Firefox", "116.0", "117")],
		["vonage", ["firefox", "130.0"], unsupported("Firefox")],
		["vonage", ["chrome", "120.0"], null],
		["vonage", ["safari", "17.0"], null],
		["sora", ["chrome", "88.0"], tooOld("Chrome", "88.0", "89")],
		["sora", ["edge", "89.0"], null],
		["sora", ["safari", "17.0"], unsupported("Safari")],
		["sora", ["chromeOnIos", "17.0"], unsupported("Chrome on iOS")],
		["sora", ["firefox", "130.0"], unsupported("Firefox")],
	])("with %s: %j", (provider, browser, refusal) => {
		expect(judged({ provider }, browser)).toEqual(refusal);
	});

	it("are those that the record names, where it does", () => {
		const record = { provider: "webrtc", browsers: ["chrome", "safari"] } as const;
		expect(judged(record, ["chrome", "120.0"])).toBeNull();
		expect(judged(record, ["chromeOnIos", "17.0"])).toBeNull();
		expect(judged(record, ["firefox", "130.0"])).toEqual(unsupported("Firefox"));
		expect(judged(record, ["program", ""])).toEqual(unsupported("This client"));
	});

	it("are as new as the record wants, and never older than the table says", () => {
		const record = { provider: "webrtc", least_versions: { Chrome: "120", safari: "14" } } as const;
		expect(judged(record, ["chrome", "119.0"])).toEqual(tooOld("Chrome", "119.0", "120"));
		expect(judged(record, ["chrome", "120.0"])).toBeNull();
		expect(judged(record, ["safari", "15.0"])).toEqual(tooOld("Safari", "15.0", "15.4"));
		expect(judged(record, ["ipad", ""])).toEqual(tooOld("Chrome on iOS", null, "15.4"));
		expect(judged(record, ["firefox", "117.0"])).toBeNull();
	});
});

describe("SDKs that can encrypt", () => {
	const chrome: Case = ["chrome", "120.0"];
	it.each<readonly [(typeof PROVIDERS)[number], string, string | null, Case, object | null]>([
		["vonage", "opentok.js", "2.35.2", chrome, null],
		["vonage", "OpenTok.js", "js-2.27.0", chrome, null],
		["vonage", "@vonage/client-sdk-video", "2.30.3", ["safari", "17.0"], null],
		["vonage", "opentok.js", "2.26.4", chrome, tooOld("OpenTok.js", "2.26.4", "2.27.0")],
		["vonage", "opentok.js", "2.9.0", chrome, tooOld("OpenTok.js", "2.9.0", "2.27.0")],
		["vonage", "opentok.js", "2.27.0-beta.1", chrome, tooOld("OpenTok.js", "2.27.0-beta.1", "2.27.0")],
		["vonage", "opentok.js", null, chrome, tooOld("OpenTok.js", null, "2.27.0")],
		["vonage", "opentok.js", "x".repeat(64), chrome, tooOld("OpenTok.js", null, "2.27.0")],
		["vonage", "opentok.js", "2.29.0", ["safari", "17.0"], tooOld("OpenTok.js in Safari", "2.29.0", "2.30.0")],
		[
			"vonage",
			"opentok.js",
			"2.29.0",
			["chromeOnIos", "17.0"],
			tooOld("OpenTok.js in Chrome on iOS", "2.29.0", "2.30.0"),
		],
		["vonage", "opentok.js", "2.35.2", ["firefox", "130.0"], unsupported("Firefox")],
		["vonage", "opentok.js", "2.35.2", ["program", ""], null],
		["vonage", "opentok-react-native", "2.26.2", ["program", ""], tooOld("OpenTok React Native", "2.26.2", "2.27.0")],
		["vonage", "opentok-android-sdk", "2.27.1", ["program", ""], null],
		["vonage", "acme-app", "1.0", chrome, null],
		["sora", "sora-js-sdk", "2023.1.0", chrome, null],
		["sora", "sora-js-sdk", "2024.1.0-canary.0", chrome, null],
		["sora", "sora-js-sdk", "2024.2.0", chrome, unsupported("sora-js-sdk")],
		["sora", "sora-js-sdk", "2024.2.0-canary.1", chrome, unsupported("sora-js-sdk")],
		["sora", "Sora JavaScript SDK", "2026.1.0", chrome, unsupported("sora-js-sdk")],
		["sora", "sora-js-sdk", "2019.9.9", chrome, tooOld("sora-js-sdk", "2019.9.9", "2020.1.0")],
		["sora", "sora-ios-sdk", "2025.1.0", ["program", ""], unsupported("Sora iOS SDK")],
		["sora", "Sora Rust SDK", "2026.1.0", ["program", ""], unsupported("Sora Rust SDK")],
		["chime", "amazon-chime-sdk-js", "2.29.1", chrome, tooOld("amazon-chime-sdk-js", "2.29.1", "3.0.0")],
		["chime", "amazon-chime-sdk-js", "3.32.0", chrome, null],
		["webrtc", "anything", "0", chrome, null],
	])("with %s: %s %s in %j", (provider, sdk, version, browser, refusal) => {
		expect(judged({ provider }, browser, { sdk, version })).toEqual(refusal);
	});

	it("are as new as the record wants, by whatever name it or they use", () => {
		const record = { provider: "vonage", least_versions: { "@opentok/client": "2.31.0", "acme-app": "3.2" } } as const;
		const said = (sdk: string, version: string | null) => judged(record, chrome, { sdk, version });
		expect(said("opentok.js", "2.30.0")).toEqual(tooOld("OpenTok.js", "2.30.0", "2.31.0"));
		expect(said("opentok.js", "2.31.0")).toBeNull();
		expect(said("Acme-App", "3.1.9")).toEqual(tooOld("Acme-App", "3.1.9", "3.2"));
		expect(said("acme-app", null)).toEqual(tooOld("acme-app", null, "3.2"));
		expect(said("acme-app", "3.2")).toBeNull();
	});

	it.each(["constructor", "__proto__", "toString", "", " "])("may be called %j", (sdk) => {
		expect(judged({ provider: "vonage" }, chrome, { sdk, version: "1" })).toBeNull();
	});
});

describe("what a client is told", () => {
	it("names the product and the least version", () => {
		const refusal = judged({ provider: "vonage" }, ["chrome", "120.0"], { sdk: "opentok.js", version: "2.26.4" });
		expect(refusal && wireError(refusal, "problem").message).toBe(
			"OpenTok.js 2.26.4 is too old to join an encrypted session: it must be 2.27.0 or later.",
		);
	});

	it.each([
		[
			"vonage",
			"Firefox cannot join this encrypted session: it has no end-to-end encryption with vonage; use Chrome, Edge, Opera, Samsung Internet or Safari.",
		],
		[
			"sora",
			"Firefox cannot join this encrypted session: it has no end-to-end encryption with sora; use Chrome or Edge.",
		],
	] as const)("says what else would do with %s", (provider, message) => {
		const refusal = judged({ provider }, ["firefox", "130.0"]);
		expect(refusal && wireError(refusal, "problem").message).toBe(message);
	});

	it("has the least versions of its SDKs, and of what the record asks for", () => {
		const record = {
			provider: "vonage",
			browsers: [],
			least_versions: { "@opentok/client": "2.31.0", chrome: "120", constructor: "1" },
		} as const;
		expect(requirementsOf(record)).toMatchObject({
			required: true,
			secret: { min_length: 8, max_length: 256 },
			least_versions: { "opentok.js": "2.31.0", "opentok-ios": "2.27.0", chrome: "120", constructor: "1" },
		});
		expect(requirementsOf({ provider: "webrtc", browsers: [], least_versions: {} }).least_versions).toEqual({});
	});
});

describe("the table", () => {
	it.each(PROVIDERS)("has versions that can be read, and no name twice: %s", (provider) => {
		const { browsers, sdks } = SUPPORT_RULES[provider];
		const versions = [
			...Object.values(browsers),
			...sdks.flatMap(({ least, leastOnWebKit = null, removedIn = null }) => [least, leastOnWebKit, removedIn]),
		];
		for (const version of versions) expect(version === null || parseVersion(version) !== null).toBe(true);
		const names = sdks.flatMap(({ name, aliases }) => [name, ...aliases]);
		expect(names).toEqual([...new Set(names)].map((name) => name.toLowerCase()));
	});

	it("has a product for each browser that a record may name", () => {
		const named = new Set(Object.values(BROWSER_PRODUCTS).map(({ name }) => name));
		expect([...named].toSorted()).toEqual([...BROWSERS].toSorted());
	});
});
