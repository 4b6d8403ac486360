import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import type { ClipOptions } from "../support/clip.ts";
import { eventually } from "../support/patience.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "all" });
});
afterAll(() => gate.stop());

async function clipAccount(settings: Json = {}, clip: ClipOptions = {}): Promise<TestAccount> {
	const account = await gate.openAccount(settings);
	await publishClip(gate, account, { store: "r2", ...clip });
	return account;
}

const HOME4 = { ip: "198.51.100.1" };
const HOME6 = { ip: "2001:db8:0:1::1" };
const AWAY4 = { ip: "192.0.2.9" };
const AWAY6 = { ip: "2001:db8:0:9::1" };

/** Isolates remember what was admitted for twenty seconds, or for none. */
const TOUCHES = [{ touch_seconds: 20 }, { touch_seconds: 0 }];
const TOKENS = [{ maxip: 1 }, { maxip: 1, uid: "ann" }];
const CASES = TOUCHES.flatMap((settings) => TOKENS.map((claims) => ({ settings, claims })));

describe("maxip, addresses of one playback", () => {
	it.each(CASES)("in both families are one, by its grant alone ($settings, $claims)", async ({ settings, claims }) => {
		const account = await clipAccount(settings);
		const url = account.masterUrl("clip", await account.sign(claims));
		const { rendition, segments, key } = await openPlayback(url, HOME4);
		const [first = "", second = ""] = segments;
		expect(await outcomeOf(ask(url, HOME6))).toBe("ip-limit");
		expect(await outcomeOf(ask(first, { ...HOME6, agent: "Other/1.0" }))).toBe("ip-limit");
		for (const part of [first, key, rendition]) expect(await outcomeOf(ask(part, HOME6))).toBe(200);
		for (const part of [second, key, url]) expect(await outcomeOf(ask(part, HOME4))).toBe(200);
		expect(await outcomeOf(ask(url, HOME6))).toBe(200);
		for (const part of [first, second, key, rendition, url]) {
			expect(await outcomeOf(ask(part, AWAY4))).toBe("ip-limit");
			expect(await outcomeOf(ask(part, AWAY6))).toBe("ip-limit");
		}
	});

	it.each(CASES)("do not replace each other by default ($settings, $claims)", async ({ settings, claims }) => {
		const account = await clipAccount(settings);
		const url = account.masterUrl("clip", await account.sign({ ...claims, maxip: 2 }));
		const { segment } = await openPlayback(url, HOME4);
		expect(await outcomeOf(ask(segment, AWAY4))).toBe(200);
		expect(await outcomeOf(ask(segment, { ip: "203.0.113.99" }))).toBe("ip-limit");
		expect(await outcomeOf(ask(url, HOME4))).toBe(200);
	});

	it.each(CASES)("replace each other where the account counts by session ($settings, $claims)", async (one) => {
		const account = await clipAccount({ ...one.settings, ip_counting: "sessions" });
		const url = account.masterUrl("clip", await account.sign(one.claims));
		const { segment, key, rendition } = await openPlayback(url, HOME4);
		for (const client of [AWAY4, AWAY6, { ip: "203.0.113.98" }, { ip: "203.0.113.99" }])
			for (const part of [segment, key, rendition]) expect(await outcomeOf(ask(part, client))).toBe(200);
		for (const left of [HOME4, AWAY4]) {
			expect(await outcomeOf(ask(segment, left))).toBe("ip-limit");
			expect(await outcomeOf(ask(url, left))).toBe("ip-limit");
		}
		expect(await outcomeOf(ask(segment, { ip: "203.0.113.99" }))).toBe(200);
	});

	it("of many who share a grant, at once, let one in for each place", async () => {
		const account = await clipAccount({ touch_seconds: 0, ip_counting: "sessions" });
		const url = account.masterUrl("clip", await account.sign({ maxip: 2 }));
		const tv = { ip: "198.51.100.1", agent: "Television/1.0" };
		await openPlayback(url, tv);
		const { segment } = await openPlayback(url, HOME4);
		const clients = Array.from({ length: 30 }, (_, index) => ({ ip: `192.0.2.${index + 1}` }));
		await Promise.all(clients.map((client) => outcomeOf(ask(segment, client))));
		const starts = await Promise.all(clients.map((client) => outcomeOf(ask(url, client))));
		expect(starts.filter((outcome) => outcome === 200)).toHaveLength(1);
		expect(await outcomeOf(ask(url, tv))).toBe(200);
	});

	it.each(["distinct", "sessions"])(
		"of many who share a grant are never more than maxip of a family (%s)",
		async (how) => {
			const account = await clipAccount({ touch_seconds: 0, ip_counting: how });
			const { segment } = await openPlayback(account.masterUrl("clip", await account.sign({ maxip: 3 })), HOME4);
			const clients = Array.from({ length: 40 }, (_, index) =>
				index % 2 === 0 ? { ip: `192.0.2.${index + 1}` } : { ip: `2001:db8:1:${index}::1` },
			);
			const round = () =>
				Promise.all(clients.map(async (each) => ({ ip: each.ip, outcome: await outcomeOf(ask(segment, each)) })));
			for (let rounds = 0; rounds < 3; rounds++) await round();
			const last = await round();
			expect(new Set(last.map(({ outcome }) => outcome))).toEqual(new Set([200, "ip-limit"]));
			const passed = last.filter(({ outcome }) => outcome === 200).map(({ ip }) => ip);
			const ofIpv6 = passed.filter((ip) => ip.includes(":")).length;
			expect(ofIpv6).toBeLessThanOrEqual(3);
			expect(passed.length - ofIpv6).toBeLessThanOrEqual(3);
		},
	);

	it("leave no address to be read in the grant", async () => {
		const account = await clipAccount();
		const { base } = await openPlayback(account.masterUrl("clip", await account.sign({ maxip: 1 })), HOME4);
		const grant = decodeURIComponent(new URL(base).pathname.split("/")[2] ?? "");
		expect(Buffer.from(grant.split(".")[0] ?? "", "base64url").toString()).not.toContain(HOME4.ip);
	});
});

