import { describe, expect, it } from "vitest";
import {
	SESSION_PURPOSE,
	acceptE2eeSession,
	maskE2eeSession,
	openIceServers,
	openSessionSecret,
	readE2eeSession,
	writeE2eeSession,
} from "../../../worker/catalog/e2ee-session.ts";
import { type E2eeSessionRecord, PROVIDERS } from "../../../worker/catalog/e2ee-session-record.ts";
import { Sealer } from "../../../worker/sealing.ts";

const sealer = new Sealer("a content secret", SESSION_PURPOSE);
const place = { account: "acme", id: "room-1", local: false, nowMs: 1000 };
const SESSION = "2_MX40NTMyODc3Mn5-MTY3OTk5OTk5OTk5OX4";
const MEETING = "2f6a4f5e-1c1b-4a5e-9d39-0242ac130003";

type Input = Readonly<Record<string, unknown>>;

function accepted(input: Input, more: Partial<Parameters<typeof acceptE2eeSession>[1]> = {}): E2eeSessionRecord {
	const result = acceptE2eeSession(input, { ...place, ...more }, sealer);
	if (!result.ok) throw new Error(result.issues.join("\n"));
	return result.value;
}

function issuesOf(input: unknown, more: Partial<Parameters<typeof acceptE2eeSession>[1]> = {}): readonly string[] {
	const result = acceptE2eeSession(input, { ...place, ...more }, sealer);
	return result.ok ? [] : result.issues;
}

const vonage = (part: Input = {}) => ({ provider: "vonage", vonage: { api_key: "123", session_id: SESSION, ...part } });
const sora = (part: Input = {}) => ({
	provider: "sora",
	sora: { channel_id: "room-1", signaling_urls: ["wss://sora.example/signaling"], ...part },
});
const chime = (part: Input = {}) => ({ provider: "chime", chime: part });
const webrtc = (part: Input = {}) => ({ provider: "webrtc", webrtc: part });

