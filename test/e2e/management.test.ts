import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { importPKCS8 } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTENT_KEY, HLS, publishClip } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import { secrets, startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

const jsonOf = async (answer: Response | Promise<Response>): Promise<unknown> => (await answer).json();

describe("the credential", () => {
	const places = [
		{ method: "GET", path: "/v1/accounts/a/keys" },
		{ method: "POST", path: "/v1/accounts/a/keys" },
		{ method: "GET", path: "/v1/accounts/a/blacklist" },
		{ method: "PUT", path: "/v1/accounts/a/blacklist/tokens/t" },
		{ method: "GET", path: "/manage/v1/accounts/a/settings" },
		{ method: "PUT", path: "/manage/v1/accounts/a/settings" },
		{ method: "PUT", path: "/manage/v1/accounts/a/videos/v" },
		{ method: "GET", path: "/manage/v1/accounts/a/videos" },
		{ method: "GET", path: "/manage/v1/accounts/a/sessions?uid=ann" },
		{ method: "DELETE", path: "/manage/v1/accounts/a/sessions?uid=ann" },
	];

	it.each(places)("is asked for by $method $path", async ({ method, path }) => {
		const missing = await ask(gate.url + path, { method });
		expect(missing.headers.get("WWW-Authenticate")).toBe('Bearer realm="playgate"');
		expect(await refusalOf(missing)).toMatchObject({
			status: 401,
			error_code: "UNAUTHORIZED",
			reason: "credentials-required",
		});
	});

	it.each([
		{ what: "another token", header: "Bearer another-token" },
		{ what: "its beginning", header: `Bearer ${secrets.ADMIN_TOKEN.slice(0, -1)}` },
		{ what: "more than it", header: `Bearer ${secrets.ADMIN_TOKEN}x` },
		{ what: "another case", header: `Bearer ${secrets.ADMIN_TOKEN.toUpperCase()}` },
		{ what: "another secret", header: `Bearer ${secrets.GRANT_SECRET}` },
	])("is not $what", async ({ header }) => {
		const answer = await ask(`${gate.url}/manage/v1/accounts/a/settings`, { headers: { Authorization: header } });
		expect(answer.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
		expect(await refusalOf(answer)).toMatchObject({ status: 401, reason: "credentials-invalid" });
	});

	it.each(["", "Bearer", "Bearer ", `Basic ${secrets.ADMIN_TOKEN}`, secrets.ADMIN_TOKEN])(
		"does not come as '%s'",
		async (header) => {
			const answer = await ask(`${gate.url}/manage/v1/accounts/a/settings`, { headers: { Authorization: header } });
			expect(await outcomeOf(answer)).toBe("credentials-required");
		},
	);

	it("is not a token of a viewer, nor taken from the query", async () => {
		const account = await gate.openAccount();
		const url = `${account.manageUrl}/settings`;
		expect(await outcomeOf(ask(url, { headers: { Authorization: `Bearer ${await account.sign()}` } }))).toBe(
			"credentials-invalid",
		);
		expect(await outcomeOf(ask(`${url}?access_token=${secrets.ADMIN_TOKEN}&bcov_auth=${secrets.ADMIN_TOKEN}`))).toBe(
			"credentials-required",
		);
	});

	it("is judged before the body is read", async () => {
		const answer = ask(`${gate.url}/manage/v1/accounts/a/settings`, { method: "PUT", body: "{" });
		expect(await outcomeOf(answer)).toBe("credentials-required");
	});
});

describe("a body", () => {
	const places = ["/manage/v1/accounts/a/settings", "/manage/v1/accounts/a/videos/v", "/v1/accounts/a/keys"];
	const methodOf = (place: string): string => (place.endsWith("/keys") ? "POST" : "PUT");

	it.each(
		places.flatMap((place) => [
			{ place, body: "", issue: "the body: must be JSON" },
			{ place, body: "{", issue: "the body: must be JSON" },
			{ place, body: "<a>", issue: "the body: must be JSON" },
			{ place, body: "null", issue: "the body: must be an object" },
			{ place, body: "[]", issue: "the body: must be an object" },
			{ place, body: '"text"', issue: "the body: must be an object" },
			{ place, body: "7", issue: "the body: must be an object" },
		]),
	)("$body of $place is refused: $issue", async ({ place, body, issue }) => {
		const refusal = await refusalOf(await gate.manage(methodOf(place), place, body));
		expect(refusal).toMatchObject({ status: 400, error_code: "BAD_REQUEST", reason: "record-invalid", message: issue });
	});

	it.each(places)("of more than a MiB is refused by %s", async (place) => {
		const refusal = await refusalOf(
			await gate.manage(methodOf(place), place, JSON.stringify({ value: "x".repeat(2 ** 20) })),
		);
		expect(refusal).toMatchObject({ status: 413, reason: "record-too-large" });
	});

	it.each(["..", "a b", "a%2fb", "-a", "%00", "é", "x".repeat(129)])(
		"for an account or record called '%s' is refused",
		async (name) => {
			const id = encodeURIComponent(decodeURIComponent(name));
			for (const path of [`/manage/v1/accounts/${id}/settings`, `/manage/v1/accounts/a/videos/${id}`]) {
				expect((await gate.manage("PUT", path, {})).status).toBeGreaterThanOrEqual(400);
			}
		},
	);
});

describe("keys", () => {
	const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
	const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const base64 = (key: KeyObject): string => key.export({ type: "spki", format: "der" }).toString("base64");
	const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }) as string;
	const wrapped = (text: string, end: string): string => text.replace(/.{64}/g, `$&${end}`);

	it.each([
		{ form: "base64 on one line", value: base64(rsa.publicKey), algorithm: "rsa", key: rsa.publicKey },
		{ form: "base64, wrapped", value: wrapped(base64(rsa.publicKey), "\n"), algorithm: "rsa", key: rsa.publicKey },
		{
			form: "base64, wrapped with CRLF",
			value: `${wrapped(base64(ec.publicKey), "\r\n")}\r\n`,
			algorithm: "ec",
			key: ec.publicKey,
		},
		{ form: "PEM", value: pem(rsa.publicKey), algorithm: "rsa", key: rsa.publicKey },
		{ form: "PEM of an EC key", value: pem(ec.publicKey), algorithm: "ec", key: ec.publicKey },
		{
			form: "PEM in PKCS #1",
			value: rsa.publicKey.export({ type: "pkcs1", format: "pem" }) as string,
			algorithm: "rsa",
			key: rsa.publicKey,
		},
	])("may be sent as $form, and are shown as base64 of SPKI", async ({ value, algorithm, key }) => {
		const { apiUrl, id } = await gate.openAccount();
		const added = await gate.manage("POST", `${apiUrl}/keys`, { value });
		expect(added.status).toBe(201);
		const shown = (await added.json()) as { id: string };
		expect(shown).toMatchObject({ type: "public", algorithm, value: base64(key) });
		expect(added.headers.get("Location")).toBe(`/v1/accounts/${id}/keys/${shown.id}`);
		expect(await jsonOf(gate.manage("GET", `${apiUrl}/keys/${shown.id}`))).toEqual(shown);
		expect(await jsonOf(gate.manage("GET", `${apiUrl}/keys`))).toContainEqual(shown);
	});

	it("may be longer than the metadata of KV", async () => {
		const account = await gate.openAccount();
		const long = generateKeyPairSync("rsa", { modulusLength: 5632 });
		const added = await gate.manage("POST", `${account.apiUrl}/keys`, { id: "long", value: base64(long.publicKey) });
		expect(added.status).toBe(201);
		const shown: unknown = await added.json();
		expect(await jsonOf(gate.manage("GET", `${account.apiUrl}/keys/long`))).toEqual(shown);
		expect(await jsonOf(gate.manage("GET", `${account.apiUrl}/keys`))).toContainEqual(shown);
		const key = await importPKCS8(long.privateKey.export({ type: "pkcs8", format: "pem" }) as string, "RS256");
		const token = await account.sign({}, { key });
		expect(await outcomeOf(ask(account.masterUrl("none", token)))).toBe("video-not-found");
	});

	it("keep their id: it takes no other key until it is free", async () => {
		const { apiUrl } = await gate.openAccount();
		const post = (key: KeyObject): Promise<Response> =>
			gate.manage("POST", `${apiUrl}/keys`, { id: "one", value: base64(key) });
		const first: unknown = await (await post(rsa.publicKey)).json();
		const again = await post(rsa.publicKey);
		expect([again.status, await again.json()]).toEqual([201, first]);
		const other = await refusalOf(await post(ec.publicKey));
		expect(other).toMatchObject({ status: 400, message: expect.stringMatching(/^id: there is another key/) as string });
		expect(await jsonOf(gate.manage("GET", `${apiUrl}/keys/one`))).toEqual(first);
		expect((await gate.manage("DELETE", `${apiUrl}/keys/one`)).status).toBe(204);
		expect((await post(ec.publicKey)).status).toBe(201);
	});

	it.each([
		{
			what: "a private key in PEM",
			value: rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
			message: /private key/,
		},
		{
			what: "a private key in base64",
			value: ec.privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
			message: /private key/,
		},
		{
			what: "a private key in PKCS #1",
			value: rsa.privateKey.export({ type: "pkcs1", format: "der" }).toString("base64"),
			message: /private key/,
		},
		{ what: "a private JWK", value: JSON.stringify(ec.privateKey.export({ format: "jwk" })), message: /private key/ },
		{
			what: "a short RSA key",
			value: base64(createPublicKey(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey)),
			message: /2048/,
		},
		{
			what: "a key on another curve",
			value: base64(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey),
			message: /P-256/,
		},
		{ what: "an Ed25519 key", value: base64(generateKeyPairSync("ed25519").publicKey), message: /Ed25519/ },
		{ what: "no base64", value: "not a key!", message: /base64/ },
		{ what: "nothing", value: "", message: /value/ },
		{ what: "no value", value: undefined, message: /^value: is missing$/ },
		{ what: "a number", value: 7, message: /value: must be a string/ },
	])("$what is refused, and neither stored nor repeated", async ({ value, message }) => {
		const { apiUrl, id } = await gate.openAccount();
		const answer = await gate.manage("POST", `${apiUrl}/keys`, { id: "bad", value });
		const refusal = await refusalOf(answer);
		expect(refusal).toMatchObject({
			status: 400,
			reason: "record-invalid",
			message: expect.stringMatching(/^value: /) as string,
		});
		expect(refusal.message).toMatch(message);
		const body = String(value)
			.replace(/-----[^-]*-----/g, "")
			.trim()
			.slice(0, 40);
		expect(body.length > 20 && refusal.message.includes(body)).toBe(false);
		expect((await gate.manage("GET", `${apiUrl}/keys/bad`)).status).toBe(404);
		const { keys } = await (await gate.running.miniflare.getKVNamespace("CATALOG")).list({ prefix: `key/${id}/` });
		expect(keys.map(({ name }) => name)).toEqual([`key/${id}/ec`, `key/${id}/rsa`]);
	});

	it("are in force at the next request, and out of force when they are deleted", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
		const key = (await crypto.subtle.importKey(
			"pkcs8",
			pair.privateKey.export({ type: "pkcs8", format: "der" }),
			{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
			false,
			["sign"],
		)) as CryptoKey;
		const url = account.masterUrl("clip", await account.sign({}, { key }));
		expect(await outcomeOf(ask(url))).toBe("token-invalid");
		await gate.manage("POST", `${account.apiUrl}/keys`, { id: "third", value: base64(pair.publicKey) });
		expect(await outcomeOf(ask(url))).toBe(200);
		expect((await gate.manage("DELETE", `${account.apiUrl}/keys/third`)).status).toBe(204);
		expect(await outcomeOf(ask(url))).toBe("token-invalid");
		expect((await gate.manage("DELETE", `${account.apiUrl}/keys/third`)).status).toBe(404);
	});
});

