import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { CLEAR_KEY_LICENSE, KEY, KID, base64url, clearKeyRequest } from "../../support/clear-key.ts";
import {
	type ClientInit,
	GATE,
	type Publisher,
	ask,
	newPublisher,
	refusalOf,
	textOf,
} from "../../support/publisher.ts";

const SECOND_KID = "20000000200020002000200000000002";
const MPD = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="video/mp4">
<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"/>
<SegmentTemplate duration="4" initialization="init.mp4" media="$Number$.m4s"/><Representation id="v" bandwidth="1"/></AdaptationSet></Period></MPD>`;

let publisher: Publisher;
/** Of the video's licences. */
let path: string;

async function publish(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
	publisher = await newPublisher(settings);
	const src = `r2://MEDIA/${publisher.account}/dash/manifest.mpd`;
	await env.MEDIA.put(src.slice("r2://MEDIA/".length), MPD);
	const keys = { [KID.toUpperCase()]: KEY, [SECOND_KID]: KEY };
	const clear = { type: "application/dash+xml", src: `r2://MEDIA/${publisher.account}/clear/manifest.mpd` };
	const source = { type: "application/dash+xml", protection: "clearkey", src, keys };
	await publisher.publishVideo("dash", { reference_id: "dash-1", sources: [source] });
	await publisher.publishVideo("other", { sources: [{ ...source, keys: { [SECOND_KID]: KEY } }] });
	await publisher.publishVideo("clear", { sources: [clear] });
	path = `/playback/v1/accounts/${publisher.account}/videos/dash/licenses/clearkey`;
}
beforeEach(() => publish());

const BODY = clearKeyRequest(KID);
const post = (url: string, client: ClientInit = {}): Promise<Response> =>
	ask(url, { method: "POST", body: BODY, ...client });
const withToken = (token: string): ClientInit => ({ headers: { "BCOV-Auth": token } });

/** What a licence request came to. */
async function outcome(answer: Promise<Response>): Promise<string> {
	const response = await answer;
	return response.status === 200 ? "given" : (await refusalOf(response)).reason;
}

/** Where the MPD that the token opens sends its player for the licence. */
async function licenseUrlOf(token: string, client: ClientInit = {}): Promise<string> {
	const manifest = path.replace("licenses/clearkey", "manifest.mpd");
	const mpd = await textOf(await ask(`${manifest}?bcov_auth=${token}`, client));
	return /<dashif:Laurl[^>]*>([^<]*)</.exec(mpd)?.[1] ?? "";
}