const CHROME: Client = {
	...HOME4,
	agent:
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
	headers: { "BCOV-Device-Id": "laptop" },
};
const PHONE: Client = { ...AWAY4, agent: "Phone/1.0", headers: { "BCOV-Device-Id": "phone" } };
const FULL = { uid: "ann", climit: 1, cbeh: "BLOCK_NEW" };
const LIST = { conflicts: "list", viewer_may_end_sessions: true };

const CLEAR_KEY = { "00000000000000000000000000000001": "00000000000000000000000000000002" };

async function bothAccount(settings: Json): Promise<TestAccount> {
	const account = await clipAccount(settings);
	const src = `${gate.origin.url}/${account.id}/film.mpd`;
	const sources = [{ type: "application/dash+xml", protection: "clearkey", src, keys: CLEAR_KEY }];
	await account.putVideo("film", { sources });
	return account;
}

const heartbeat = (account: TestAccount, token: string, query = ""): Promise<Response> =>
	ask(`${gate.url}/api/v1/accounts/${account.id}/sessions${query}`, {
		...PHONE,
		method: "POST",
		headers: { Authorization: `Bearer ${token}` },
		body: JSON.stringify({ video: "clip" }),
	});
const license = (account: TestAccount, token: string, query = ""): Promise<Response> =>
	ask(`${account.videoUrl("film")}/licenses/clearkey?bcov_auth=${token}${query}`, {
		...PHONE,
		method: "POST",
		body: JSON.stringify({ kids: ["AAAAAAAAAAAAAAAAAAAAAQ"], type: "temporary" }),
	});

/** As whoever wants to know an address would make it of every one there is. */
const hashOf = (facts: readonly string[]): string =>
	createHash("sha256").update(facts.join("\n")).digest("base64url").slice(0, 32);