describe("settings", () => {
	const defaults = {
		tier: 3,
		require_exp: false,
		require_aud: false,
		max_token_lifetime_seconds: 2_592_000,
		clock_skew_seconds: 60,
		use_counting: "requests",
		session_ttl_seconds: 90,
		touch_seconds: 20,
		catalog_cache_seconds: 30,
		when_counters_fail: "deny",
		generic_stream_concurrency: true,
		audit: "all",
		jwks_url: null,
		allowed_origins: ["*"],
		fairplay_certificate: null,
	};

	it("have defaults, and each is replaced by what is put", async () => {
		const { manageUrl } = await gate.openAccount();
		const url = `${manageUrl}/settings`;
		expect(await jsonOf(gate.manage("GET", url))).toEqual(defaults);
		const put = await gate.manage("PUT", url, { tier: 2, touch_seconds: 5 });
		expect([put.status, await put.json()]).toEqual([200, { ...defaults, tier: 2, touch_seconds: 5 }]);
		expect(await jsonOf(gate.manage("PUT", url, { tier: 1 }))).toEqual({ ...defaults, tier: 1 });
		expect(await jsonOf(gate.manage("GET", url))).toEqual({ ...defaults, tier: 1 });
	});

	it.each([
		{ body: { tier: 4 }, issue: "tier: must be 1, 2 or 3" },
		{ body: { teir: 1 }, issue: "teir: is not a known field" },
		{ body: { touch_seconds: 1.5 }, issue: "touch_seconds: must be a whole number" },
		{ body: { touch_seconds: -1 }, issue: "touch_seconds: must be at least 0" },
		{ body: { touch_seconds: "5" }, issue: "touch_seconds: must be a number" },
		{ body: { session_ttl_seconds: 0 }, issue: "session_ttl_seconds: must be at least 1" },
		{ body: { use_counting: "views" }, issue: "use_counting: must be requests or playbacks" },
		{ body: { allowed_origins: ["https://a.example/"] }, issue: "allowed_origins[0]: must be" },
		{ body: { jwks_url: "ftp://a.example" }, issue: "jwks_url: must be" },
		{ body: { tier: 0, require_exp: 1 }, issue: "require_exp: must be true or false" },
	])("$body is refused: $issue", async ({ body, issue }) => {
		const { manageUrl } = await gate.openAccount({ tier: 2 });
		const refusal = await refusalOf(await gate.manage("PUT", `${manageUrl}/settings`, body));
		expect(refusal).toMatchObject({
			status: 400,
			reason: "record-invalid",
			message: expect.stringContaining(issue) as string,
		});
		expect(await jsonOf(gate.manage("GET", `${manageUrl}/settings`))).toMatchObject({ tier: 2 });
	});

	it("are in force at the next request", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 }));
		expect(await outcomeOf(ask(url))).toBe(200);
		await account.putSettings({ tier: 1 });
		expect(await outcomeOf(ask(url))).toBe("claim-not-enabled");
		await account.putSettings({ tier: 3, require_aud: true });
		expect(await outcomeOf(ask(url))).toBe("claim-missing");
	});
});

