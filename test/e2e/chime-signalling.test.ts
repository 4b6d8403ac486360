import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { AWS_KEYS, type ChimeAws, startChimeAws } from "../standins/chime-aws.ts";
import {
	type Behaviour,
	type ChimeSignalling,
	type Connection,
	audioStatus,
	startChimeSignalling,
} from "../standins/chime-signalling.ts";
import { launchBrowser } from "../support/browser.ts";
import { type ChimePage, openChimePage } from "../support/chime-page.ts";
import { type NetworkProxy, startNetworkProxy } from "../support/network-proxy.ts";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

// amazon-chime-sdk-js, as it is published, in a browser, through the gate to stand-ins for AWS.
let gate: TestGate;
let aws: ChimeAws;
let service: ChimeSignalling;
let browser: Browser;
let account: TestAccount;
const pages: ChimePage[] = [];
const proxies: NetworkProxy[] = [];

beforeAll(async () => {
	[gate, service, browser] = await Promise.all([
		startTestGate({ decisionLog: "all" }),
		startChimeSignalling(),
		launchBrowser(),
	]);
	aws = await startChimeAws(service.url);
	account = await gate.openAccount();
	const { accessKeyId, secretAccessKey, region } = AWS_KEYS;
	const credentials = { access_key_id: accessKeyId, secret_access_key: secretAccessKey, region, endpoint: aws.url };
	await put("providers/chime", credentials);
});
afterEach(async () => {
	service.behave(undefined);
	await Promise.all(pages.splice(0).map((page) => page.close()));
	await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});
afterAll(async () => {
	await browser?.close();
	await gate?.stop();
	await Promise.all([aws?.close(), service?.close()]);
});

async function put(path: string, body: Json, of = account): Promise<void> {
	const answer = await gate.manage("PUT", `${of.manageUrl}/${path}`, body);
	if (!answer.ok) throw new Error(await answer.text());
}

interface JoinAnswer {
	readonly participant_id: string;
	readonly ticket: string;
	readonly join: {
		readonly url: string;
		readonly meeting: { readonly MeetingId: string; readonly MediaPlacement: Json };
		readonly attendee: { readonly AttendeeId: string; readonly JoinToken: string; readonly ExternalUserId: string };
	};
}

let sessions = 0;

/** A session of its own, and somebody who may join it. */
async function openSession(chime: Json = {}, more: Json = {}, of = account): Promise<string> {
	const id = `room-${(sessions += 1)}`;
	await put(
		`e2ee-sessions/${id}`,
		{ provider: "chime", chime: { app_key: "K", tenant_ids: ["org-1"], ...chime }, ...more },
		of,
	);
	return id;
}

async function askToJoin(
	session: string,
	claims: Json = {},
	headers: Record<string, string> = {},
	of = account,
): Promise<Response> {
	const token = await of.sign({ uid: "ann", ...claims });
	const url = `${gate.url}/join/v1/accounts/${of.id}/sessions/${session}`;
	return ask(url, { method: "POST", headers: { Authorization: `Bearer ${token}`, ...headers } });
}

async function join(session: string, claims: Json = {}): Promise<JoinAnswer> {
	const answer = await askToJoin(session, claims);
	if (answer.status !== 201) throw new Error(await answer.text());
	return (await answer.json()) as JoinAnswer;
}

async function watch({ join: { meeting, attendee } }: JoinAnswer, connectionTimeoutMs?: number): Promise<ChimePage> {
	const page = await openChimePage(browser, gate.origin);
	pages.push(page);
	await page.start(meeting, attendee, connectionTimeoutMs);
	return page;
}

/** The same with media, until the session has started. The service is told how to answer before it is asked. */
async function talk({ join: { meeting, attendee } }: JoinAnswer): Promise<ChimePage> {
	const page = await openChimePage(browser, gate.origin);
	pages.push(page);
	service.behave({ answer: page.answer });
	await page.start(meeting, attendee);
	await page.started();
	return page;
}

