import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sfu, SFU_TOKEN, startSfu } from "../standins/sfu.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime } from "../support/patience.ts";

// The gate in front of a media server's WHIP and WHEP endpoints, over HTTP.
let gate: TestGate;
let account: TestAccount;
let sfu: Sfu;
let sessions = 0;

const vector = (name: string): string => readFileSync(join(import.meta.dirname, `../vectors/sdp/${name}.sdp`), "utf8");
const sending = vector("chromium-whip-offer");
const receiving = vector("chromium-recvonly-offer");
const FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";
const candidate = "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n";
const ufrag = /a=ice-ufrag:(.*)/.exec(sending)?.[1]?.trim() ?? "";
const password = /a=ice-pwd:(.*)/.exec(sending)?.[1]?.trim() ?? "";
const fragment = `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n${candidate}`;
const restart = "a=ice-ufrag:fresh\r\na=ice-pwd:freshfreshfreshfreshfresh\r\n";

beforeAll(async () => {
	gate = await startTestGate();
	account = await gate.openAccount();
	sfu = startSfu(gate.origin, "/sfu");
});
afterAll(async () => {
	await sfu?.close();
	await gate?.stop();
});

/** A session of its own, as the management API makes it; answers its path within the join gate. */
async function putSession(mode: "whip" | "whep" | "room", record: Json = {}, part: Json = {}): Promise<string> {
	sessions += 1;
	const id = `live-${sessions}`;
	const webrtc = { mode, endpoint: `${sfu.url}/${mode}`, endpoint_token: SFU_TOKEN, ...part };
	const put = await gate.manage("PUT", `${account.manageUrl}/e2ee-sessions/${id}`, {
		provider: "webrtc",
		webrtc,
		...record,
	});
	if (!put.ok) throw new Error(await put.text());
	return `${gate.url}/join/v1/accounts/${account.id}/sessions/${id}`;
}

interface Ask {
	readonly method?: string;
	readonly body?: string;
	readonly type?: string;
	readonly token?: string;
	readonly headers?: Readonly<Record<string, string>>;
}

function ask(
	url: string,
	{ method = "POST", body, type = "application/sdp", token, headers = {} }: Ask,
): Promise<Response> {
	const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
	const content = body === undefined ? {} : { "Content-Type": type };
	return fetch(url, {
		method,
		redirect: "manual",
		headers: { ...content, ...authorization, ...headers },
		...(body === undefined ? {} : { body }),
	});
}

async function reasonOf(response: Response): Promise<[number, unknown, unknown?]> {
	const { reason, rule } = (await response.json()) as Json;
	expect(response.headers.get("Content-Type")).toBe("application/problem+json");
	expect(response.headers.get("Playgate-Reason")).toBe(reason);
	return rule === undefined ? [response.status, reason] : [response.status, reason, rule];
}

/** A session that was begun: its URL, ETag, and the requests of the media server from then on. */
async function begin(path: string, door: "whip" | "whep" = "whip", claims: Json = {}) {
	const token = await account.sign(claims);
	const answer = await ask(`${path}/${door}`, { body: door === "whip" ? sending : receiving, token });
	if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
	const from = sfu.requests.length;
	return {
		url: answer.headers.get("Location") ?? "",
		etag: answer.headers.get("ETag") ?? "",
		token,
		asked: () => sfu.requests.slice(from),
	};
}