describe("videos", () => {
	const KEY = CONTENT_KEY.toString("base64");
	const source = {
		type: HLS,
		protection: "aes128",
		src: "https://origin.example/master.m3u8",
		keys: { "k1.key": KEY },
	};
	const licenses = { widevine: { url: "https://drm.example/wv", headers: { "x-auth": "a licence server's secret" } } };

	it("are created, listed, shown without secrets, replaced and deleted", async () => {
		const { manageUrl } = await gate.openAccount();
		const url = `${manageUrl}/videos/clip`;
		const created = await gate.manage("PUT", url, { name: "Clip", sources: [source], licenses });
		expect(created.status).toBe(201);
		for (const answer of [created, await gate.manage("GET", url)]) {
			const text = await answer.text();
			expect(text).not.toContain(KEY);
			expect(text).not.toContain("a licence server's secret");
			expect(JSON.parse(text)).toMatchObject({
				name: "Clip",
				state: "ACTIVE",
				sources: [{ keys: { "k1.key": "********" } }],
				licenses: { widevine: { headers: { "x-auth": "********" } } },
			});
		}
		expect(await jsonOf(gate.manage("GET", `${manageUrl}/videos`))).toEqual({ videos: [{ id: "clip" }], cursor: null });
		expect((await gate.manage("PUT", url, { name: "Clip, again" })).status).toBe(200);
		expect(await jsonOf(gate.manage("GET", url))).toMatchObject({ name: "Clip, again", sources: [] });
		expect((await gate.manage("DELETE", url)).status).toBe(204);
		expect([(await gate.manage("GET", url)).status, (await gate.manage("DELETE", url)).status]).toEqual([404, 404]);
	});

	it("have their secrets encrypted at rest", async () => {
		const account = await gate.openAccount();
		await account.putVideo("clip", { sources: [source], licenses });
		const stored = await (
			await gate.running.miniflare.getKVNamespace("CATALOG")
		).get(`video/${account.id}/clip`, "text");
		expect(stored).not.toContain(KEY);
		expect(stored).not.toContain("a licence server's secret");
	});

	it("keep a secret that is sent as its mask", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const url = `${account.manageUrl}/videos/clip`;
		const shown = (await jsonOf(gate.manage("GET", url))) as Json;
		expect((await gate.manage("PUT", url, { ...shown, name: "Renamed" })).status).toBe(200);
		const playback = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(Buffer.from(await (await ask(playback.key)).arrayBuffer())).toEqual(CONTENT_KEY);
	});

	const sources = (change: Json): Json => ({ sources: [{ ...source, ...change }] });
	it.each([
		{
			body: sources({ src: "ftp://origin.example/a" }),
			issue: "sources[0].src: must start with https:// or r2://BINDING/",
		},
		{ body: sources({ src: "http://origin.example/a" }), issue: "sources[0].src: must start with https://" },
		{ body: sources({ src: "https://user:pass@origin.example/a" }), issue: "sources[0].src: must start with https://" },
		{ body: sources({ src: undefined }), issue: "sources[0].src: is missing" },
		{ body: sources({ type: "video/ogg" }), issue: "sources[0].type: must be application/x-mpegURL" },
		{ body: sources({ protection: "aes" }), issue: 'sources[0].protection: must be one of "", "aes128"' },
		{
			body: sources({ keys: { "k1.key": "short" } }),
			issue: "sources[0].keys.k1.key: must be base64 of exactly 16 bytes",
		},
		{ body: sources({ keys: { "a/k1.key": KEY } }), issue: "sources[0].keys.a/k1.key: must be the last path segment" },
		{
			body: sources({ keys: { "k2.key": "********" } }),
			issue: "sources[0].keys.k2.key: the mask stands for a stored value",
		},
		{
			body: sources({ keys: { "k1.key": "sealed:AAAA" } }),
			issue: "sources[0].keys.k1.key: was sealed for another video",
		},
		{ body: sources({ colour: "red" }), issue: "sources[0].colour: is not a known field" },
		{ body: { sources: {} }, issue: "sources: must be a list" },
		{ body: { state: "active" }, issue: "state: must be ACTIVE or INACTIVE" },
		{
			body: { schedule: { starts_at: 1_795_000_000_000 } },
			issue: "schedule.starts_at: must be seconds since 1970, not milliseconds",
		},
		{ body: { segments: "origin" }, issue: "segments: must be" },
		{ body: { id: "another" }, issue: 'id: must be "clip", as in the path' },
		{ body: { account_id: "another" }, issue: "account_id: must be" },
		{ body: { tags: ["a", 1] }, issue: "tags[1]: must be a string" },
	])("are refused with the path of the mistake: $issue", async ({ body, issue }) => {
		const { manageUrl } = await gate.openAccount();
		const refusal = await refusalOf(await gate.manage("PUT", `${manageUrl}/videos/clip`, body));
		expect(refusal).toMatchObject({
			status: 400,
			reason: "record-invalid",
			message: expect.stringContaining(issue) as string,
		});
		expect(refusal.message).not.toContain(KEY);
		expect((await gate.manage("GET", `${manageUrl}/videos/clip`)).status).toBe(404);
	});

	it("tell all mistakes at once", async () => {
		const { manageUrl } = await gate.openAccount();
		const body = { state: "on", sources: [source, { ...source, type: "x" }, { ...source, src: "x" }] };
		const { message } = await refusalOf(await gate.manage("PUT", `${manageUrl}/videos/clip`, body));
		for (const place of ["state: ", "sources[1].type: ", "sources[2].src: "]) expect(message).toContain(place);
	});

	it("do not take a secret that was sealed for another video", async () => {
		const account = await gate.openAccount();
		await account.putVideo("one", { sources: [source] });
		const stored = await (
			await gate.running.miniflare.getKVNamespace("CATALOG")
		).get(`video/${account.id}/one`, "text");
		const sealed = /"(sealed:[^"]+)"/.exec(stored ?? "")?.[1] ?? "";
		const answer = await gate.manage("PUT", `${account.manageUrl}/videos/two`, sources({ keys: { "k1.key": sealed } }));
		expect(await outcomeOf(answer)).toBe("record-invalid");
	});

	it("have a reference id that moves with them, and is no other video's", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const { sources: kept } = (await jsonOf(gate.manage("GET", `${account.manageUrl}/videos/clip`))) as Json;
		const token = await account.sign({ conid: "clip" });
		const byReference = (name: string) => outcomeOf(ask(account.masterUrl(`ref:${name}`, token)));
		await account.putVideo("clip", { reference_id: "first", sources: kept });
		expect(await byReference("first")).toBe(200);
		const taken = await gate.manage("PUT", `${account.manageUrl}/videos/other`, { reference_id: "first" });
		expect((await refusalOf(taken)).message).toContain('reference_id: already names the video "clip"');
		await account.putVideo("clip", { reference_id: "second", sources: kept });
		expect([await byReference("first"), await byReference("second")]).toEqual(["video-not-found", 200]);
		await account.putVideo("other", { reference_id: "first", sources: [] });
		expect(await byReference("first")).toBe("video-not-in-token");
		await gate.manage("DELETE", `${account.manageUrl}/videos/clip`);
		expect(await byReference("second")).toBe("video-not-found");
	});

	it("are in force at the next request", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const { sources: kept } = (await jsonOf(gate.manage("GET", `${account.manageUrl}/videos/clip`))) as Json;
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		await account.putVideo("clip", { state: "INACTIVE", sources: kept });
		expect(await outcomeOf(ask(segment))).toBe("video-not-active");
		await account.putVideo("clip", { sources: kept });
		expect(await outcomeOf(ask(segment))).toBe(200);
		await gate.manage("DELETE", `${account.manageUrl}/videos/clip`);
		expect(await outcomeOf(ask(segment))).toBe("video-not-found");
		await account.putVideo("clip", { sources: [] });
		expect(await outcomeOf(ask(segment))).toBe("resource-not-found");
	});
});

