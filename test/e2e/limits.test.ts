import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTENT_KEY, publishClip } from "../support/clip.ts";
import type { ClipOptions } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

/** Every request asks the viewer's object, so that nothing hides behind what an isolate remembers. */
const ALWAYS_ASK = { touch_seconds: 0 };

async function clipAccount(settings: Json = {}, clip: ClipOptions = {}): Promise<TestAccount> {
	const account = await gate.openAccount({ ...ALWAYS_ASK, ...settings });
	await publishClip(gate, account, { store: "r2", ...clip });
	return account;
}

type Outcomes = Readonly<Record<string, number>>;

/** How often each outcome came: `{ 200: 7, "use-limit": 193 }`. */
function tally(outcomes: readonly (string | number)[]): Outcomes {
	const counts: Record<string, number> = {};
	for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const inParallel = async (count: number, one: (index: number) => Promise<string | number>): Promise<Outcomes> =>
	tally(await Promise.all(times(count).map(one)));
const addressOf = (index: number): string => `198.51.100.${index + 1}`;

/** The runtime dies without a chance to write, and Miniflare starts it again. */
async function killRuntime(): Promise<void> {
	process.kill(gate.running.pid(), "SIGKILL");
	await eventually(async () => expect(await outcomeOf(ask(`${gate.url}/healthz`))).toBe(200), 100);
}

describe("maxu", () => {
	/** The URL that spends a use: the key of encrypted content, the multivariant playlist of clear content. */
	async function spender(protection: "aes128" | "", claims: Json): Promise<string> {
		const account = await clipAccount({ touch_seconds: 20 }, { protection });
		const url = account.masterUrl("clip", await account.sign(claims));
		return protection === "" ? url : (await openPlayback(url)).key;
	}

	it.each([
		{ what: "keys of encrypted content", protection: "aes128", claims: { maxu: 7 } },
		{
			what: "keys of encrypted content, for a viewer",
			protection: "aes128",
			claims: { maxu: 7, uid: "ann", climit: 1 },
		},
		{ what: "playlists of clear content", protection: "", claims: { maxu: 7 } },
	] as const)("of 7 lets exactly 7 of 200 parallel requests pass ($what)", async ({ protection, claims }) => {
		const url = await spender(protection, claims);
		expect(await inParallel(200, () => outcomeOf(ask(url)))).toEqual({ 200: 7, "use-limit": 193 });
	});

	it("is kept when the runtime is killed between requests", async () => {
		const url = await spender("", { maxu: 7 });
		expect(await inParallel(3, () => outcomeOf(ask(url)))).toEqual({ 200: 3 });
		await killRuntime();
		expect(await inParallel(2, () => outcomeOf(ask(url)))).toEqual({ 200: 2 });
		await killRuntime();
		expect(await inParallel(200, () => outcomeOf(ask(url)))).toEqual({ 200: 2, "use-limit": 198 });
		await killRuntime();
		expect(await inParallel(50, () => outcomeOf(ask(url)))).toEqual({ "use-limit": 50 });
	});

	it("is never exceeded when the runtime is killed in the midst of requests", async () => {
		const url = await spender("", { maxu: 7 });
		let allowed = 0;
		let kill = (): void => {};
		const firstAllowed = new Promise<void>((resolve) => (kill = resolve));
		const one = async (): Promise<string | number> => {
			const outcome = await outcomeOf(ask(url)).catch(() => "lost");
			if (outcome === 200) {
				allowed += 1;
				kill();
			}
			return outcome;
		};
		const batch = inParallel(100, one);
		await firstAllowed;
		await killRuntime();
		await batch;
		while ((await one()) !== "use-limit");
		expect(allowed).toBeGreaterThanOrEqual(1);
		expect(allowed).toBeLessThanOrEqual(7);
		expect(await inParallel(20, one)).toEqual({ "use-limit": 20 });
	});

	it("counts keys and nothing else of encrypted content", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxu: 1 }));
		const { key, rendition, segment, base } = await openPlayback(url);
		for (const free of [url, `${base}master.m3u8`, rendition, segment, rendition])
			expect(await outcomeOf(ask(free))).toBe(200);
		expect(await outcomeOf(ask(key))).toBe(200);
		expect(await outcomeOf(ask(key))).toBe("use-limit");
		for (const free of [url, rendition, segment]) expect(await outcomeOf(ask(free))).toBe(200);
	});

	it("is one count for a token, over all its sessions, grants and URLs", async () => {
		const account = await clipAccount();
		const token = await account.sign({ maxu: 3 });
		const [first, second] = [
			await openPlayback(account.masterUrl("clip", token), { ip: addressOf(1) }),
			await openPlayback(account.masterUrl("clip", token), { ip: addressOf(2) }),
		];
		const direct = `${account.videoUrl("clip")}/licenses/aes128/k1.key?bcov_auth=${token}`;
		for (const url of [first.key, second.key, direct]) expect(await outcomeOf(ask(url))).toBe(200);
		for (const url of [first.key, second.key, direct]) expect(await outcomeOf(ask(url))).toBe("use-limit");
	});

	it("counts playbacks, not requests, where the account says so", async () => {
		const account = await clipAccount({ use_counting: "playbacks" });
		const url = account.masterUrl("clip", await account.sign({ maxu: 2 }));
		const play = async (client: Client): Promise<Outcomes> => {
			const { key, renditions } = await openPlayback(url, client);
			for (const rendition of renditions) await outcomeOf(ask(rendition, client));
			return inParallel(6, () => outcomeOf(ask(key, client)));
		};
		expect(await play({ ip: addressOf(1) })).toEqual({ 200: 6 });
		expect(await play({ ip: addressOf(2) })).toEqual({ 200: 6 });
		expect(await play({ ip: addressOf(3) })).toEqual({ "use-limit": 6 });
		expect(await play({ ip: addressOf(1) })).toEqual({ 200: 6 });
	});

	it("counts a playback of clear content once, however often its playlist is loaded", async () => {
		const account = await clipAccount({ use_counting: "playbacks" }, { protection: "" });
		const url = account.masterUrl("clip", await account.sign({ maxu: 1 }));
		expect(await inParallel(5, () => outcomeOf(ask(url)))).toEqual({ 200: 5 });
		expect(await outcomeOf(ask(url, { ip: addressOf(1) }))).toBe("use-limit");
	});
});