describe("conflicts: list", () => {
	const expected = (change: Json = {}) => [
		{
			session_id: expect.any(String),
			device: "laptop",
			device_name: "Chrome on Windows",
			video: "clip",
			started_at: expect.any(Number),
			...change,
		},
	];

	it("tells in a manifest's refusal what plays, and pages may read it", async () => {
		const account = await clipAccount(LIST);
		const url = account.masterUrl("clip", await account.sign(FULL));
		await openPlayback(url, CHROME);
		const answer = await ask(url, { ...PHONE, headers: { Origin: "https://www.example" } });
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
		const refusal = await refusalOf(answer);
		expect(refusal).toMatchObject({ status: 403, error_subcode: "DENIED_BY_STREAM_LIMIT_CREATE" });
		expect(refusal).toHaveProperty("conflicts", expected());
		expect(JSON.stringify(refusal)).not.toContain(HOME4.ip);
		const logged = () => gate.logLines.filter((line) => line.includes(refusal.decision_id));
		await eventually(() => expect(logged().join()).toContain("stream-limit-create"));
		expect(logged().join()).not.toMatch(/conflicts|laptop/);
	});

	it("tells it in the answers of licences and heartbeats, each in its form", async () => {
		const account = await bothAccount(LIST);
		await openPlayback(account.masterUrl("clip", await account.sign(FULL)), CHROME);
		const token = await account.sign({ ...FULL, sid: "phone" });
		const [ofLicense] = (await (await license(account, token)).json()) as Json[];
		expect(ofLicense).toMatchObject({ error: "Denied by stream limiting (create)", conflicts: expected() });
		const ofHeartbeat = (await (await heartbeat(account, token)).json()) as { error: Json };
		expect(ofHeartbeat.error).toMatchObject({ sub_code: "MAX_CONCURRENCY", conflicts: expected() });
	});

	it("calls a device what the Devices API calls it", async () => {
		const account = await clipAccount(LIST);
		const url = account.masterUrl("clip", await account.sign({ ...FULL, dlimit: 5 }));
		await openPlayback(url, CHROME);
		const place = `${account.apiUrl}/users/ann/devices/laptop`;
		expect((await gate.manage("PATCH", place, { name: "Ann's laptop" })).status).toBe(204);
		expect(await refusalOf(await ask(url, PHONE))).toHaveProperty(
			"conflicts",
			expected({ device_name: "Ann's laptop" }),
		);
	});

	it("tells a session that had to go what plays instead", async () => {
		const account = await clipAccount({ ...LIST, touch_seconds: 0 });
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 }));
		const { segment } = await openPlayback(url, PHONE);
		await openPlayback(url, CHROME);
		const refusal = await refusalOf(await ask(segment, PHONE));
		expect(refusal).toMatchObject({ reason: "stream-limit-renew" });
		expect(refusal).toHaveProperty("conflicts", expected());
	});

	it("tells no address, nor what it could be found from by trying all", async () => {
		const account = await clipAccount(LIST);
		const url = account.masterUrl("clip", await account.sign({ ...FULL, uid: undefined }));
		await openPlayback(url, HOME4);
		const told = await (await ask(url, PHONE)).text();
		expect(told).toContain('"session_id":"auto:');
		const facts = ["Player/1.0", HOME4.ip];
		for (const fact of [HOME4.ip, ...[facts, [...facts, "clip"]].map(hashOf)]) expect(told).not.toContain(fact);
	});

	it.each([
		["a page", "<img src=x onerror=alert(1)>/1", "Unknown device"],
		["very long", `${"A".repeat(6000)}/1`, "Unknown device"],
		["not ASCII", "P\u00e9\u00ff/1 (x)", expect.any(String)],
	])("calls a player whose User-Agent is %s something that can be shown", async (_what, agent, name) => {
		const account = await clipAccount(LIST);
		const url = account.masterUrl("clip", await account.sign(FULL));
		await openPlayback(url, { ...CHROME, agent });
		const refusal = await refusalOf(await ask(url, PHONE));
		expect(refusal).toHaveProperty("conflicts", expected({ device_name: name }));
		expect(JSON.stringify(refusal)).not.toMatch(/onerror|A{50}/);
	});

	it("hands on names as they were given, as text", async () => {
		const account = await clipAccount(LIST);
		const sid = `<script>"'\\ \u{1f600}`;
		const url = account.masterUrl("clip", await account.sign({ ...FULL, dlimit: 5, sid }));
		await openPlayback(url, CHROME);
		const name = `<b>Ann's "TV"</b> \u{1f4fa}`;
		await gate.manage("PATCH", `${account.apiUrl}/users/ann/devices/laptop`, { name });
		const other = account.masterUrl("clip", await account.sign({ ...FULL, dlimit: 5, sid: "other" }));
		const answer = await ask(other, PHONE);
		expect(answer.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
		expect(await refusalOf(answer)).toHaveProperty("conflicts", expected({ session_id: sid, device_name: name }));
		expect(await outcomeOf(ask(`${other}&end_session=${encodeURIComponent(sid)}`, PHONE))).toBe(200);
	});

	it("tells HEAD the reason alone", async () => {
		const account = await clipAccount(LIST);
		const url = account.masterUrl("clip", await account.sign(FULL));
		await openPlayback(url, CHROME);
		const answer = await ask(url, { ...PHONE, method: "HEAD" });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([403, "stream-limit-create"]);
		expect(await answer.text()).toBe("");
	});

	it("is off by default", async () => {
		const account = await bothAccount({});
		await openPlayback(account.masterUrl("clip", await account.sign(FULL)), CHROME);
		const token = await account.sign({ ...FULL, sid: "phone" });
		const members = ["error_code", "error_subcode", "message", "reason", "decision_id"];
		const refusal = (await (await ask(account.masterUrl("clip", token), PHONE)).json()) as Json[];
		expect(Object.keys(refusal[0] ?? {})).toEqual(members);
		const [ofLicense] = (await (await license(account, token)).json()) as Json[];
		expect(Object.keys(ofLicense ?? {})).toEqual(["error", ...members]);
		const { error } = (await (await heartbeat(account, token)).json()) as { error: Json };
		expect(Object.keys(error)).toEqual(["code", "sub_code", "message", "reason", "decision_id"]);
	});
});