describe("sessions", () => {
	it("are told of a viewer, with who plays what from where", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign({ uid: "ann@a.example", climit: 2, sid: "s/1" });
		await openPlayback(account.masterUrl("clip", token), {
			ip: "198.51.100.1",
			agent: "TV/1.0",
			headers: { "BCOV-Device-Id": "tv" },
		});
		const url = `${account.manageUrl}/sessions?uid=${encodeURIComponent("ann@a.example")}`;
		expect(await jsonOf(gate.manage("GET", url))).toEqual([
			{
				session_id: "s/1",
				end_viewer_id: "ann@a.example",
				video: "clip",
				started_at: expect.any(Number) as number,
				last_seen: expect.any(Number) as number,
				stopped: false,
				ended_by: null,
				device: "tv",
				user_agent: "TV/1.0",
				address: "198.51.100.1",
			},
		]);
		expect(await jsonOf(gate.manage("GET", `${account.manageUrl}/sessions?uid=bob`))).toEqual([]);
	});

	it("need a viewer's name, and a session that there is", async () => {
		const { manageUrl } = await gate.openAccount();
		for (const method of ["GET", "DELETE"])
			expect(await outcomeOf(gate.manage(method, `${manageUrl}/sessions`))).toBe("bad-request");
		expect(await outcomeOf(gate.manage("DELETE", `${manageUrl}/sessions/none?uid=ann`))).toBe("resource-not-found");
		expect(await outcomeOf(gate.manage("DELETE", `${manageUrl}/sessions?uid=ann`))).toBe(204);
	});
});