describe("the other spellings of a spent token", () => {
	const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	/** Order of the P-256 group. */
	const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

	/** The same token with the signature (r, n - s), which verifies as well. */
	function aliasOf(parts: readonly string[]): string {
		const signature = Buffer.from(parts[2] ?? "", "base64url");
		const s = BigInt(`0x${signature.subarray(32).toString("hex")}`);
		const other = Buffer.from((ORDER - s).toString(16).padStart(64, "0"), "hex");
		return [parts[0], parts[1], Buffer.concat([signature.subarray(0, 32), other]).toString("base64url")].join(".");
	}

	async function spentToken(alg: "RS256" | "ES256") {
		const account = await clipAccount({}, { protection: "" });
		const token = await account.sign({ maxu: 1 }, { alg });
		expect(await outcomeOf(ask(account.masterUrl("clip", token)))).toBe(200);
		return { account, parts: token.split(".") };
	}

	it("(r, n - s) is a valid ES256 signature too, and counts as the same token", async () => {
		const { account, parts } = await spentToken("ES256");
		expect(await outcomeOf(ask(account.masterUrl("clip", aliasOf(parts))))).toBe("use-limit");
	});

	it("are revoked with the token", async () => {
		const account = await clipAccount();
		const token = await account.sign({}, { alg: "ES256" });
		const alias = aliasOf(token.split("."));
		expect(await outcomeOf(ask(account.masterUrl("clip", alias)))).toBe(200);
		await gate.manage("PUT", `${account.apiUrl}/blacklist/tokens/${alias}`);
		for (const spelling of [token, alias])
			expect(await outcomeOf(ask(account.masterUrl("clip", spelling)))).toBe("token-revoked");
	});
	it.each(["RS256", "ES256"] as const)("other trailing bits of an %s signature are refused", async (alg) => {
		const { account, parts } = await spentToken(alg);
		const [header = "", payload = "", signature = ""] = parts;
		const last = ALPHABET.indexOf(signature.at(-1) ?? "");
		// 256 and 64 bytes leave four bits of the last character unused.
		const spellings = times(16).map((bits) => signature.slice(0, -1) + ALPHABET[(last & 0x30) | bits]);
		const outcomes = spellings.map((each) => outcomeOf(ask(account.masterUrl("clip", `${header}.${payload}.${each}`))));
		expect(tally(await Promise.all(outcomes))).toEqual({ "token-malformed": 15, "use-limit": 1 });
	});

	it.each(["=", "==", "%0A", "%20", "."])(
		"a signature with %s behind it is refused or counts as the same",
		async (tail) => {
			const { account, parts } = await spentToken("RS256");
			expect(["token-malformed", "use-limit"]).toContain(
				await outcomeOf(ask(account.masterUrl("clip", parts.join(".") + tail))),
			);
		},
	);
});