/** Waits until the service has got so many connections with the attendee's JoinToken, and the last one has said SUBSCRIBE. */
function arrived({ join: { attendee } }: JoinAnswer, count = 1): Promise<Connection> {
	return eventually(() => {
		const own = service.connections.filter(({ joinToken }) => joinToken === attendee.JoinToken);
		const last = own.at(-1);
		if (own.length < count || !last?.frames.includes("SUBSCRIBE"))
			throw new Error(`${own.length}: ${last?.frames.join()}`);
		return last;
	});
}

const participants = (session: string): string => `${account.manageUrl}/e2ee-sessions/${session}/participants`;

async function statusOf(session: string, id: string): Promise<unknown> {
	const listed = await gate.manage("GET", `${participants(session)}?all=true`);
	const { participants: list } = (await listed.json()) as { participants: readonly Json[] };
	return list.find((one) => one["id"] === id)?.["status"];
}

describe("a client that may join", () => {
	it("joins with what the join gave: its frames reach the service as it sent them", async () => {
		const session = await openSession();
		const joined = await join(session);
		expect(joined.join.attendee.ExternalUserId).toBe("ann");
		expect(joined.join.meeting.MediaPlacement["SignalingUrl"]).toBe(
			`${gate.url.replace("http", "ws")}/join/v1/chime/${joined.ticket}`,
		);
		await watch(joined);
		const connection = await arrived(joined);
		expect(connection.subprotocols).toEqual(["_aws_wt_session", joined.join.attendee.JoinToken]);
		expect(connection.url).toMatch(
			/^\/control\/meeting\?X-Chime-Control-Protocol-Version=3&X-Amzn-Chime-Send-Close-On-Error=1/,
		);
		expect(connection.headers["user-agent"]).toContain("Chrome");
		expect(connection.frames.slice(0, 2).toSorted()).toEqual(["JOIN", "PING_PONG"]);
		expect(await statusOf(session, joined.participant_id)).toBe("connected");
	});

	it("shares its meeting with those who come at the same time, each with an attendee of its own", async () => {
		const session = await openSession({}, { max_participants: 10 });
		const joined = await Promise.all(["ann", "ben", "cleo", "dan"].map((uid) => join(session, { uid })));
		expect(new Set(joined.map(({ join: { meeting } }) => meeting.MeetingId)).size).toBe(1);
		expect(new Set(joined.map(({ join: { attendee } }) => attendee.AttendeeId)).size).toBe(4);
		const record = (await (await gate.manage("GET", `${account.manageUrl}/e2ee-sessions/${session}`)).json()) as {
			chime: Json;
		};
		expect(record.chime["meeting_id"]).toBe(joined[0]?.join.meeting.MeetingId);
		const made = aws.calls.find(({ body }) => body?.["ExternalMeetingId"] === session)?.body;
		expect(made).toMatchObject({ TenantIds: ["org-1"], MeetingFeatures: { Attendee: { MaxCount: 10 } } });
	});

	it.each([
		["subscriber", "Receive"],
		["publisheronly", "Send"],
		["publisher", "SendReceive"],
	])("as %s may %s", async (role, capability) => {
		const joined = await join(await openSession(), { join_role: role });
		const meeting = aws.meetings.get(joined.join.meeting.MeetingId);
		const all = { Audio: capability, Video: capability, Content: capability };
		expect(meeting?.attendees.get(joined.join.attendee.AttendeeId)?.["Capabilities"]).toEqual(all);
	});

	it("gets a new meeting when the last one has ended", async () => {
		const session = await openSession();
		const first = await join(session);
		aws.endMeeting(first.join.meeting.MeetingId);
		const second = await join(session, { uid: "ben" });
		expect(second.join.meeting.MeetingId).not.toBe(first.join.meeting.MeetingId);
		await watch(second);
		await arrived(second);
	});

	it("keeps its attendee when it renews", async () => {
		const joined = await join(await openSession());
		const renewed = await ask(`${gate.url}/join/v1/participants/${joined.ticket}`, { method: "POST" });
		const answer = (await renewed.json()) as JoinAnswer;
		expect(answer.join.attendee).toEqual(joined.join.attendee);
		expect(answer.ticket).not.toBe(joined.ticket);
		await watch(answer);
		await arrived(answer);
	});

	it("connects again with the same URL when the service has dropped it", async () => {
		const session = await openSession();
		const joined = await join(session);
		const page = await talk(joined);
		(await arrived(joined)).cut();
		await arrived(joined, 2);
		expect(await page.connects()).toBeGreaterThan(1);
		expect(await statusOf(session, joined.participant_id)).toBe("connected");
	});

	it("leaves: its attendee is deleted, and its place is free", async () => {
		const session = await openSession({}, { max_participants: 1 });
		const joined = await join(session);
		const page = await talk(joined);
		const connection = await arrived(joined);
		await page.leave();
		expect(await page.stopped()).toBe("Left");
		await eventually(() => expect(connection.closed).not.toBeNull());
		expect(connection.frames).toContain("LEAVE");
		await eventually(() => expect(aws.knowsToken(joined.join.attendee.JoinToken)).toBe(false));
		await join(session, { uid: "ben" });
	});
});