describe("a session that users write", () => {
	it("needs nothing but its provider, where that has defaults", () => {
		expect(accepted({ provider: "webrtc" })).toEqual({
			id: "room-1",
			account_id: "acme",
			name: "",
			provider: "webrtc",
			status: "open",
			status_changed_at: 1000,
			starts_at: null,
			ends_at: null,
			max_participants: null,
			max_stay_seconds: null,
			lobby: false,
			single_use: false,
			default_role: "publisher",
			roles: ["subscriber", "publisheronly", "publisher"],
			identity: "newest",
			reconnect_seconds: 30,
			ticket_seconds: 60,
			join_url: null,
			playback_rights_id: null,
			tags: [],
			custom_fields: {},
			least_versions: {},
			browsers: [],
			...Object.fromEntries(PROVIDERS.map((provider) => [provider, null])),
			webrtc: { mode: "room", endpoint: null, endpoint_token: null, ice_servers: [] },
			created_at: null,
			updated_at: null,
		});
		expect(accepted({ provider: "chime" }).chime).toEqual({
			region: "us-east-1",
			meeting_id: null,
			app_key: null,
			tenant_ids: [],
			signaling_url: null,
			headers: "check",
		});
	});

	it("has its base URLs without a slash at the end, whichever way they are written", () => {
		const part = (api_url: string) => accepted(vonage({ application_id: MEETING, api_url })).vonage?.api_url;
		expect([part("https://x.example/"), part("https://x.example/a//")]).toEqual([
			"https://x.example",
			"https://x.example/a",
		]);
	});

	it.each([
		["vonage", vonage({ application_id: MEETING, api_url: "https://anvil.opentok.com" })],
		["vonage without API key", { provider: "vonage", vonage: { application_id: MEETING, session_id: SESSION } }],
		["sora", sora({ mode: "redirect" })],
		["a channel of 255 bytes", sora({ channel_id: "é".repeat(127) + "x" })],
		["chime", chime({ region: "eu-central-1", meeting_id: MEETING, app_key: "a".repeat(64), tenant_ids: ["org-1"] })],
		["chime in a government region", chime({ region: "us-gov-west-1" })],
		["five tenants", chime({ tenant_ids: ["ab", "aaab", "a-b_c!@#$", "x".repeat(3) + "yx", "zz"] })],
		["an SFU", webrtc({ mode: "whip", endpoint: "https://sfu.example/whip", endpoint_token: "t" })],
		["the endpoint of a room, unused", webrtc({ mode: "room", endpoint: "https://sfu.example/whip" })],
		["parts of other providers that are null", { provider: "webrtc", vonage: null, sora: null, chime: null }],
		["parts of other providers", { provider: "webrtc", vonage: { api_key: "1", session_id: SESSION } }],
		["a page with a fragment", { provider: "webrtc", join_url: "https://app.example/room-1#lang=de" }],
		["least versions", { provider: "webrtc", least_versions: { chrome: "120", "opentok.js": "2.30.0.1" } }],
		["browsers", { provider: "webrtc", browsers: ["chrome", "safari"] }],
	])("may be of %s", (_, input) => {
		expect(issuesOf(input)).toEqual([]);
	});

	it.each<readonly [unknown, string]>([
		[[], "the body: must be an object"],
		[{}, "provider: is missing"],
		[{ provider: "zoom" }, `provider: must be one of ${PROVIDERS.join(", ")}`],
		[{ provider: "webrtc", secret: "x" }, "secret: is not a known field"],
		[{ provider: "vonage" }, "vonage: is missing"],
		[{ provider: "sora", sora: null }, "sora: is missing"],
		[
			{ provider: "webrtc", vonage: { api_key: "key", session_id: SESSION } },
			"vonage.api_key: must be a project's API key: digits only",
		],
		[{ provider: "webrtc", status: "closed" }, "status: must be open, locked or ended"],
		[{ provider: "webrtc", id: "room-2" }, 'id: must be "room-1", as in the path'],
		[{ provider: "webrtc", account_id: "other" }, 'account_id: must be "acme", as in the path'],
		[{ provider: "webrtc", starts_at: 20, ends_at: 20 }, "ends_at: must be after starts_at"],
		[{ provider: "webrtc", starts_at: "2026-01-01" }, "starts_at: must be a number"],
		[{ provider: "webrtc", ends_at: 1_795_000_000_000 }, "ends_at: must be seconds since 1970, not milliseconds"],
		[{ provider: "webrtc", max_participants: 0 }, "max_participants: must be at least 1"],
		[{ provider: "webrtc", max_stay_seconds: 1.5 }, "max_stay_seconds: must be a whole number"],
		[{ provider: "webrtc", lobby: "yes" }, "lobby: must be true or false"],
		[
			{ provider: "webrtc", default_role: "host" },
			"default_role: must be one of subscriber, publisheronly, publisher, moderator",
		],
		[
			{ provider: "webrtc", roles: ["publisher", "x"] },
			"roles[1]: must be one of subscriber, publisheronly, publisher, moderator",
		],
		[
			{ provider: "webrtc", join_url: "http://app.example/" },
			"join_url: must be an absolute https:// URL without user name and password",
		],
		[{ provider: "webrtc", join_url: "http://127.0.0.1/" }, "join_url: must start with https://"],
		[
			{ provider: "webrtc", join_url: "https://u:p@app.example/" },
			"join_url: must be an absolute https:// URL without user name and password",
		],
		[
			{ provider: "webrtc", join_url: "javascript:alert(1)" },
			"join_url: must be an absolute https:// URL without user name and password",
		],
		[
			{ provider: "webrtc", least_versions: { chrome: "new" } },
			"least_versions.chrome: must be a version such as 2.27.0: one to four numbers with dots between them",
		],
		[
			{ provider: "webrtc", browsers: ["netscape"] },
			"browsers[0]: must be one of chrome, edge, safari, firefox, opera, samsung, webview",
		],
		[
			vonage({ session_id: "1_a/b" }),
			"vonage.session_id: must be a session id as Vonage gives them: 1 to 255 of A-Z a-z 0-9 _ ~ = . + -",
		],
		[vonage({ api_key: "k1" }), "vonage.api_key: must be a project's API key: digits only"],
		[vonage({ api_key: null }), "vonage: must have api_key or application_id"],
		[vonage({ api_url: "https://x.example/?a=b" }), "vonage.api_url: must not have a query (?)"],
		[
			vonage({ api_url: "wss://x.example" }),
			"vonage.api_url: must be an absolute https:// URL without user name and password",
		],
		[sora({ channel_id: "é".repeat(128) }), "sora.channel_id: must be at most 255 bytes in UTF-8"],
		[sora({ channel_id: "" }), "sora.channel_id: must not be empty"],
		[sora({ channel_id: "a\u0000b" }), "sora.channel_id: must not have control characters"],
		[sora({ signaling_urls: [] }), "sora.signaling_urls: must name at least one URL"],
		[
			sora({ signaling_urls: ["ws://sora.example/"] }),
			"sora.signaling_urls[0]: must be an absolute wss:// URL without user name and password",
		],
		[sora({ signaling_urls: ["ws://127.0.0.1:5000/"] }), "sora.signaling_urls[0]: must start with wss://"],
		[sora({ mode: "relay" }), "sora.mode: must be redirect or proxy"],
		[chime({ region: "Frankfurt" }), "chime.region: must be a region of AWS such as eu-central-1"],
		[chime({ meeting_id: "m-1" }), "chime.meeting_id: must be a UUID such as 0b0e8a1c-....-....-....-............"],
		[chime({ app_key: "a,b" }), "chime.app_key: must be printable ASCII without blank , : and ;"],
		[chime({ tenant_ids: ["a"] }), "chime.tenant_ids[0]: must be at least 2 characters"],
		[chime({ tenant_ids: ["x1".repeat(129)] }), "chime.tenant_ids[0]: must be at most 256 characters"],
		[chime({ tenant_ids: ["ok", "aaaa"] }), "chime.tenant_ids[1]: must not have a character four times in a row"],
		[chime({ tenant_ids: ["a b"] }), "chime.tenant_ids[0]: must be of A-Z a-z 0-9 - _ ! @ # $ only"],
		[chime({ tenant_ids: ["aa", "bb", "cc", "dd", "ee", "ff"] }), "chime.tenant_ids: must have at most 5 entries"],
		[
			chime({ signaling_url: "https://x.example" }),
			"chime.signaling_url: must be an absolute wss:// URL without user name and password",
		],
		[chime({ signaling_url: "wss://x.example/#a" }), "chime.signaling_url: must not have a fragment (#)"],
		[webrtc({ mode: "sfu" }), "webrtc.mode: must be room, whip or whep"],
		[webrtc({ mode: "whep" }), "webrtc.endpoint: is missing, which whep needs"],
		[webrtc({ endpoint_token: "a b" }), "webrtc.endpoint_token: must be printable ASCII without blanks"],
		[
			webrtc({ ice_servers: Array.from({ length: 9 }, () => ({ urls: "stun:s.example" })) }),
			"webrtc.ice_servers: must have at most 8 entries",
		],
		[
			webrtc({ ice_servers: [{ urls: "turn:t.example" }] }),
			"webrtc.ice_servers[0]: must have username and credential, for browsers refuse TURN without them",
		],
	])("is refused: %j", (input, issue) => {
		expect(issuesOf(input)).toEqual([issue]);
	});

	it.each(["stun:s.example", "STUN:s.example:3478", "stuns:[2001:db8::1]:5349", "stun:192.0.2.1"])(
		"has the ICE server %s",
		(urls) => {
			expect(accepted(webrtc({ ice_servers: [{ urls }] })).webrtc?.ice_servers).toEqual([{ urls: [urls] }]);
		},
	);

	it.each(["turn:t.example:3478?transport=udp", "turns:t.example:443?transport=tcp", "turn:[::1]"])(
		"has the ICE server %s, with credentials",
		(urls) => {
			const server = { urls: [urls, "stun:s.example"], username: "u", credential: "p" };
			expect(issuesOf(webrtc({ ice_servers: [server] }))).toEqual([]);
		},
	);

	it.each([
		"http://s.example",
		"stun://s.example",
		"stun:",
		"stun:s.example:0",
		"stun:s.example:65536",
		"stun:s.example?transport=udp",
		"turn:u@t.example",
		"turn:t.example?transport=tls",
		"turn:t.example/path",
		"turn:t.example\n",
		"turn:-t.example",
	])("has no ICE server %j", (urls) => {
		const server = { urls: [urls], username: "u", credential: "p" };
		expect(issuesOf(webrtc({ ice_servers: [server] }))).toEqual([
			"webrtc.ice_servers[0].urls[0]: must be a URL such as stun:host:3478, turn:host:3478?transport=udp or turns:host:443",
		]);
	});

	it("may ask the machine itself without TLS in the local environment", () => {
		const local = { local: true };
		expect(
			issuesOf(
				{ ...webrtc({ mode: "whip", endpoint: "http://127.0.0.1:9/whip" }), join_url: "http://localhost/" },
				local,
			),
		).toEqual([]);
		expect(issuesOf(sora({ signaling_urls: ["ws://[::1]:5000/signaling"] }), local)).toEqual([]);
		expect(issuesOf(sora({ signaling_urls: ["ws://10.0.0.1/signaling"] }), local)).not.toEqual([]);
	});

	it("names mistakes by their place in a file of several", () => {
		expect(issuesOf({ provider: "sora" }, { at: "accounts[0].e2ee_sessions[2]" })).toEqual([
			"accounts[0].e2ee_sessions[2].sora: is missing",
		]);
	});

	it("has a new time of its status when that is another one, and keeps it else", () => {
		const stored = accepted({ provider: "webrtc" });
		const later = { nowMs: 2000, stored };
		expect(accepted({ provider: "webrtc", status_changed_at: 7 }, later).status_changed_at).toBe(1000);
		expect(accepted({ provider: "webrtc", status: "locked" }, later).status_changed_at).toBe(2000);
	});

	it("may be sent back as it is shown", () => {
		const session = accepted(webrtc({ ice_servers: [{ urls: "turn:t.example", username: "u", credential: "p" }] }));
		const shown = JSON.parse(JSON.stringify(maskE2eeSession(session))) as Input;
		expect(accepted(shown, { stored: session })).toEqual(session);
	});
});