describe("POST of an offer", () => {
	it("with a token: 201, the server's answer, a session of the gate's own; nothing of the server's addresses or token is told", async () => {
		const path = await putSession("whip", {}, { ice_servers: [{ urls: ["stun:stun.example"] }] });
		const answer = await ask(`${path}/whip`, {
			body: sending,
			token: await account.sign(),
			headers: { Origin: "https://page.example" },
		});
		const text = await answer.text();
		expect([answer.status, answer.headers.get("Content-Type")]).toEqual([201, "application/sdp"]);
		expect(text).toMatch(/^v=0\r\n/);
		expect(answer.headers.get("Location")).toMatch(new RegExp(`^${gate.url}/join/v1/whip/[\\w.-]{40,}$`));
		expect(answer.headers.get("ETag")).toMatch(/^"[0-9a-f]{12}"$/);
		expect(answer.headers.get("Link")).toBe('<stun:stun.example>; rel="ice-server"');
		expect(answer.headers.get("Accept-Patch")).toBe(FRAGMENT_TYPE);
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
		for (const name of ["Location", "ETag", "Link"])
			expect(answer.headers.get("Access-Control-Expose-Headers")).toContain(name);
		const told = JSON.stringify([...answer.headers]);
		expect(told + text).not.toMatch(/\/sfu\/|the-media-servers-own-token/);
		expect(told).not.toContain(gate.origin.host);
		const { headers, body } = sfu.requests.at(-1) ?? {};
		expect([headers?.authorization, headers?.["content-type"], body]).toEqual([
			`Bearer ${SFU_TOKEN}`,
			"application/sdp",
			sending,
		]);
		expect(JSON.stringify(headers)).not.toContain("ey"); // the viewer's token stays here
	});

	it.each([
		["in the query", (token: string) => ({ query: `?bcov_auth=${token}` })],
		["as the whole of Authorization", (token: string) => ({ headers: { Authorization: token } })],
		["in BCOV-Auth", (token: string) => ({ headers: { "BCOV-Auth": token } })],
	])("takes the token %s", async (_where, carried) => {
		const { query = "", headers = {} } = carried(await account.sign()) as {
			query?: string;
			headers?: Record<string, string>;
		};
		const answer = await ask(`${await putSession("whip")}/whip${query}`, { body: sending, headers });
		expect(answer.status).toBe(201);
	});

	it("refuses two tokens that differ", async () => {
		const path = `${await putSession("whip")}/whip?bcov_auth=${await account.sign()}`;
		expect(
			await reasonOf(await ask(path, { body: sending, headers: { Authorization: await account.sign() } })),
		).toEqual([400, "token-conflict"]);
	});

	it.each([
		["no token", { body: sending }, [401, "token-required"]],
		["a token that is none", { body: sending, token: "a.b.c" }, [401, "token-malformed"]],
		["no body", { token: "sign", type: "application/sdp", body: "" }, [422, "sdp-refused", "size"]],
		["no media type", { token: "sign" }, [415, "media-type-unsupported"]],
		["JSON", { token: "sign", body: '{"sdp":"v=0"}', type: "application/json" }, [415, "media-type-unsupported"]],
		["100 KB", { token: "sign", body: "a=x\r\n".repeat(20_000) }, [413, "record-too-large"]],
		[
			"a description with a key",
			{ token: "sign", body: `${sending}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n` },
			[422, "sdp-refused", "sdes"],
		],
		[
			"a weak fingerprint",
			{ token: "sign", body: sending.replaceAll("sha-256", "sha-1") },
			[422, "sdp-refused", "fingerprint"],
		],
		["an offer to receive", { token: "sign", body: receiving }, [422, "sdp-refused", "direction"]],
		["garbage", { token: "sign", body: "garbage" }, [422, "sdp-refused", "line-form"]],
	] as const)("with %s is refused, and nothing reaches the server", async (_what, { token, ...rest }: Ask, refusal) => {
		const path = await putSession("whip");
		const from = sfu.requests.length;
		const signed = token === "sign" ? await account.sign() : token;
		const answer = await ask(`${path}/whip`, { ...rest, ...(signed === undefined ? {} : { token: signed }) });
		expect(await reasonOf(answer)).toEqual(refusal);
		expect(sfu.requests.length).toBe(from);
	});

	it("is a join like any other: each of its refusals, and the places count", async () => {
		const path = await putSession("whip", { max_participants: 1 });
		const post = async (claims: Json) => ask(`${path}/whip`, { body: sending, token: await account.sign(claims) });
		expect(await reasonOf(await post({ iat: 1_700_000_000, exp: 1_700_000_600 }))).toEqual([401, "token-expired"]);
		expect(await reasonOf(await post({ conid: "another" }))).toEqual([403, "video-not-in-token"]);
		expect(await reasonOf(await post({ join_role: "subscriber" }))).toEqual([403, "role-not-allowed"]);
		const answers = await Promise.all([post({}), post({}), post({})]);
		expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([201, 403, 403]);
		const full = answers.find(({ status }) => status === 403);
		expect(full && (await reasonOf(full))).toEqual([403, "e2ee-session-full"]);
	});

	it.each([
		["whip", sending.replaceAll("a=sendonly", "a=sendrecv"), "publisher"],
		["whip", sending, "publisheronly"],
		["whep", receiving.replaceAll("a=recvonly", "a=sendrecv"), "publisher"],
		["whep", receiving, "subscriber"],
	] as const)("takes the role that the offer needs: %s %#", async (door, body, role) => {
		const path = await putSession(door);
		sfu.fail("POST", (_request, response) => {
			const answer = vector("chromium-whip-answer");
			const direction = door === "whip" ? "a=recvonly" : "a=sendonly";
			response.writeHead(201, { "Content-Type": "application/sdp", Location: "/sfu/session/98" });
			response.end(answer.replaceAll("a=recvonly", direction));
		});
		const answer = await ask(`${path}/${door}`, { body, token: await account.sign() });
		expect([answer.status, await answer.text()]).toMatchObject([201, expect.any(String)]);
		const id = path.split("/").at(-1);
		const listed = await gate.manage("GET", `${account.manageUrl}/e2ee-sessions/${id}/participants`);
		expect(await listed.text()).toContain(`"role":"${role}"`);
	});

	it("to send both ways with a token that may only publish is refused", async () => {
		const body = sending.replaceAll("a=sendonly", "a=sendrecv");
		const token = await account.sign({ join_role: "publisheronly" });
		expect(await reasonOf(await ask(`${await putSession("whip")}/whip`, { body, token }))).toEqual([
			403,
			"role-not-allowed",
		]);
	});

	it("lists its participant as connected", async () => {
		const path = await putSession("whip");
		await begin(path, "whip", { uid: "ann" });
		const id = path.split("/").at(-1);
		const listed = await gate.manage("GET", `${account.manageUrl}/e2ee-sessions/${id}/participants`);
		expect(JSON.stringify(await listed.json())).toMatch(/"ann".*"connected"|"connected".*"ann"/s);
	});

	it.each([
		["another session's door", "room", "whip"],
		["WHEP of a WHIP session", "whip", "whep"],
	] as const)("to %s: 404", async (_what, mode, door) => {
		const path = await putSession(mode);
		const body = door === "whip" ? sending : receiving;
		expect(await reasonOf(await ask(`${path}/${door}`, { body, token: await account.sign() }))).toEqual([
			404,
			"resource-not-found",
		]);
	});

	it("to a room whose door is spelled otherwise: 404; and a session may be called whip", async () => {
		const path = await putSession("room", { max_participants: 1 });
		for (const door of ["wh%69p", "whip"]) {
			const answer = await ask(`${path}/${door}`, { body: sending, token: await account.sign() });
			expect(await reasonOf(answer)).toEqual([404, "resource-not-found"]);
		}
		await gate.manage("PUT", `${account.manageUrl}/e2ee-sessions/whip`, { provider: "webrtc" });
		const joined = await ask(`${gate.url}/join/v1/accounts/${account.id}/sessions/whip`, {
			token: await account.sign(),
		});
		expect(joined.status).toBe(201);
	});

	it("with an encryption secret: refused, and its value is told to nobody", async () => {
		const path = `${await putSession("whip")}/whip?encryptionSecret=hunter22`;
		const answer = await ask(path, { body: sending, token: await account.sign() });
		expect(await answer.clone().text()).not.toContain("hunter22");
		expect(await reasonOf(answer)).toEqual([400, "encryption-secret-sent"]);
	});

	it("to a session that is not there: 404", async () => {
		const path = `${gate.url}/join/v1/accounts/${account.id}/sessions/nothing/whip`;
		expect(await reasonOf(await ask(path, { body: sending, token: await account.sign() }))).toEqual([
			404,
			"e2ee-session-not-found",
		]);
	});
});