describe("a client that must go", () => {
	it.each<[string, (session: string, joined: JoinAnswer, jti: string) => Promise<unknown>, string]>([
		[
			"kicked",
			(session, { participant_id: id }) => gate.manage("DELETE", `${participants(session)}/${id}`),
			"AudioAttendeeRemoved",
		],
		[
			"session ended",
			(session) => gate.manage("POST", `${account.manageUrl}/e2ee-sessions/${session}/end`),
			"MeetingEnded",
		],
		[
			"session deleted",
			(session) => gate.manage("DELETE", `${account.manageUrl}/e2ee-sessions/${session}`),
			"MeetingEnded",
		],
		["another with the same uid", (session) => join(session), "AudioJoinedFromAnotherDevice"],
		[
			"token revoked",
			(_session, _joined, jti) => gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "jti", value: jti }),
			"AudioAuthenticationRejected",
		],
	])("%s", async (_cause, act, status) => {
		const session = await openSession();
		const jti = `jti-${session}`;
		const joined = await join(session, { jti });
		const page = await talk(joined);
		const connection = await arrived(joined);
		await act(session, joined, jti);
		expect(await page.stopped()).toBe(status);
		await eventually(() => expect(connection.closed).not.toBeNull());
		await eventually(() => expect(aws.knowsToken(joined.join.attendee.JoinToken)).toBe(false));
	});

	it("token expired", async () => {
		const joined = await join(await openSession(), { iat: nowSeconds() - 600, exp: nowSeconds() - 54 }); // the skew leaves it six seconds more
		const page = await watch(joined);
		expect(await page.stopped()).toBe("AudioAuthenticationRejected");
	});
});

describe("a client that may not connect", () => {
	it("with a ticket that is none: authentication rejected", async () => {
		const joined = await join(await openSession());
		const SignalingUrl = `${gate.url.replace("http", "ws")}/join/v1/chime/no.ticket`;
		const { meeting } = joined.join;
		const page = await watch({
			...joined,
			join: { ...joined.join, meeting: { ...meeting, MediaPlacement: { ...meeting.MediaPlacement, SignalingUrl } } },
		});
		expect(await page.stopped()).toBe("AudioAuthenticationRejected");
		expect(service.connections.some(({ joinToken }) => joinToken === joined.join.attendee.JoinToken)).toBe(false);
	});

	it("after it was kicked: removed", async () => {
		const session = await openSession();
		const joined = await join(session);
		await gate.manage("DELETE", `${participants(session)}/${joined.participant_id}`);
		expect(await (await watch(joined)).stopped()).toBe("AudioAttendeeRemoved");
	});

	it("after the session has ended: meeting ended", async () => {
		const session = await openSession();
		const joined = await join(session);
		await gate.manage("POST", `${account.manageUrl}/e2ee-sessions/${session}/end`);
		expect(await (await watch(joined)).stopped()).toBe("MeetingEnded");
	});

	it("with the JoinToken of another attendee: authentication rejected", async () => {
		const session = await openSession();
		const [ann, ben] = [await join(session), await join(session, { uid: "ben" })];
		const page = await watch({ ...ann, join: { ...ann.join, attendee: ben.join.attendee } });
		expect(await page.stopped()).toBe("AudioAuthenticationRejected");
		await eventually(() => expect(gate.logLines.join("\n")).toContain("chime-attendee-mismatch"));
	});

	it("with an SDK that is too old for the session: authentication rejected", async () => {
		const session = await openSession();
		const joined = await join(session);
		await put(`e2ee-sessions/${session}`, { provider: "chime", least_versions: { "amazon-chime-sdk-js": "99.0.0" } });
		expect(await (await watch(joined)).stopped()).toBe("AudioAuthenticationRejected");
	});
});