describe("maxip", () => {
	it("of 3 lets exactly 3 of 50 addresses in, and these go on", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxip: 3 }));
		const outcomes = await Promise.all(times(50).map((index) => outcomeOf(ask(url, { ip: addressOf(index) }))));
		expect(tally(outcomes)).toEqual({ 200: 3, "ip-limit": 47 });
		const again = await Promise.all(times(50).map((index) => outcomeOf(ask(url, { ip: addressOf(index) }))));
		expect(again).toEqual(outcomes);
	});

	it.each([
		{ first: "2001:db8:1:2::1", second: "2001:db8:1:2:ffff::9", same: "the same /64" },
		{ first: "2001:db8:1:2::1", second: "2001:0DB8:0001:0002:0:0:0:2", same: "another spelling" },
		{ first: "203.0.113.5", second: "::ffff:203.0.113.5", same: "v4-mapped" },
		{ first: "::ffff:cb00:7105", second: "203.0.113.5", same: "v4-mapped in hexadecimal" },
	])("takes $first and $second for one address ($same)", async ({ first, second }) => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxip: 1 }));
		expect(await outcomeOf(ask(url, { ip: first }))).toBe(200);
		expect(await outcomeOf(ask(url, { ip: second }))).toBe(200);
		expect(await outcomeOf(ask(url, { ip: "2001:db8:1:3::1" }))).toBe("ip-limit");
	});

	it("counts IPv6 networks, however many addresses they have", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxip: 3 }));
		const outcomes = await inParallel(50, (index) =>
			outcomeOf(ask(url, { ip: `2001:db8:0:${index % 10}::${index + 1}` })),
		);
		expect(outcomes).toEqual({ 200: 15, "ip-limit": 35 });
	});

	it("holds under a grant that is passed on", async () => {
		const account = await clipAccount();
		const { segment, key } = await openPlayback(account.masterUrl("clip", await account.sign({ maxip: 1 })));
		for (const url of [segment, key]) {
			expect(await outcomeOf(ask(url, { ip: addressOf(1) }))).toBe("ip-limit");
			expect(await outcomeOf(ask(url))).toBe(200);
		}
	});
});

describe("dlimit", () => {
	const device = (id: string): Client => ({ headers: { "BCOV-Device-Id": id } });

	it("of 2 lets exactly 2 of 20 devices in, and these go on", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", dlimit: 2 }));
		const round = () => Promise.all(times(20).map((index) => outcomeOf(ask(url, device(`tv-${index}`)))));
		const first = await round();
		expect(tally(first)).toEqual({ 200: 2, "device-limit": 18 });
		expect(await round()).toEqual(first);
	});

	it("is one count for a viewer, over all tokens, and keeps known devices when it is lowered", async () => {
		const account = await clipAccount();
		const urlOf = async (dlimit: number) => account.masterUrl("clip", await account.sign({ uid: "ann", dlimit }));
		for (const id of ["tv", "phone"]) expect(await outcomeOf(ask(await urlOf(2), device(id)))).toBe(200);
		const lowered = await urlOf(1);
		for (const id of ["tv", "phone"]) expect(await outcomeOf(ask(lowered, device(id)))).toBe(200);
		expect(await outcomeOf(ask(lowered, device("laptop")))).toBe("device-limit");
		expect(await outcomeOf(ask(await urlOf(3), device("laptop")))).toBe(200);
	});

	it("knows a browser again by the cookie that it gave, at another address", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", dlimit: 1 }));
		const first = await ask(url, { ip: addressOf(1) });
		await first.arrayBuffer();
		const cookie = first.headers.get("Set-Cookie") ?? "";
		expect(cookie).toMatch(/^playgate_device=[^;]+; .*Secure; HttpOnly; SameSite=None/);
		const headers = { Cookie: cookie.split(";", 1)[0] ?? "" };
		expect(await outcomeOf(ask(url, { ip: addressOf(2), headers }))).toBe(200);
		expect(await outcomeOf(ask(url, { ip: addressOf(2) }))).toBe("device-limit");
		const forged = { Cookie: headers.Cookie.replace(/\.[^.]*$/, ".AAAAAAAAAAAAAAAAAAAAAA") };
		expect(await outcomeOf(ask(url, { ip: addressOf(2), headers: forged }))).toBe("device-limit");
	});
});