describe("a media server that fails", () => {
	const status =
		(code: number, headers: Record<string, string> = {}, body = "secret of the server") =>
		(_request: unknown, response: ServerResponse) =>
			void response.writeHead(code, headers).end(body);
	const answered = (sdp: string, headers: Record<string, string> = {}) =>
		status(201, { "Content-Type": "application/sdp", Location: "/sfu/session/99", ...headers }, sdp);
	const goodAnswer = vector("chromium-whip-answer");

	it.each([
		["500", status(500), [502, "provider-unavailable"]],
		["401", status(401), [502, "provider-unavailable"]],
		["422", status(422), [422, "media-server-refused"]],
		["400", status(400), [422, "media-server-refused"]],
		["409 with Retry-After", status(409, { "Retry-After": "7" }), [409, "stream-not-live"]],
		["503 with Retry-After", status(503, { "Retry-After": "9" }), [503, "media-server-busy"]],
		[
			"201 without Location",
			status(201, { "Content-Type": "application/sdp" }, goodAnswer),
			[502, "provider-unavailable"],
		],
		[
			"a session elsewhere",
			answered(goodAnswer, { Location: "https://evil.example/session/1" }),
			[502, "provider-unavailable"],
		],
		["201 with HTML", answered("<html>", { "Content-Type": "text/html" }), [502, "provider-unavailable"]],
		[
			"an answer with a key",
			answered(`${goodAnswer}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`),
			[502, "provider-unavailable"],
		],
		[
			"an answer that is no answer to the offer",
			answered(vector("chromium-call-answer")),
			[502, "provider-unavailable"],
		],
		["too much", answered("a=x\r\n".repeat(20_000)), [502, "provider-unavailable"]],
		["302", status(302, { Location: "/sfu/whip" }), [502, "provider-unavailable"]],
		["307 to another host", status(307, { Location: "http://127.0.0.1:1/whip" }), [502, "provider-unavailable"]],
	] as const)("answers %s", async (_what, answerer, refusal) => {
		const path = await putSession("whip", { max_participants: 1 });
		sfu.fail("POST", answerer);
		const answer = await ask(`${path}/whip`, { body: sending, token: await account.sign({ maxu: 1, jti: "one" }) });
		const retry = answer.headers.get("Retry-After");
		const text = await answer.clone().text();
		expect(await reasonOf(answer)).toEqual(refusal);
		expect(text).not.toMatch(/secret of the server|evil\.example|crypto/);
		expect(retry).toBe({ "stream-not-live": "7", "media-server-busy": "9" }[refusal[1] as string] ?? null);
		// The place is free again.
		expect((await ask(`${path}/whip`, { body: sending, token: await account.sign() })).status).toBe(201);
	});

	it("an answer that is refused is taken back at the server", async () => {
		const path = await putSession("whip");
		sfu.fail("POST", answered(goodAnswer.replaceAll("sha-256", "md5")));
		const from = sfu.requests.length;
		await ask(`${path}/whip`, { body: sending, token: await account.sign() });
		await eventually(() =>
			expect(sfu.requests.slice(from).map(({ method, url }) => `${method} ${url}`)).toContain("DELETE /sfu/session/99"),
		);
	});

	it.each([307, 308])("is followed by %d within its host", async (code) => {
		const path = await putSession("whip");
		sfu.fail("POST", status(code, { Location: "/sfu/whip?again" }));
		expect((await ask(`${path}/whip`, { body: sending, token: await account.sign() })).status).toBe(201);
		expect(sfu.requests.at(-1)).toMatchObject({ method: "POST", url: "/sfu/whip?again", body: sending });
	});
});