describe("the secrets of a session", () => {
	const server = { urls: ["turn:t.example"], username: "u", credential: "pa55" };
	const input = webrtc({
		mode: "whip",
		endpoint: "https://sfu.example/whip",
		endpoint_token: "t0ken",
		ice_servers: [server],
	});

	it("are sealed, shown as a mask, and opened", () => {
		const session = accepted(input);
		const text = writeE2eeSession(session);
		expect(text).not.toMatch(/t0ken|pa55/);
		expect(maskE2eeSession(session).webrtc).toMatchObject({
			endpoint_token: "********",
			ice_servers: [{ ...server, credential: "********" }],
		});
		const read = readE2eeSession(text, sealer);
		if (!read.ok) throw new Error(read.issues.join());
		expect(read.value).toEqual(session);
		expect(openSessionSecret(read.value.webrtc?.endpoint_token ?? "", read.value, sealer)).toBe("t0ken");
		expect(openIceServers(read.value, sealer).webrtc?.ice_servers).toEqual([server]);
	});

	it.each([4096])("of %d characters can be read again", (length) => {
		const long = webrtc({ mode: "whip", endpoint: "https://sfu.example/whip", endpoint_token: "t".repeat(length) });
		expect(readE2eeSession(writeE2eeSession(accepted(long)), sealer).ok).toBe(true);
		expect(issuesOf(webrtc({ endpoint_token: "t".repeat(length + 1) }))).toEqual([
			"webrtc.endpoint_token: must be at most 4096 characters",
		]);
	});

	it("cannot be kept where there are none", () => {
		expect(issuesOf(webrtc({ endpoint_token: "********" }))).toEqual([
			"webrtc.endpoint_token: the mask stands for a stored value, and there is none; give the value",
		]);
	});

	it("of another session, or sealed with another secret, make the record unreadable", () => {
		const text = writeE2eeSession(accepted(input));
		expect(readE2eeSession(text.replaceAll("room-1", "room-2"), sealer).ok).toBe(false);
		expect(readE2eeSession(text, new Sealer("another", SESSION_PURPOSE)).ok).toBe(false);
	});
});