describe("climit", () => {
	// With 20 s the isolate remembers what it admitted, and must forget in time.
	const sizes = [1, 2, 3].flatMap((climit) =>
		[0, 20].flatMap((touch) => [
			{ climit, touch, named: "a sid", withSid: true },
			{ climit, touch, named: "no sid", withSid: false },
		]),
	);

	/** Opens the clip for viewer after viewer, each at an address and device of its own. */
	async function openOneByOne(account: TestAccount, count: number, claims: Json, withSid: boolean) {
		const viewers: { client: Client; url: string; segment: string }[] = [];
		for (const index of times(count)) {
			const client = { ip: addressOf(index), headers: { "BCOV-Device-Id": `device-${index}` } };
			const token = await account.sign({ uid: "ann", ...claims, ...(withSid ? { sid: `session ${index}` } : {}) });
			const url = account.masterUrl("clip", token);
			const segment = await openPlayback(url, client).then(
				(playback) => playback.segment,
				() => "",
			);
			viewers.push({ client, url, segment });
		}
		return viewers;
	}

	it.each(sizes)(
		"of $climit ends the oldest of one too many ($named, touch_seconds $touch)",
		async ({ climit, touch, withSid }) => {
			const account = await clipAccount({ touch_seconds: touch });
			const [oldest, ...others] = await openOneByOne(account, climit + 1, { climit }, withSid);
			expect(await outcomeOf(ask(oldest?.segment ?? "", oldest?.client))).toBe("stream-limit-renew");
			for (const { segment, client } of others) expect(await outcomeOf(ask(segment, client))).toBe(200);
			// What was ended stays so, until it is started anew.
			expect(await outcomeOf(ask(oldest?.segment ?? "", oldest?.client))).toBe("stream-limit-renew");
			expect(await outcomeOf(ask(oldest?.url ?? "", oldest?.client))).toBe(200);
			expect(await outcomeOf(ask(others[0]?.segment ?? "", others[0]?.client))).toBe("stream-limit-renew");
		},
	);

	it.each(sizes)(
		"of $climit with BLOCK_NEW refuses one too many ($named, touch_seconds $touch)",
		async ({ climit, touch, withSid }) => {
			const account = await clipAccount({ touch_seconds: touch });
			const viewers = await openOneByOne(account, climit + 1, { climit, cbeh: "BLOCK_NEW" }, withSid);
			const [last] = viewers.splice(-1);
			expect(await outcomeOf(ask(last?.url ?? "", last?.client))).toBe("stream-limit-create");
			for (const { segment, url, client } of viewers) {
				expect(await outcomeOf(ask(segment, client))).toBe(200);
				expect(await outcomeOf(ask(url, client))).toBe(200);
			}
		},
	);

	it.each([
		{ who: "the address and device of one that plays", ip: addressOf(0), device: "device-0", outcome: 200 },
		{ who: "its address, another device", ip: addressOf(0), device: "device-9", outcome: "stream-limit-create" },
		{ who: "its device, another address", ip: addressOf(9), device: "device-0", outcome: "stream-limit-create" },
		{ who: "another address and device", ip: addressOf(9), device: "device-9", outcome: "stream-limit-create" },
	])("of 2 with BLOCK_NEW_USER, full: a new session at $who: $outcome", async ({ ip, device, outcome }) => {
		const account = await clipAccount();
		const claims = { climit: 2, cbeh: "BLOCK_NEW_USER" };
		await openOneByOne(account, 2, claims, true);
		const token = await account.sign({ uid: "ann", ...claims, sid: "another session" });
		const client = { ip, headers: { "BCOV-Device-Id": device } };
		expect(await outcomeOf(ask(account.masterUrl("clip", token), client))).toBe(outcome);
	});

	it.each([
		{ cbeh: "BLOCK_NEW", outcomes: { 200: 3, "stream-limit-create": 27 } },
		{ cbeh: undefined, outcomes: { 200: 30 } },
	])("of 3 leaves exactly 3 alive of 30 that start together (cbeh $cbeh)", async ({ cbeh, outcomes }) => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 3, cbeh }));
		expect(await inParallel(30, (index) => outcomeOf(ask(url, { ip: addressOf(index) })))).toEqual(outcomes);
		const listed = await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann`);
		expect(await listed.json()).toHaveLength(3);
	});

	it("takes a grant in other hands for a session of its own", async () => {
		const account = await clipAccount();
		const client = { ip: addressOf(1), agent: "Player/1.0" };
		const shared = await openPlayback(
			account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW" })),
			client,
		);
		const strangers = times(5).map((index) =>
			outcomeOf(ask(shared.segment, { ip: addressOf(index + 10), agent: `Other/${index}` })),
		);
		expect(tally(await Promise.all(strangers))).toEqual({ "stream-limit-create": 5 });
		expect(await outcomeOf(ask(shared.segment, client))).toBe(200);
	});

	it("frees the place of a session that was not seen for session_ttl_seconds", async () => {
		const account = await clipAccount({ session_ttl_seconds: 2 });
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW" }));
		const [gone, next] = [{ ip: addressOf(1) }, { ip: addressOf(2) }];
		const { segment } = await openPlayback(url, gone);
		const isTaken = async (): Promise<void> => {
			expect(await outcomeOf(ask(url, next))).toBe(200);
			// The one who is gone may not come back under the old grant.
			expect(await outcomeOf(ask(segment, gone))).toBe("stream-limit-create");
		};
		await eventually(isTaken, 200);
	});

	it("keeps the place of a session that goes on after the runtime was killed", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW" }));
		const { segment } = await openPlayback(url, { ip: addressOf(1) });
		await killRuntime();
		expect(await outcomeOf(ask(url, { ip: addressOf(2) }))).toBe("stream-limit-create");
		expect(await outcomeOf(ask(segment, { ip: addressOf(1) }))).toBe(200);
	});
});

describe("a refused request spends nothing", () => {
	it.each([
		{
			of: "maxu and an address, when a device is one too many",
			claims: { uid: "ann", dlimit: 1, maxip: 2, maxu: 2 },
			refused: { ip: addressOf(2), headers: { "BCOV-Device-Id": "phone" } },
			reason: "device-limit",
			next: { ip: addressOf(3), headers: { "BCOV-Device-Id": "tv" } },
		},
		{
			of: "maxu and a device, when an address is one too many",
			claims: { uid: "ann", dlimit: 2, maxip: 1, maxu: 2 },
			refused: { ip: addressOf(2), headers: { "BCOV-Device-Id": "phone" } },
			reason: "ip-limit",
			next: { ip: addressOf(1), headers: { "BCOV-Device-Id": "laptop" } },
		},
		{
			of: "maxu, an address and a device, when a stream is one too many",
			claims: { uid: "ann", dlimit: 2, maxip: 2, maxu: 2, climit: 1, cbeh: "BLOCK_NEW" },
			refused: { ip: addressOf(2), agent: "Other/1.0", headers: { "BCOV-Device-Id": "phone" } },
			reason: "stream-limit-create",
			next: { ip: addressOf(1), headers: { "BCOV-Device-Id": "laptop" } },
		},
	])("of $of", async ({ claims, refused, reason, next }) => {
		const account = await clipAccount({}, { protection: "" });
		const url = account.masterUrl("clip", await account.sign(claims));
		expect(await outcomeOf(ask(url, { ip: addressOf(1), headers: { "BCOV-Device-Id": "tv" } }))).toBe(200);
		expect(await inParallel(5, () => outcomeOf(ask(url, refused)))).toEqual({ [reason]: 5 });
		expect(await outcomeOf(ask(url, next))).toBe(200);
		expect(await outcomeOf(ask(url, next))).toBe("use-limit");
	});

	it("of a session, when the token has no use left", async () => {
		const account = await clipAccount({}, { protection: "" });
		const spent = await account.sign({ uid: "ann", maxu: 1, climit: 1, cbeh: "BLOCK_NEW", sid: "a" });
		expect(await outcomeOf(ask(account.masterUrl("clip", spent)))).toBe(200);
		await gate.manage("DELETE", `${account.manageUrl}/sessions?uid=ann`);
		expect(await outcomeOf(ask(account.masterUrl("clip", spent)))).toBe("use-limit");
		expect(await (await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann`)).json()).toEqual([]);
	});
});