describe("PATCH of a session", () => {
	const patched = (url: string, body: string, headers: Record<string, string> = {}) =>
		ask(url, { method: "PATCH", body, type: FRAGMENT_TYPE, headers });

	it("passes candidates on: 204, without a body and an ETag", async () => {
		const { url, etag, asked } = await begin(await putSession("whip"));
		const answer = await patched(url, fragment, { "If-Match": etag });
		expect([answer.status, await answer.text(), answer.headers.get("ETag")]).toEqual([204, "", null]);
		expect(asked()).toMatchObject([
			{ method: "PATCH", body: fragment, headers: { "if-match": etag, authorization: `Bearer ${SFU_TOKEN}` } },
		]);
	});

	it("takes ETag for If-Match, as a client library sends it", async () => {
		const { url, etag } = await begin(await putSession("whip"));
		expect((await patched(url, fragment, { ETag: etag })).status).toBe(204);
	});

	it("restarts ICE with *: 200, the server's fragment, a new ETag, which holds from then on", async () => {
		const { url, etag } = await begin(await putSession("whip"));
		const answer = await patched(url, restart, { "If-Match": "*" });
		expect([answer.status, answer.headers.get("Content-Type"), answer.headers.get("ETag")]).toEqual([
			200,
			FRAGMENT_TYPE,
			'"restart-1"',
		]);
		expect(await answer.text()).toContain("a=ice-ufrag:new1");
		expect(await reasonOf(await patched(url, fragment, { "If-Match": etag }))).toEqual([412, "precondition-failed"]);
		expect((await patched(url, fragment, { "If-Match": '"restart-1"' })).status).toBe(204);
	});

	it.each([
		["no If-Match", fragment, {}, [428, "precondition-required"]],
		["another ETag", fragment, { "If-Match": '"other"' }, [412, "precondition-failed"]],
		["a restart without credentials", candidate, { "If-Match": "*" }, [422, "sdp-refused", "fragment"]],
		["a fingerprint", `${fragment}a=fingerprint:sha-256 AB\r\n`, { "If-Match": "*" }, [422, "sdp-refused", "fragment"]],
		["a key", `${fragment}a=crypto:1 x\r\n`, { "If-Match": "*" }, [422, "sdp-refused", "sdes"]],
		["a whole description", sending, { "If-Match": "*" }, [422, "sdp-refused", "fragment"]],
		["garbage", "garbage", { "If-Match": "*" }, [422, "sdp-refused", "line-form"]],
	] as const)("with %s is refused here", async (_what, body, headers, refusal) => {
		const { url, asked } = await begin(await putSession("whip"));
		expect(await reasonOf(await patched(url, body, headers))).toEqual(refusal);
		expect(asked()).toEqual([]);
	});

	it("wants its media type, and a session that is there", async () => {
		const { url } = await begin(await putSession("whip"));
		expect(await reasonOf(await ask(url, { method: "PATCH", body: sending, headers: { "If-Match": "*" } }))).toEqual([
			415,
			"media-type-unsupported",
		]);
		expect(await reasonOf(await patched(`${url}x`, fragment, { "If-Match": "*" }))).toEqual([401, "ticket-invalid"]);
		expect(await reasonOf(await patched(url.replace("/whip/", "/whep/"), fragment, { "If-Match": "*" }))).toEqual([
			404,
			"resource-not-found",
		]);
	});

	it("a server without trickle ICE is told as such, and one that lost the session ends the participant", async () => {
		const { url, etag } = await begin(await putSession("whip"));
		sfu.fail("PATCH", (_request, response) => void response.writeHead(405).end());
		expect(await reasonOf(await patched(url, fragment, { "If-Match": etag }))).toEqual([422, "media-server-refused"]);
		sfu.fail("PATCH", (_request, response) => void response.writeHead(404).end());
		expect(await reasonOf(await patched(url, fragment, { "If-Match": etag }))).toEqual([404, "resource-not-found"]);
		expect(await reasonOf(await patched(url, fragment, { "If-Match": etag }))).toEqual([410, "participant-gone"]);
	});

	it("what the server answers is judged, too", async () => {
		const { url } = await begin(await putSession("whip"));
		sfu.fail(
			"PATCH",
			(_request, response) => void response.writeHead(200, { "Content-Type": FRAGMENT_TYPE }).end("a=crypto:1 x\r\n"),
		);
		expect(await reasonOf(await patched(url, restart, { "If-Match": "*" }))).toEqual([502, "provider-unavailable"]);
	});
});