describe("end_session", () => {
	/** The laptop plays; the phone is refused, and told of the laptop. */
	async function refusedPhone(settings: Json = LIST, change: Json = {}) {
		const account = await bothAccount({ touch_seconds: 0, ...settings });
		const token = await account.sign({ ...FULL, ...change });
		const url = account.masterUrl("clip", token);
		const laptop = await openPlayback(url, CHROME);
		const sessions = await ask(`${gate.url}/api/v1/accounts/${account.id}/sessions?bcov_auth=${token}`);
		const [session] = (await sessions.json()) as { session_id: string }[];
		return { account, token, url, laptop, named: `&end_session=${encodeURIComponent(session?.session_id ?? "")}` };
	}

	it("of the id in the refusal lets the phone play, and stops the laptop", async () => {
		const { account, url, laptop } = await refusedPhone();
		const refusal = await (await ask(url, PHONE)).json();
		const [{ conflicts }] = refusal as [{ conflicts: [{ session_id: string }] }];
		const phone = await openPlayback(`${url}&end_session=${encodeURIComponent(conflicts[0].session_id)}`, PHONE);
		expect(await outcomeOf(ask(phone.segment, PHONE))).toBe(200);
		for (const part of [laptop.segment, laptop.rendition, laptop.key]) {
			const stopped = await refusalOf(await ask(part, CHROME));
			expect(stopped).toMatchObject({ reason: "session-ended", error_subcode: "DENIED_BY_STREAM_LIMIT_RENEW" });
			expect(stopped.message).toContain("by the viewer");
		}
		const listed = await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann&all=true`);
		expect(await listed.json()).toMatchObject([{ stopped: false }, { stopped: true, ended_by: "viewer" }]);
	});

	it.each([
		["a licence", (account: TestAccount, token: string, named: string) => license(account, token, named)],
		[
			"a heartbeat",
			(account: TestAccount, token: string, named: string) => heartbeat(account, token, named.replace("&", "?")),
		],
		[
			"a key",
			(account: TestAccount, token: string, named: string) =>
				ask(`${account.videoUrl("clip")}/licenses/aes128/k1.key?bcov_auth=${token}${named}`, PHONE),
		],
	])("of %s does the same", async (_what, start) => {
		const { account, laptop, named } = await refusedPhone();
		const token = await account.sign({ ...FULL, sid: "phone" });
		expect(await outcomeOf(start(account, token, ""))).toBe("stream-limit-create");
		expect(await outcomeOf(start(account, token, named))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe("session-ended");
	});

	it.each([
		["it is given twice", LIST, "&end_session=a&end_session=b", 400, "DUPLICATE_PARAMETERS"],
		["the account does not allow it", {}, "&end_session=a", 403, "END_SESSION_NOT_ALLOWED"],
		["it is no id", LIST, "&end_session=%0A", 400, "ILLEGAL_VALUE"],
	])("is refused in the form of licences and heartbeats when %s", async (_what, settings, named, status, subcode) => {
		const account = await bothAccount(settings);
		const token = await account.sign({ ...FULL, sid: "phone" });
		const ofLicense = await license(account, token, named);
		const [refusal] = (await ofLicense.json()) as Json[];
		expect([ofLicense.status, refusal]).toMatchObject([
			status,
			{ error_subcode: subcode, error: refusal?.["message"] },
		]);
		const ofHeartbeat = await heartbeat(account, token, named.replace("&", "?"));
		expect([ofHeartbeat.status, await ofHeartbeat.json()]).toMatchObject([status, { error: { sub_code: subcode } }]);
	});

	it("works on the links of the video JSON", async () => {
		const { account, laptop, token, named } = await refusedPhone();
		const json = (await (await ask(`${account.videoUrl("clip")}?bcov_auth=${token}`, PHONE)).json()) as {
			sources: { src: string }[];
		};
		const link = json.sources[0]?.src ?? "";
		expect(await outcomeOf(ask(link, PHONE))).toBe("stream-limit-create");
		const twice = `${link}?${named.slice(1)}${named}`;
		expect(await refusalOf(await ask(twice, PHONE))).toMatchObject({
			status: 400,
			error_subcode: "DUPLICATE_PARAMETERS",
		});
		expect(await outcomeOf(ask(`${link}?${named.slice(1)}`, PHONE))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe("session-ended");
	});

	it.each<[string, Json, Json, string, Json]>([
		[
			"the account does not allow it",
			{ conflicts: "list" },
			{},
			"",
			{ status: 403, error_code: "ACCESS_DENIED", error_subcode: "END_SESSION_NOT_ALLOWED" },
		],
		[
			"the token has no uid",
			LIST,
			{ uid: undefined },
			"",
			{ status: 403, reason: "end-session-not-allowed", error_subcode: "END_SESSION_NOT_ALLOWED" },
		],
		["it is given twice", LIST, {}, "&end_session=b", { status: 400, error_subcode: "DUPLICATE_PARAMETERS" }],
		["it is given twice in two spellings", LIST, {}, "&end%5Fsession=b", { status: 400, reason: "token-repeated" }],
	])("changes nothing when %s", async (_what, settings, claims, more, expected) => {
		const { url, laptop, named } = await refusedPhone(settings, claims);
		expect(await refusalOf(await ask(url + named + more, PHONE))).toMatchObject(expected);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it.each([
		["&end_session=", 400, "bad-request"],
		["&end_session=%00", 400, "bad-request"],
		[`&end_session=${"a".repeat(129)}`, 400, "bad-request"],
		["&end_session=nobody", 403, "stream-limit-create"],
		["&end_session=%E2%98%83", 403, "stream-limit-create"],
	])("%s ends nothing", async (named, status, reason) => {
		const { url, laptop } = await refusedPhone();
		expect(await refusalOf(await ask(url + named, PHONE))).toMatchObject({ status, reason });
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it("ends no session of another viewer", async () => {
		const { account, laptop, named } = await refusedPhone();
		const url = account.masterUrl("clip", await account.sign({ ...FULL, uid: "bob" }));
		expect(await outcomeOf(ask(url + named, PHONE))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it.each<[string, Json, string]>([
		["a token without climit that limits something else", { uid: "ann", maxu: 9 }, "session-ended"],
		["a token that limits nothing and so keeps no session", { uid: "ann" }, "goes on"],
	])("of %s", async (_what, claims, then) => {
		const { account, laptop, named } = await refusedPhone();
		const url = account.masterUrl("clip", await account.sign(claims));
		expect(await outcomeOf(ask(url + named, PHONE))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(then === "goes on" ? 200 : then);
	});

	it("may be percent-encoded, its name too", async () => {
		const { url, laptop, named } = await refusedPhone();
		expect(await outcomeOf(ask(url + named.replace("_", "%5F"), PHONE))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe("session-ended");
	});

	it("is not for the calls that list sessions or end one", async () => {
		const { account, token, laptop, named } = await refusedPhone();
		const sessions = `${gate.url}/api/v1/accounts/${account.id}/sessions`;
		const headers = { Authorization: `Bearer ${token}` };
		expect((await ask(`${sessions}?${named.slice(1)}`, { headers })).status).toBe(200);
		expect((await ask(`${sessions}/nobody?${named.slice(1)}`, { headers, method: "DELETE" })).status).toBe(404);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it("is judged by HEAD, which ends nothing", async () => {
		const { url, laptop, named } = await refusedPhone();
		expect(await outcomeOf(ask(url + named, { ...PHONE, method: "HEAD" }))).toBe(200);
		expect(await outcomeOf(ask(`${url}${named}&end_session=b`, { ...PHONE, method: "HEAD" }))).toBe("token-repeated");
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it("ends nothing under the grant of a session that plays", async () => {
		const account = await clipAccount({ ...LIST, touch_seconds: 0 });
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 2, cbeh: "BLOCK_NEW" }));
		const laptop = await openPlayback(url, CHROME);
		const phone = await openPlayback(url, PHONE);
		const listed = await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann`);
		const sessions = (await listed.json()) as { session_id: string; device: string }[];
		const id = sessions.find(({ device }) => device === "laptop")?.session_id;
		for (const part of [phone.segment, phone.rendition, phone.key, `${phone.base}master.m3u8`])
			expect(await outcomeOf(ask(`${part}?end_session=${id}`, PHONE))).toBe(200);
		expect(await outcomeOf(ask(laptop.segment, CHROME))).toBe(200);
	});

	it("of many at once that name the laptop lets one start", async () => {
		const { url, named } = await refusedPhone();
		const starts = await Promise.all(
			Array.from({ length: 30 }, (_, index) => outcomeOf(ask(url + named, { ip: `192.0.2.${index + 1}` }))),
		);
		expect(starts.filter((outcome) => outcome === 200)).toHaveLength(1);
		expect(new Set(starts)).toEqual(new Set([200, "stream-limit-create"]));
	});

	it("is told to no source, and is in no playlist", async () => {
		const account = await gate.openAccount({ ...LIST, touch_seconds: 0 });
		await publishClip(gate, account, { store: "origin" });
		const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 2 }));
		const { master, playlist, rendition, segment } = await openPlayback(`${url}&end_session=nobody`, PHONE);
		for (const part of [rendition, segment])
			await outcomeOf(ask(`${part}?end_session=nobody&kept=1&end%5Fsession=nobody&end_session`, PHONE));
		const asked = gate.origin.seen(`/${account.id}/`).map((request) => request.url);
		expect(asked.filter((each) => each.includes("kept=1"))).toHaveLength(2);
		expect([master, playlist, ...asked].join("\n")).not.toMatch(/end(_|%5F)session/);
		expect((await openPlayback(url, CHROME)).master).not.toContain("end_session");
	});
});