describe("what the service itself says passes", () => {
	/** Longer than the four seconds in which the page's SDK connects again, so that it gives up after it has tried. */
	const GIVES_UP_MS = 4500;
	it.each<[string, Behaviour, string, number?]>([
		["HTTP 403", { refuse: 403 }, "AudioAuthenticationRejected"],
		["close 4403", { closeWith: 4403 }, "SignalingBadRequest"],
		["close 4410", { closeWith: 4410 }, "MeetingEnded"],
		["JOIN_ACK 403", { joinStatus: 403 }, "AudioAuthenticationRejected"],
		["JOIN_ACK 409", { joinStatus: 409 }, "AudioCallAtCapacity"],
		["SUBSCRIBE_ACK 403", { subscribeStatus: 403 }, "AudioAuthenticationRejected"],
		["HTTP 500, again and again", { refuse: 500 }, "TaskFailed", GIVES_UP_MS],
		["close 4500, again and again", { closeWith: 4500 }, "TaskFailed", GIVES_UP_MS],
	])("%s", async (_what, behaviour, status, connectionTimeoutMs) => {
		const joined = await join(await openSession());
		service.behave(behaviour);
		expect(await (await watch(joined, connectionTimeoutMs)).stopped()).toBe(status);
	});

	it.each([
		[409, "AudioCallAtCapacity"],
		[410, "MeetingEnded"],
		[411, "AudioAttendeeRemoved"],
	])("AUDIO_STATUS %s", async (code, status) => {
		const joined = await join(await openSession());
		const page = await watch(joined);
		(await arrived(joined)).send(audioStatus(code));
		expect(await page.stopped()).toBe(status);
	});
});

describe("AppKeys and TenantIds", () => {
	const APP_KEYS = "X-Amzn-Chime-App-Keys";
	const TENANTS = "X-Amzn-Chime-Tenants";

	/** The client behind a proxy of its network, which adds these. */
	async function behindProxy(joined: JoinAnswer, headers: Record<string, string>): Promise<JoinAnswer> {
		const proxy = await startNetworkProxy(gate.url, headers);
		proxies.push(proxy);
		const { meeting } = joined.join;
		const SignalingUrl = `${proxy.url}/join/v1/chime/${joined.ticket}`;
		return {
			...joined,
			join: { ...joined.join, meeting: { ...meeting, MediaPlacement: { ...meeting.MediaPlacement, SignalingUrl } } },
		};
	}

	it.each<[string, Record<string, string>]>([
		["no header", {}],
		["its AppKey", { [APP_KEYS]: "other, K" }],
		["its tenant", { [TENANTS]: "K:org-1" }],
		["another app's tenants", { [APP_KEYS]: "K", [TENANTS]: "other:org-9" }],
	])("check: a network that sends %s lets the session through", async (_what, headers) => {
		const joined = await join(await openSession());
		await watch(await behindProxy(joined, headers));
		const connection = await arrived(joined);
		expect(connection.headers["x-amzn-chime-app-keys"]).toBe(headers[APP_KEYS]);
		expect(connection.headers["x-amzn-chime-tenants"]).toBe(headers[TENANTS]);
	});

	it.each<[string, Record<string, string>, string]>([
		["another AppKey", { [APP_KEYS]: "other" }, "chime-app-key-refused"],
		["another tenant", { [TENANTS]: "K:org-9" }, "chime-tenant-refused"],
		["an empty header", { [APP_KEYS]: "K", [TENANTS]: "" }, "chime-tenant-refused"],
	])("check: a network that sends %s does not", async (_what, headers, reason) => {
		const session = await openSession();
		const joined = await join(session);
		expect(await (await watch(await behindProxy(joined, headers))).stopped()).toBe("AudioAuthenticationRejected");
		const refused = await askToJoin(session, { uid: "ben" }, headers);
		expect([refused.status, refused.headers.get("Playgate-Reason")]).toEqual([403, reason]);
	});

	it("inject: the gate sends its own, whatever the client's network says", async () => {
		const joined = await join(await openSession({ headers: "inject", tenant_ids: ["org-1", "org-2"] }));
		await watch(await behindProxy(joined, { [APP_KEYS]: "forged", [TENANTS]: "K:forged" }));
		const { headers } = await arrived(joined);
		expect([headers["x-amzn-chime-app-keys"], headers["x-amzn-chime-tenants"]]).toEqual(["K", "K:org-1,org-2"]);
	});
});