describe("the end of a session", () => {
	const participants = async (path: string) => {
		const listed = await gate.manage(
			"GET",
			`${account.manageUrl}/e2ee-sessions/${path.split("/").at(-1)}/participants`,
		);
		return ((await listed.json()) as { participants?: Json[]; items?: Json[] }).participants ?? [];
	};
	const deleted = (asked: () => readonly { method: string }[]) =>
		eventually(() => expect(asked().map(({ method }) => method)).toContain("DELETE"));

	it("DELETE ends it at the server and frees the place; once more is fine", async () => {
		const path = await putSession("whip", { max_participants: 1 });
		const { url, asked } = await begin(path);
		expect((await ask(url, { method: "DELETE" })).status).toBe(200);
		await deleted(asked);
		expect((await ask(url, { method: "DELETE" })).status).toBe(200);
		await begin(path);
	});

	it("a kick ends it at the server", async () => {
		const path = await putSession("whip");
		const { url, asked } = await begin(path);
		const [first] = await participants(path);
		const kicked = await gate.manage(
			"DELETE",
			`${account.manageUrl}/e2ee-sessions/${path.split("/").at(-1)}/participants/${String(first?.["id"] ?? first?.["participant_id"])}`,
		);
		expect(kicked.status).toBeLessThan(300);
		await deleted(asked);
		expect(
			await reasonOf(
				await ask(url, { method: "PATCH", body: fragment, type: FRAGMENT_TYPE, headers: { "If-Match": "*" } }),
			),
		).toEqual([410, "participant-gone"]);
		expect((await ask(url, { method: "DELETE" })).status).toBe(200);
	});

	it("a session that another offer of the participant replaces is ended at the server, also of two at the same time", async () => {
		const { url, asked } = await begin(await putSession("whip"));
		const ticket = url.split("/").at(-1);
		const renewed = async () => {
			const answer = await ask(`${gate.url}/join/v1/participants/${ticket}`, {});
			return ((await answer.json()) as { join: { url: string } }).join.url;
		};
		const urls = [url, await renewed(), await renewed()];
		const answers = await Promise.all(urls.map((each) => ask(each, { body: sending })));
		expect(answers.map(({ status }) => status)).toContain(201);
		expect((await ask(url, { method: "DELETE" })).status).toBe(200);
		const made = 1 + answers.filter(({ status }) => status === 201).length;
		const ended = () => asked().flatMap(({ method, url: at }) => (method === "DELETE" ? [at] : []));
		await eventually(() => expect(new Set(ended()).size).toBe(made));
	});

	it("a token that ends, ends it at the server", async () => {
		const path = await putSession("whip");
		const { asked } = await inTime((seconds) => begin(path, "whip", { exp: nowSeconds() + seconds }), [2, 10, 40]);
		await deleted(asked);
		expect(asked().at(-1)?.headers.authorization).toBe(`Bearer ${SFU_TOKEN}`);
	});

	it("the deletion of the session's record ends it at the server, which is asked again when it fails", async () => {
		const path = await putSession("whip");
		const { asked } = await begin(path);
		sfu.fail("DELETE", (_request, response) => void response.writeHead(500).end());
		const gone = await gate.manage("DELETE", `${account.manageUrl}/e2ee-sessions/${path.split("/").at(-1)}`);
		expect(gone.status).toBe(204);
		await eventually(() => expect(asked().filter(({ method }) => method === "DELETE")).toHaveLength(2));
		expect(asked().at(-1)?.headers.authorization).toBe(`Bearer ${SFU_TOKEN}`);
	});

	it("a record that names another server meanwhile: the session is ended where it is, with that server's token", async () => {
		const path = await putSession("whip");
		const { url, etag, asked } = await begin(path);
		const webrtc = { mode: "whip", endpoint: "https://moved.example/whip", endpoint_token: "another-servers-token" };
		const place = `${account.manageUrl}/e2ee-sessions/${path.split("/").at(-1)}`;
		expect((await gate.manage("PUT", place, { provider: "webrtc", webrtc })).status).toBe(200);
		const trickled = await ask(url, {
			method: "PATCH",
			body: fragment,
			type: FRAGMENT_TYPE,
			headers: { "If-Match": etag },
		});
		expect(trickled.status).toBe(204);
		await gate.manage("POST", `${place}/end`);
		await deleted(asked);
		expect(new Set(asked().map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${SFU_TOKEN}`]));
	});

	it("a revocation ends it at the server", async () => {
		const { asked } = await begin(await putSession("whip"), "whip", { uid: "rev" });
		await gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "uid", value: "rev" });
		await deleted(asked);
		expect(asked().at(-1)?.url).toMatch(/^\/sfu\/session\/\d+$/);
	});

	it("a server that fails to end it is asked again", async () => {
		const { url, asked } = await begin(await putSession("whip"));
		sfu.fail("DELETE", (_request, response) => void response.writeHead(500).end());
		expect((await ask(url, { method: "DELETE" })).status).toBe(200);
		await eventually(() => expect(asked().filter(({ method }) => method === "DELETE").length).toBeGreaterThan(1));
	});
});

describe("other methods", () => {
	it("OPTIONS tells what may be sent, a preflight too; but no ICE servers", async () => {
		const path = await putSession("whip", {}, { ice_servers: [{ urls: ["stun:stun.example"] }] });
		const plain = await ask(`${path}/whip`, { method: "OPTIONS" });
		expect([plain.status, plain.headers.get("Accept-Post"), plain.headers.get("Link")]).toEqual([
			200,
			"application/sdp",
			null,
		]);
		const authorised = await ask(`${path}/whip`, { method: "OPTIONS", token: await account.sign() });
		expect(authorised.headers.get("Link")).toBe('<stun:stun.example>; rel="ice-server"');
		expect(authorised.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");
		const refused = await ask(`${path}/whip`, { method: "OPTIONS", token: await account.sign({ conid: "another" }) });
		expect([refused.status, refused.headers.get("Link")]).toEqual([200, null]);
		const headers = {
			Origin: "https://page.example",
			"Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,content-type",
		};
		const preflight = await ask(`${path}/whip`, { method: "OPTIONS", headers });
		expect([preflight.status, preflight.headers.get("Link"), preflight.headers.get("Accept-Post")]).toEqual([
			200,
			null,
			"application/sdp",
		]);
		expect(preflight.headers.get("Access-Control-Allow-Origin")).toBe("https://page.example");
		expect(preflight.headers.get("Access-Control-Allow-Headers")).toBe("authorization,content-type");
	});

	it("OPTIONS with a token spends nothing", async () => {
		const path = await putSession("whip", { max_participants: 2 });
		const token = await account.sign({ maxu: 1 });
		for (let count = 0; count < 3; count++) await ask(`${path}/whip`, { method: "OPTIONS", token });
		expect((await ask(`${path}/whip`, { body: sending, token })).status).toBe(201);
		expect(await reasonOf(await ask(`${path}/whip`, { body: sending, token }))).toEqual([403, "use-limit"]);
	});

	it.each([
		["GET", "whip", 204, null],
		["HEAD", "whip", 204, null],
		["GET", "whep", 204, null],
		["HEAD", "whep", 200, "application/sdp"],
	] as const)("%s of a %s endpoint: %d without content", async (method, door, status, type) => {
		const answer = await ask(`${await putSession(door)}/${door}`, { method });
		expect([answer.status, answer.headers.get("Content-Type"), await answer.text()]).toEqual([status, type, ""]);
	});

	it.each(["PUT", "PATCH", "DELETE"])("%s of an endpoint: 405", async (method) => {
		const answer = await ask(`${await putSession("whip")}/whip`, { method, token: await account.sign() });
		expect(answer.headers.get("Allow")).toBe("OPTIONS, POST, GET, HEAD");
		expect(await reasonOf(answer)).toEqual([405, "method-not-allowed"]);
	});

	it("of a session: GET 204, OPTIONS 200, PUT 405", async () => {
		const { url } = await begin(await putSession("whip"));
		expect((await ask(url, { method: "GET" })).status).toBe(204);
		const options = await ask(url, { method: "OPTIONS" });
		expect([options.status, options.headers.get("Accept-Patch")]).toEqual([200, FRAGMENT_TYPE]);
		expect(await reasonOf(await ask(url, { method: "PUT", body: "x" }))).toEqual([405, "method-not-allowed"]);
	});
});

describe("WHEP", () => {
	it("answers 409 with Retry-After as long as nobody publishes, and then 201", async () => {
		const quiet = startSfu(gate.origin, "/quiet");
		const path = await putSession("whep", {}, { endpoint: `${quiet.url}/whep` });
		const answer = await ask(`${path}/whep`, { body: receiving, token: await account.sign() });
		expect(answer.headers.get("Retry-After")).toBe("3");
		expect(await reasonOf(answer)).toEqual([409, "stream-not-live"]);
		await quiet.close();
	});

	it("passes a counter-offer on: 406, then its answer by PATCH", async () => {
		const path = await putSession("whep");
		const offer = sending; // the server sends
		sfu.fail(
			"POST",
			(_request, response) =>
				void response.writeHead(406, { "Content-Type": "application/sdp", Location: "/sfu/session/77" }).end(offer),
		);
		const answer = await ask(`${path}/whep`, { body: receiving, token: await account.sign() });
		expect([answer.status, answer.headers.get("Content-Type"), await answer.text()]).toEqual([
			406,
			"application/sdp",
			offer,
		]);
		const url = answer.headers.get("Location") ?? "";
		expect(url).toMatch(/\/join\/v1\/whep\/[\w.-]+$/);
		const reply = vector("chromium-whip-answer");
		const patched = (body: string) => ask(url, { method: "PATCH", body });
		expect(await reasonOf(await patched(reply.replaceAll("sha-256", "sha-1")))).toEqual([
			422,
			"sdp-refused",
			"fingerprint",
		]);
		expect(await reasonOf(await patched(reply.replaceAll("a=recvonly", "a=sendrecv")))).toEqual([
			422,
			"sdp-refused",
			"role",
		]);
		sfu.fail("PATCH", (_request, response) => void response.writeHead(204).end());
		expect((await patched(reply)).status).toBe(204);
		expect(await reasonOf(await patched(reply))).toEqual([422, "sdp-refused", "unsolicited-answer"]);
	});

	it("refuses an offer to send, and a token that may only publish may not receive both ways", async () => {
		const path = await putSession("whep");
		expect(await reasonOf(await ask(`${path}/whep`, { body: sending, token: await account.sign() }))).toEqual([
			422,
			"sdp-refused",
			"direction",
		]);
	});
});

describe("with a ticket", () => {
	const joined = async (path: string, claims: Json = {}) => {
		const answer = await ask(path, { body: "{}", type: "application/json", token: await account.sign(claims) });
		return (await answer.json()) as { join: { url: string }; status: string; ticket: string };
	};

	it("a join answers where to send the offer: no token then, once", async () => {
		const path = await putSession("whip");
		const { join: material } = await joined(path);
		expect(material.url).toMatch(/^http.*\/join\/v1\/whip\/[\w.-]+$/);
		const answer = await ask(material.url, { body: sending });
		expect(answer.status).toBe(201);
		expect(answer.headers.get("Location")).toBe(material.url);
		expect(await reasonOf(await ask(material.url, { body: sending }))).toEqual([403, "ticket-used"]);
		expect((await ask(material.url, { method: "DELETE" })).status).toBe(200);
	});

	it("the role of the participant holds", async () => {
		const path = await putSession("whip");
		const { join: material } = await joined(path, { join_role: "subscriber" });
		expect(await reasonOf(await ask(material.url, { body: sending }))).toEqual([422, "sdp-refused", "role"]);
	});

	it("one who waits in the lobby is refused, and let in after the approval", async () => {
		const path = await putSession("whip", { lobby: true });
		expect(await reasonOf(await ask(`${path}/whip`, { body: sending, token: await account.sign() }))).toEqual([
			409,
			"participant-status",
		]);
	});
});

it("neither token nor the media server's secrets and addresses are in the log", () => {
	const log = gate.logLines.join("\n");
	expect(log).not.toContain(SFU_TOKEN);
	expect(log).not.toContain("/sfu/session");
	for (const token of gate.tokens) expect(log).not.toContain(token);
});