describe("a Clear Key licence", () => {
	it.each([
		["Authorization", (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
		["BCOV-Auth", withToken],
		["the cookie", (token: string) => ({ headers: { Cookie: `bcov-auth=${token}` } })],
		["the query", (token: string) => `?bcov_auth=${token}`],
		["the query, spelled otherwise", (token: string) => `?bcov-auth=${token}`],
	])("is given for a token in %s", async (_, carry) => {
		const carried = carry(await publisher.sign());
		const response = await (typeof carried === "string" ? post(path + carried) : post(path, carried));
		expect(response.status).toBe(200);
		expect(response.headers.get("Content-Type")).toBe("application/json");
		expect(response.headers.get("Cache-Control")).toBe("no-store");
		expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(await response.json()).toEqual(CLEAR_KEY_LICENSE);
	});

	it.each(["application/octet-stream", "application/json", "text/plain;charset=UTF-8"])(
		"does not depend on the media type of the request (%s)",
		async (type) => {
			const headers = { "BCOV-Auth": await publisher.sign(), "Content-Type": type };
			expect((await post(path, { headers })).status).toBe(200);
		},
	);

	it("is given for a reference id", async () => {
		const byReference = path.replace("/dash/", "/ref%3Adash-1/");
		expect((await post(byReference, withToken(await publisher.sign()))).status).toBe(200);
	});

	it("holds the keys that the video has, each once, and no others", async () => {
		const body = clearKeyRequest(SECOND_KID, "f".repeat(32), KID, KID);
		const response = await post(path, { ...withToken(await publisher.sign()), body });
		const { keys } = await response.json<{ keys: { kid: string }[] }>();
		expect(keys.map(({ kid }) => kid)).toEqual([base64url(SECOND_KID), base64url(KID)]);
	});

	it.each([
		["a key of another video", "other", clearKeyRequest(KID)],
		["a video without keys", "clear", BODY],
		["a key that nobody has", "dash", clearKeyRequest("f".repeat(32))],
	])("is not found for %s", async (_, video, body) => {
		const init = { ...withToken(await publisher.sign({ maxu: 1 })), body };
		const refusal = await refusalOf(await post(path.replace("/dash/", `/${video}/`), init));
		expect(refusal).toMatchObject({ status: 404, error_subcode: "RESOURCE_NOT_FOUND" });
	});

	it.each([
		["no body", "", /empty/],
		["no JSON", "{", /must be JSON/],
		["bytes that are no text", new Uint8Array([0x7b, 0xff, 0xfe]), /must be JSON/],
		["a list", "[]", /must be JSON: \{"kids"/],
		["null", "null", /must be JSON: \{"kids"/],
		["no kids", '{"type":"temporary"}', /must be JSON: \{"kids"/],
		["kids that are no list", '{"kids":"x"}', /kids: must be a list/],
		["an empty list", '{"kids":[]}', /kids: must not be empty/],
		["too many", JSON.stringify({ kids: Array(101).fill(base64url(KID)) }), /at most 100/],
		["a number", '{"kids":[1]}', /kids\[0\]: must be a string/],
		["padding", `{"kids":["${base64url(KID)}=="]}`, /kids\[0\]: must be the 16 bytes/],
		["hex", `{"kids":["${KID}"]}`, /kids\[0\]/],
		["other last bits", `{"kids":["${base64url(KID).slice(0, -1)}R"]}`, /kids\[0\]/],
		["plain base64", '{"kids":["++++++++++++++++++++Ag"]}', /kids\[0\]/],
		["a licence to keep", `{"kids":["${base64url(KID)}"],"type":"persistent-license"}`, /type: must be "temporary"/],
		["more than 64 KiB", `{"kids":["${"A".repeat(65_536)}"]}`, /larger than 65536 bytes/],
	])("is refused for a request with %s, which spends nothing", async (_, body, message) => {
		const token = withToken(await publisher.sign({ maxu: 1 }));
		const refusal = await refusalOf(await post(path, { ...token, body }));
		expect(refusal).toMatchObject({ status: 400, reason: "bad-request", error_subcode: "ILLEGAL_VALUE" });
		expect(refusal.message).toMatch(message);
		expect((await post(path, token)).status).toBe(200);
	});

	it.each(["GET", "HEAD", "PUT", "PATCH", "DELETE"])("is asked for with POST, not %s", async (method) => {
		const token = await publisher.sign();
		for (const url of [path, await licenseUrlOf(token)]) {
			const response = await ask(url, { method, ...withToken(token) });
			expect(response.status).toBe(405);
			expect(response.headers.get("Allow")).toBe("POST, OPTIONS");
		}
	});

	it("is refused without a token, with the reason for page script", async () => {
		const response = await post(path, { headers: { Origin: "https://page.example" } });
		expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(response.headers.get("Access-Control-Expose-Headers")).toContain("Playgate-Reason");
		expect(response.headers.get("Playgate-Reason")).toBe("token-required");
		expect(await refusalOf(response)).toMatchObject({ status: 401, error_subcode: "TOKEN_REQUIRED" });
	});

	it.each([
		["another video", { conid: "other" }, "video-not-in-token"],
		["other videos", { vids: ["other"] }, "video-not-in-token"],
		["tags that the video lacks", { tags: ["news"] }, "tags-mismatch"],
		["another User-Agent", { ua: "Else/1.0" }, "user-agent-mismatch"],
		["another protection", { pro: "widevine" }, "resource-not-found"],
		["this protection", { pro: "clearkey" }, "given"],
		["no protection by name", { pro: "" }, "given"],
		["static URLs", { aud: ["static.api.brightcove.com"] }, "given"],
		["the Playback API", { aud: "playback.api.brightcove.com" }, "given"],
		["another use", { aud: ["else"] }, "audience-mismatch"],
	])("for a token that names %s", async (_, claims, expected) => {
		expect(await outcome(post(path, withToken(await publisher.sign(claims))))).toBe(expected);
	});
});

describe("limits of licences", () => {
	it("maxu counts each licence, whoever asks and wherever", async () => {
		const token = await publisher.sign({ maxu: 3 });
		const url = await licenseUrlOf(token);
		const outcomes = await Promise.all(
			Array.from({ length: 12 }, (_, index) =>
				outcome(index % 2 === 0 ? post(path, { ...withToken(token), ip: `203.0.113.${index}` }) : post(url)),
			),
		);
		expect(outcomes.filter((each) => each === "given")).toHaveLength(3);
		expect(outcomes.filter((each) => each === "use-limit")).toHaveLength(9);
	});

	it("maxu counts one licence a session where uses are playbacks", async () => {
		await publish({ use_counting: "playbacks" });
		const token = withToken(await publisher.sign({ maxu: 1 }));
		expect([await outcome(post(path, token)), await outcome(post(path, token))]).toEqual(["given", "given"]);
		expect(await outcome(post(path, { ...token, ip: "203.0.113.8" }))).toBe("use-limit");
	});

	it("maxip counts the address that asks", async () => {
		const token = withToken(await publisher.sign({ maxip: 1 }));
		expect(await outcome(post(path, token))).toBe("given");
		expect(await outcome(post(path, { ...token, ip: "203.0.113.8" }))).toBe("ip-limit");
	});

	it("dlimit registers the device that asks, and names it in a cookie", async () => {
		const token = await publisher.sign({ uid: "ann", dlimit: 1 });
		const first = await post(path, withToken(token));
		expect(first.headers.get("Set-Cookie")).toContain("playgate_device=");
		const second = await post(path, { headers: { "BCOV-Auth": token, "BCOV-Device-Id": "tv" } });
		const text = await second.text();
		expect(second.status).toBe(403);
		expect(text).toContain('"error":"Denied by device limiting"');
		expect(JSON.parse(text)).toMatchObject([{ error_subcode: "DENIED_BY_DEVICE_LIMITING" }]);
		const [cookie = ""] = (first.headers.get("Set-Cookie") ?? "").split(";");
		const again = { headers: { "BCOV-Auth": token, Cookie: cookie }, ip: "203.0.113.9" };
		expect(await outcome(post(path, again))).toBe("given");
	});

	it("climit with BLOCK_NEW refuses the session that is one too many", async () => {
		const token = withToken(await publisher.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW" }));
		expect(await outcome(post(path, token))).toBe("given");
		const second = await post(path, { ...token, ip: "203.0.113.8" });
		expect(await second.json()).toMatchObject([
			{
				error: "Denied by stream limiting (create)",
				error_code: "ACCESS_DENIED",
				error_subcode: "DENIED_BY_STREAM_LIMIT_CREATE",
			},
		]);
		expect(await outcome(post(path, token))).toBe("given");
	});

	it("climit ends the oldest session: its next licence is refused, and stays so as long as it goes on asking", async () => {
		const token = withToken(await publisher.sign({ uid: "ann", climit: 1 }));
		expect(await outcome(post(path, token))).toBe("given");
		expect(await outcome(post(path, { ...token, ip: "203.0.113.8" }))).toBe("given");
		const renewal = await post(path, token);
		expect(await renewal.json()).toMatchObject([
			{ error: "Denied by stream limiting (renew)", error_subcode: "DENIED_BY_STREAM_LIMIT_RENEW" },
		]);
		expect(await outcome(post(path, token))).toBe("stream-limit-renew");
		expect(await outcome(post(path, { ...token, ip: "203.0.113.8" }))).toBe("given");
	});

	it("a manifest starts a session again that a licence was refused for", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		await post(path, withToken(token));
		await post(path, { ...withToken(token), ip: "203.0.113.8" });
		expect(await outcome(post(path, withToken(token)))).toBe("stream-limit-renew");
		const url = await licenseUrlOf(token);
		expect([await outcome(post(path, withToken(token))), await outcome(post(url))]).toEqual(["given", "given"]);
	});

	it("a licence under the grant of a session that was ended is refused, and one of its successor given", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const first = await licenseUrlOf(token);
		expect(await outcome(post(first))).toBe("given");
		const second = await licenseUrlOf(token, { ip: "203.0.113.8" });
		expect(await outcome(post(first))).toBe("stream-limit-renew");
		expect(await outcome(post(second, { ip: "203.0.113.8" }))).toBe("given");
	});

	it("an operator's end and a revocation stop licences", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const url = await licenseUrlOf(token);
		await publisher.manage("DELETE", `/manage/v1/accounts/${publisher.account}/sessions?uid=ann`);
		expect(await outcome(post(url))).toBe("session-ended");
		await publisher.manage("PUT", `/v1/accounts/${publisher.account}/blacklist/tokens/${token}`);
		expect([await outcome(post(url)), await outcome(post(path, withToken(token)))]).toEqual([
			"token-revoked",
			"token-revoked",
		]);
	});
});

describe("licences under a grant", () => {
	it("need no token, and lead to the gate from the MPD", async () => {
		const url = await licenseUrlOf(await publisher.sign());
		expect(url).toMatch(new RegExp(`^${GATE}/g/[\\w.-]+/licenses/clearkey$`));
		expect(await (await post(url)).json()).toEqual(CLEAR_KEY_LICENSE);
	});

	it("are of the systems of its source only", async () => {
		const url = await licenseUrlOf(await publisher.sign());
		for (const other of ["cenc/widevine", "cenc/playready", "fairplay"]) {
			expect(await outcome(post(url.replace("clearkey", other)))).toBe("resource-not-found");
		}
	});

	it.each(["/g/x/licenses/clearkey", "/g/x.y/licenses/clearkey"])(
		"are refused for a forged one (%s)",
		async (forged) => {
			const [refusal] = await (await post(forged)).json<{ error: string; reason: string }[]>();
			expect(refusal).toMatchObject({ reason: "grant-invalid", error: expect.stringContaining("grant") });
		},
	);

	it("are the only thing that is posted there", async () => {
		const url = await licenseUrlOf(await publisher.sign());
		const response = await post(url.replace("licenses/clearkey", "manifest.mpd"));
		expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
	});

	it("are linked from the video JSON, where they start the session", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW", maxu: 2 });
		const video = path.replace("/licenses/clearkey", "");
		const json = await ask(video, { headers: { Authorization: `Bearer ${token}` } });
		const { sources } = await json.json<{ sources: { key_systems: Record<string, { license_url: string }> }[] }>();
		expect(Object.keys(sources[0]?.key_systems ?? {})).toEqual(["org.w3.clearkey"]);
		const url = sources[0]?.key_systems["org.w3.clearkey"]?.license_url ?? "";
		expect(await outcome(post(url))).toBe("given");
		expect(await outcome(post(url, { ip: "203.0.113.8" }))).toBe("stream-limit-create");
		expect([await outcome(post(url)), await outcome(post(url))]).toEqual(["given", "use-limit"]);
	});
});