describe("the signalling address", () => {
	/** What a client that is no browser hears: the status of the upgrade, and the reason. */
	function upgrade(
		url: string,
		{ protocols = ["_aws_wt_session", "token"], headers = {} } = {},
	): Promise<readonly unknown[]> {
		return new Promise((resolve) => {
			const ws = new WebSocket(url, protocols, { headers });
			ws.on("unexpected-response", (_request, response) => {
				resolve([response.statusCode, response.headers["playgate-reason"]]);
				ws.terminate();
			});
			ws.on("open", () => {
				resolve([101, ws.protocol]);
				ws.close();
			});
			ws.on("error", () => {});
		});
	}

	it("refuses with HTTP where the client does not ask for closes", async () => {
		const { join: material } = await join(await openSession());
		const protocols = ["_aws_wt_session", material.attendee.JoinToken];
		const forbidden = { headers: { "X-Amzn-Chime-App-Keys": "other" }, protocols };
		expect(await upgrade(material.url, forbidden)).toEqual([403, "chime-app-key-refused"]);
		expect(await upgrade(material.url)).toEqual([403, "chime-attendee-mismatch"]);
		expect(await upgrade(material.url, { protocols })).toEqual([101, "_aws_wt_session"]);
		expect(await upgrade(`${gate.url.replace("http", "ws")}/join/v1/chime/none`)).toEqual([401, "ticket-invalid"]);
	});

	it.each([
		["no subprotocol", []],
		["no JoinToken", ["_aws_wt_session"]],
		["another subprotocol", ["chat", "token"]],
		["more than one token", ["_aws_wt_session", "one", "two"]],
	])("wants the subprotocols of the SDK: %s", async (_what, protocols) => {
		const { join: material } = await join(await openSession());
		expect(await upgrade(material.url, { protocols })).toEqual([400, "bad-request"]);
	});

	it("is for WebSockets", async () => {
		const { join: material } = await join(await openSession());
		const url = material.url.replace("ws", "http");
		expect((await ask(url)).status).toBe(400);
		expect((await ask(url, { method: "POST" })).status).toBe(405);
	});
});

describe("without credentials of AWS", () => {
	it("gives the signalling URL only, and carries the frames of an attendee that the back end made", async () => {
		const other = await gate.openAccount();
		const session = await openSession({ signaling_url: service.url }, {}, other);
		const answer = await askToJoin(session, {}, {}, other);
		const joined = (await answer.json()) as JoinAnswer;
		expect(joined.join).toEqual({ url: joined.join.url, signaling_url: joined.join.url });
		const attendee = {
			AttendeeId: "0b0e8a1c-0000-4000-8000-000000000000",
			ExternalUserId: "ann",
			JoinToken: "made-by-the-back-end",
		};
		const meeting = {
			MeetingId: "m",
			MediaPlacement: { AudioHostUrl: "127.0.0.1:3478", SignalingUrl: joined.join.url },
		};
		const own = { ...joined, join: { ...joined.join, meeting, attendee } };
		await watch(own);
		await arrived(own);
	});

	it("and without a signalling URL there is nothing to join", async () => {
		const other = await gate.openAccount();
		const session = await openSession({}, {}, other);
		const answer = await askToJoin(session, {}, {}, other);
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([502, "provider-not-configured"]);
	});
});

it("no JoinToken and no ticket is ever in the log", () => {
	const log = gate.logLines.join("\n");
	expect(log).toContain("/join/v1/chime/*");
	for (const { joinToken, url } of service.connections) {
		expect(log).not.toContain(joinToken);
		expect(url).not.toContain("ticket");
	}
});