describe("the blacklist", () => {
	it("takes tokens, lists them, tells of each, and lets them go", async () => {
		const account = await gate.openAccount();
		const [first, second] = [await account.sign(), await account.sign({}, { alg: "ES256" })];
		const entry = (token: string) => `${account.apiUrl}/blacklist/tokens/${token}`;
		const list = () => jsonOf(gate.manage("GET", `${account.apiUrl}/blacklist`));
		expect(await list()).toEqual([]);
		expect((await gate.manage("GET", entry(first))).status).toBe(404);
		for (const token of [first, second, first]) expect((await gate.manage("PUT", entry(token))).status).toBe(204);
		const listed = (await list()) as { token: string }[];
		expect(listed.map(({ token }) => token).toSorted()).toEqual([first, second].toSorted());
		expect((await gate.manage("GET", entry(first))).status).toBe(204);
		expect((await gate.manage("DELETE", entry(first))).status).toBe(204);
		expect((await gate.manage("DELETE", entry(first))).status).toBe(404);
		expect((await gate.manage("GET", entry(first))).status).toBe(404);
		expect(await list()).toEqual([{ token: second }]);
	});

	it("is each account's own", async () => {
		const [one, other] = [await gate.openAccount(), await gate.openAccount()];
		const token = await one.sign();
		await gate.manage("PUT", `${one.apiUrl}/blacklist/tokens/${token}`);
		expect((await gate.manage("GET", `${other.apiUrl}/blacklist/tokens/${token}`)).status).toBe(404);
	});

	it("refuses what is no token", async () => {
		const { apiUrl } = await gate.openAccount();
		for (const method of ["PUT", "GET", "DELETE"]) {
			expect(await outcomeOf(gate.manage(method, `${apiUrl}/blacklist/tokens/abc`))).toBe("bad-request");
		}
	});
});