describe("in the midst of a playback of AES-128 content", () => {
	async function openForAnn(claims: Json) {
		const account = await clipAccount({ touch_seconds: 20 });
		const token = await account.sign({ uid: "ann", ...claims });
		const playback = await openPlayback(account.masterUrl("clip", token));
		const parts = [playback.rendition, playback.segment, playback.key];
		for (const url of parts) expect(await outcomeOf(ask(url))).toBe(200);
		return { account, token, playback, parts };
	}

	it.each([{ claims: { climit: 1 } }, { claims: { maxip: 5 } }, { claims: { climit: 1, sid: "living room/1" } }])(
		"its session is listed, and ended by an operator ($claims)",
		async ({ claims }) => {
			const { account, token, parts } = await openForAnn(claims);
			const place = `${account.manageUrl}/sessions`;
			const [session] = (await (await gate.manage("GET", `${place}?uid=ann`)).json()) as {
				session_id: string;
				end_viewer_id: string;
			}[];
			expect(session).toMatchObject({ end_viewer_id: "ann", video: "clip", stopped: false });
			const ended = await gate.manage("DELETE", `${place}/${encodeURIComponent(session?.session_id ?? "")}?uid=ann`);
			expect(ended.status).toBe(204);
			for (const url of parts) expect(await outcomeOf(ask(url))).toBe("session-ended");
			expect(await (await gate.manage("GET", `${place}?uid=ann`)).json()).toEqual([]);
			expect(await (await gate.manage("GET", `${place}?uid=ann&all=true`)).json()).toMatchObject([
				{ stopped: true, ended_by: "operator" },
			]);
			const fresh = await openPlayback(account.masterUrl("clip", token));
			expect(Buffer.from(await (await ask(fresh.key)).arrayBuffer())).toEqual(CONTENT_KEY);
			for (const url of parts) expect(await outcomeOf(ask(url))).toBe("session-ended");
		},
	);

	it("all sessions of a viewer are ended together, and no other viewer's", async () => {
		const { account, parts } = await openForAnn({ climit: 2 });
		const bob = await openPlayback(account.masterUrl("clip", await account.sign({ uid: "bob", climit: 2 })));
		expect((await gate.manage("DELETE", `${account.manageUrl}/sessions?uid=ann`)).status).toBe(204);
		for (const url of parts) expect(await outcomeOf(ask(url))).toBe("session-ended");
		expect(await outcomeOf(ask(bob.segment))).toBe(200);
	});

	it("its token is revoked, until it is taken off the list", async () => {
		const { account, token, parts } = await openForAnn({});
		const entry = `${account.apiUrl}/blacklist/tokens/${token}`;
		expect((await gate.manage("PUT", entry)).status).toBe(204);
		for (const url of [...parts, account.masterUrl("clip", token)])
			expect(await outcomeOf(ask(url))).toBe("token-revoked");
		expect((await gate.manage("DELETE", entry)).status).toBe(204);
		for (const url of parts) expect(await outcomeOf(ask(url))).toBe(200);
	});

	it("its viewer starts another stream, and the first stops at once", async () => {
		const { account, token, parts } = await openForAnn({ climit: 1 });
		const other = await openPlayback(account.masterUrl("clip", token), { ip: addressOf(1) });
		for (const url of parts) expect(await outcomeOf(ask(url))).toBe("stream-limit-renew");
		expect(await outcomeOf(ask(other.key, { ip: addressOf(1) }))).toBe(200);
	});

	it("a segment renews the session", async () => {
		const account = await clipAccount();
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 })));
		const lastSeen = async (): Promise<number> => {
			const [session] = (await (await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann`)).json()) as {
				last_seen: number;
			}[];
			return session?.last_seen ?? 0;
		};
		const before = await lastSeen();
		await eventually(async () => {
			expect(await outcomeOf(ask(segment))).toBe(200);
			expect(await lastSeen()).toBeGreaterThan(before);
		});
	});
});
