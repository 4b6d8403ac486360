import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
let path: string;
beforeEach(async () => {
	publisher = await newPublisher();
	path = `/api/v1/accounts/${publisher.account}/sessions`;
});

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const beat = (token: string, body: unknown = { video: "6140448705001" }) =>
	ask(path, { method: "POST", headers: bearer(token), body: JSON.stringify(body) });
const viewer = (sid: string, change: Readonly<Record<string, unknown>> = {}) =>
	publisher.sign({ uid: "ann", climit: 1, sid, ...change });
const errorOf = async (response: Response) => ({
	status: response.status,
	...(await response.json<{ error: Record<string, string> }>()).error,
});

describe("the stream sessions API", () => {
	it("starts a session, keeps it alive, and says how many play", async () => {
		const token = await viewer("tv", { climit: 2 });
		const expected = { current: 1, heartbeat_interval: 60_000, max: 2 };
		expect(await (await beat(token)).json()).toEqual(expected);
		expect(await (await beat(token)).json()).toEqual(expected);
		expect(await (await beat(await viewer("phone", { climit: 2 }))).json()).toMatchObject({ current: 2 });
	});

	it("refuses one session too many, and lets it in when the other has stopped", async () => {
		await beat(await viewer("tv"));
		const phone = await viewer("phone");
		expect(await errorOf(await beat(phone))).toMatchObject({
			status: 403,
			code: "ACCESS_DENIED",
			sub_code: "MAX_CONCURRENCY",
			reason: "stream-limit-create",
		});
		const stopped = await ask(path, { method: "DELETE", headers: bearer(await viewer("tv")) });
		expect(stopped.status).toBe(204);
		expect((await beat(phone)).status).toBe(200);
	});

	it("lists the viewer's sessions and which of them have stopped", async () => {
		const token = await viewer("tv");
		await beat(token);
		await ask(path, { method: "DELETE", headers: bearer(token) });
		const list = await (await ask(path, { headers: bearer(token) })).json();
		expect(list).toEqual([{ end_viewer_id: "ann", last_seen: expect.any(Number), session_id: "tv", stopped: true }]);
	});

	it("refuses the heartbeats of a session that was ended", async () => {
		const token = await viewer("tv");
		await beat(token);
		await publisher.manage("DELETE", `/manage/v1/accounts/${publisher.account}/sessions/tv?uid=ann`);
		expect(await errorOf(await beat(token))).toMatchObject({ status: 403, reason: "session-ended" });
	});

	it("counts the gate's own sessions with them", async () => {
		await publisher.publishClip(env.MEDIA);
		expect((await publisher.open(await publisher.sign({ uid: "ann", climit: 1 }))).status).toBe(200);
		expect(await errorOf(await beat(await viewer("tv")))).toMatchObject({ sub_code: "MAX_CONCURRENCY" });
	});

	it("answers 204 when the account has it switched off, whatever is asked, and does nothing", async () => {
		const token = await viewer("tv");
		await beat(token);
		const settings = `/manage/v1/accounts/${publisher.account}/settings`;
		await publisher.manage("PUT", settings, { generic_stream_concurrency: false });
		expect((await beat(token)).status).toBe(204);
		for (const method of ["GET", "DELETE"]) {
			expect((await ask(path, { method, headers: bearer(token) })).status).toBe(204);
		}
		await publisher.manage("PUT", settings, {});
		expect((await beat(token)).status).toBe(200);
	});

	it("takes the session's name from the body when the token has none", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const sid = "Mozilla/5.0 (X11; Linux x86_64) 0.123"; // players take their User-Agent and a number
		expect((await beat(token, { video: "v", sid })).status).toBe(200);
		const list = await (await ask(path, { headers: bearer(token) })).json();
		expect(list).toMatchObject([{ session_id: sid }]);
	});

	it("ends the session that the path names, not that of the token", async () => {
		const [tv, phone] = [await viewer("tv/1", { climit: 2 }), await viewer("phone", { climit: 2 })];
		await beat(tv);
		await beat(phone);
		const stopped = await ask(`${path}/tv%2F1`, { method: "DELETE", headers: bearer(phone) });
		expect(stopped.status).toBe(204);
		expect(await errorOf(await beat(tv))).toMatchObject({ status: 403, reason: "session-ended" });
		expect((await beat(phone)).status).toBe(200);
	});

	it("does not end a session of another viewer", async () => {
		await beat(await viewer("tv"));
		const bob = await viewer("phone", { uid: "bob" });
		expect((await ask(`${path}/tv`, { method: "DELETE", headers: bearer(bob) })).status).toBe(404);
		expect((await beat(await viewer("tv"))).status).toBe(200);
	});

	it.each([
		["no token", {}, 401, "INVALID_TOKEN", "token-required"],
		["a token without sid", { sid: undefined }, 401, "INVALID_TOKEN", "claim-missing"],
		["a token without uid", { uid: undefined }, 401, "INVALID_TOKEN", "claim-missing"],
		["a token without climit", { climit: undefined }, 401, "INVALID_TOKEN", "claim-missing"],
		["an expired token", { iat: 1, exp: 2 }, 401, "INVALID_TOKEN", "token-expired"],
		["a token of another account", { accid: "other" }, 403, "ACCESS_DENIED", "account-mismatch"],
		["a token for another video", { conid: "other" }, 403, "ACCESS_DENIED", "video-not-in-token"],
	] as const)("refuses %s with an object", async (what, change, status, code, reason) => {
		const token = what === "no token" ? "" : await viewer("tv", change);
		expect(await errorOf(await beat(token))).toMatchObject({ status, code, reason });
	});

	it.each([
		["not JSON", 'The body must be JSON: {"video": "<id>"}.'],
		["", 'The body must be JSON: {"video": "<id>"}.'],
		[{}, "body.video: is missing"],
		[{ video: 1 }, "body.video: must be a string"],
		[{ video: "" }, "body.video: must not be empty"],
		[[], "body: must be an object"],
		[null, "body: must be an object"],
		[{ video: "v", sid: "\n" }, "body.sid: must be 1 to 128 printable characters"],
		["x".repeat(5000), "The body is larger than 4096 bytes."],
	])("refuses the body %j and names what is wrong", async (body, message) => {
		const response = await ask(path, {
			method: "POST",
			headers: bearer(await viewer("tv")),
			body: typeof body === "string" ? body : JSON.stringify(body),
		});
		expect(await errorOf(response)).toMatchObject({ status: 400, reason: "bad-request", message });
	});

	it.each([
		["PUT", "", 405, "GET, HEAD, POST, DELETE, OPTIONS"],
		["GET", "/tv", 405, "DELETE, OPTIONS"],
		["GET", "/tv/more", 404, null],
	])("refuses %s of sessions%s with an object too", async (method, below, status, allow) => {
		const response = await ask(path + below, { method });
		expect(response.headers.get("Allow")).toBe(allow);
		expect(await errorOf(response)).toMatchObject({ status });
	});

	it("tells of records that cannot be read with an object too", async () => {
		await env.CATALOG.put("account/damaged", "{");
		const response = await ask("/api/v1/accounts/damaged/sessions", { headers: bearer(await viewer("tv")) });
		expect(await errorOf(response)).toMatchObject({ status: 502, sub_code: "ACCOUNT_RETRIEVE_FAILURE" });
	});

	it("answers 404 for a session that is not there", async () => {
		const response = await ask(path, { method: "DELETE", headers: bearer(await viewer("nothing")) });
		expect(await errorOf(response)).toMatchObject({ status: 404, reason: "resource-not-found" });
	});

	it("leaves the other errors of the gate an array", async () => {
		expect(await refusalOf(await ask(publisher.masterPath))).toMatchObject({ error_code: "INVALID_JWT" });
	});
});
