import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JoinAnswer, type TestSession, answered, openSession } from "../support/join.ts";
import { WebSocket } from "ws";
import { type JoinClient, OFFER, WAYS, type JoinWay, hookSora, startJoinServers } from "../support/join-clients.ts";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import { connectMessage } from "../support/sora.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime, soon } from "../support/patience.ts";

// The same session, whatever its provider: one gate, one account, and clients of every kind that are connected at the same time.
let gate: TestGate;
let account: TestAccount;
let servers: Awaited<ReturnType<typeof startJoinServers>>;
let sessions = 0;
const heard: {
	readonly type: string;
	readonly data: Json & { readonly session: string; readonly participant?: Json };
}[] = [];

beforeAll(async () => {
	[gate, servers] = await Promise.all([startTestGate({ decisionLog: "all" }), startJoinServers()]);
	account = await gate.openAccount({ touch_seconds: 1 });
	for (const way of servers.ways) await way.setUp(gate, account);
	hookSora(gate, servers.sora, account);
	gate.origin.answer("/joins", async (request, response) => {
		heard.push(JSON.parse(await text(request)) as (typeof heard)[number]);
		response.writeHead(204).end();
	});
	await gate.manage("PUT", `${account.manageUrl}/join-webhook`, { url: `${gate.origin.url}/joins` });
});
afterAll(async () => {
	await gate?.stop();
	await servers?.close();
});

const wayOf = (name: string): JoinWay => servers.ways.find((way) => way.name === name) as JoinWay;

interface Place extends TestSession {
	readonly way: JoinWay;
	readonly part: Json;
	readonly connect: (joined: JoinAnswer) => Promise<JoinClient>;
	/** Joins and connects. */
	readonly enter: (claims?: Json) => Promise<JoinAnswer & JoinClient>;
	readonly record: () => Promise<Json>;
}

async function open(name: string, record: Json = {}): Promise<Place> {
	const way = wayOf(name);
	const id = `${way.provider}-${(sessions += 1)}`;
	const part = { provider: way.provider, ...way.part(gate, id) };
	const session = await openSession(gate, account, { ...part, ...record }, id);
	const connect = (joined: JoinAnswer) => {
		if (joined.status > 201) throw new Error(JSON.stringify(joined.body));
		return way.connect(gate, id, joined);
	};
	return {
		...session,
		way,
		part,
		connect,
		enter: async (claims = {}) => {
			const joined = await session.join(claims);
			return { ...joined, ...(await connect(joined)) };
		},
		record: async () => (await (await gate.manage("GET", session.manageUrl)).json()) as Json,
	};
}

/** Waits until one participant stands so in the list: its status, or the cause for which it is gone, which is the last word. */
async function stands(place: Place, { participantId }: JoinAnswer, how: string): Promise<void> {
	const last = await eventually(async () => {
		const found = (await place.participants(true)).find(({ id }) => id === participantId);
		const { because = null, status } = found ?? {};
		if (because === null && status !== how) throw new Error(`It is ${String(status)}, not ${how}.`);
		return because ?? status;
	});
	expect(last).toBe(how);
}
const told = ({ id }: Place) => heard.filter(({ data }) => data.session === id);
/** Type, viewer and cause of what the webhook was told of a session. */
const eventsOf = (place: Place): string[] =>
	told(place)
		.map(({ type, data }) => [type, data.participant?.["uid"], data["because"] ?? data["reason"]].join(" "))
		.toSorted();
/** As a client that waits, or whose token ends. */
const renew = async ({ ticket }: JoinAnswer, token?: string): Promise<JoinAnswer> => {
	const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
	return answered(await ask(`${gate.url}/join/v1/participants/${ticket}`, { method: "POST", headers }));
};
const answerOf = async (answer: Response | Promise<Response>) => {
	const { status, body } = await (await answer, answer);
	return [status, body === null ? null : await (await answer).json()];
};

/** How a WebSocket is refused: by status before it is open, by a code after it. */
function upgrade(url: string, protocols: string[] = [], channel = ""): Promise<readonly unknown[]> {
	return new Promise((resolve) => {
		const ws = new WebSocket(url, protocols);
		ws.on("unexpected-response", (_request, response) => {
			resolve([response.statusCode, response.headers["playgate-reason"]]);
			ws.terminate();
		});
		ws.on("open", () => ws.send(JSON.stringify(connectMessage(channel, {}))));
		ws.on("close", (code, reason) => resolve([code, reason.toString()]));
		ws.on("error", () => {});
	});
}

async function offer(url: string, token?: string): Promise<readonly unknown[]> {
	const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
	const headers = { "Content-Type": "application/sdp", ...authorization };
	const answer = await ask(url, { method: "POST", headers, body: OFFER });
	return [answer.status, answer.headers.get("Playgate-Reason")];
}

const MEMBERS = "because device expires_at gone_at id joined_at name role sdk status token_id uid version".split(" ");

describe.concurrent.each(WAYS)("a session of %s", (name) => {
	it("is listed, locked, unlocked and ended, its participants listed and kicked", async () => {
		const place = await open(name);
		const [ann, ben] = [await place.enter({ uid: "ann" }), await place.enter({ uid: "ben" })];
		await stands(place, ann, "connected");
		await stands(place, ben, "connected");
		const listed = await place.participants();
		expect(listed.map(({ uid }) => uid)).toEqual(["ann", "ben"]);
		expect(Object.keys(listed[0] ?? {}).toSorted()).toEqual(MEMBERS);
		expect(await answerOf(place.order("POST", "lock"))).toEqual([200, { session_id: place.id, status: "locked" }]);
		expect((await place.record())["status"]).toBe("locked");
		expect((await place.join({ uid: "cleo" })).reason).toBe("e2ee-session-locked");
		expect(await answerOf(place.order("POST", "unlock"))).toEqual([200, { session_id: place.id, status: "open" }]);
		const cleo = await place.enter({ uid: "cleo" });
		expect((await place.order("DELETE", `participants/${ann.participantId}`)).status).toBe(204);
		await ann.out();
		await stands(place, ann, "kicked");
		expect((await place.order("DELETE", `participants/${ben.participantId}?ban_seconds=60&reason=spam`)).status).toBe(
			204,
		);
		await ben.out();
		await stands(place, ben, "banned");
		expect((await place.join({ uid: "ben" })).reason).toBe("participant-banned");
		expect(await answerOf(place.order("POST", "end"))).toEqual([200, { session_id: place.id, status: "ended" }]);
		await cleo.out();
		await stands(place, cleo, "session-ended");
		expect((await place.join({ uid: "dan" })).reason).toBe("e2ee-session-ended");
		expect((await place.record())["status"]).toBe("ended");
		await eventually(() =>
			expect(eventsOf(place)).toEqual([
				"join.participant_joined ann ",
				"join.participant_joined ben ",
				"join.participant_joined cleo ",
				"join.participant_left ann kicked",
				"join.participant_left ben banned",
				"join.participant_left cleo session-ended",
				"join.refused ben participant-banned",
				"join.refused cleo e2ee-session-locked",
				"join.refused dan e2ee-session-ended",
				"join.session_ended  ",
			]),
		);
		expect(new Set(told(place).map(({ data }) => data["provider"]))).toEqual(new Set([place.way.provider]));
	});

	it("has a lobby: its people are let in, as long as there is room, or turned away", async () => {
		const place = await open(name, { lobby: true, max_participants: 1 });
		const [ann, ben, cleo] = [
			await place.join({ uid: "ann" }),
			await place.join({ uid: "ben" }),
			await place.join({ uid: "cleo" }),
		];
		expect([ann, ben, cleo].map(({ status, body }) => [status, body["status"]])).toEqual([
			[202, "waiting"],
			[202, "waiting"],
			[202, "waiting"],
		]);
		const [status, denied] = await answerOf(place.order("POST", `participants/${ben.participantId}/deny`));
		expect([status, denied]).toMatchObject([200, { id: ben.participantId, status: "gone", because: "denied" }]);
		const lookedUp = await renew(ben);
		expect([lookedUp.status, lookedUp.reason]).toEqual([403, "lobby-denied"]);
		expect(await answerOf(place.order("POST", `participants/${ann.participantId}/approve`))).toMatchObject([
			200,
			{ id: ann.participantId, status: "admitted" },
		]);
		expect(await answerOf(place.order("POST", `participants/${ann.participantId}/deny`))).toMatchObject([
			409,
			[{ reason: "participant-status" }],
		]);
		expect(await answerOf(place.order("POST", `participants/${cleo.participantId}/approve`))).toMatchObject([
			403,
			[{ reason: "e2ee-session-full" }],
		]);
		expect((await renew(cleo)).body["status"]).toBe("waiting");
		const admitted = await renew(ann);
		expect([admitted.status, admitted.body["status"]]).toEqual([200, "admitted"]);
		const client = await place.connect(admitted);
		await stands(place, ann, "connected");
		expect((await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "DELETE" })).status).toBe(204);
		await client.out();
		await stands(place, ann, "left");
		await place.order("POST", `participants/${cleo.participantId}/approve`);
		await place.connect(await renew(cleo));
		await stands(place, cleo, "connected");
		await eventually(() =>
			expect(eventsOf(place)).toEqual([
				"join.participant_joined ann ",
				"join.participant_joined cleo ",
				"join.participant_left ann left",
				"join.refused ben lobby-denied",
			]),
		);
	});

	it.each<[string, Json, string, Json?]>([
		["full", { max_participants: 1 }, "e2ee-session-full"],
		["taken by the same token", { single_use: true, identity: "many" }, "token-already-joined", { jti: "one" }],
		["taken by the same viewer", { identity: "refuse" }, "participant-present", { uid: "ann" }],
	])("refuses a second one where it is %s", async (_what, record, reason, claims = {}) => {
		const place = await open(name, record);
		const token = await account.sign({ uid: "ann", ...claims });
		await place.connect(await place.joinWith(token));
		const other = reason === "token-already-joined" ? token : await account.sign({ uid: "ben", ...claims });
		const refused = await place.joinWith(other);
		expect([refused.status, refused.reason]).toEqual([403, reason]);
		expect(await place.participants()).toMatchObject([{ uid: "ann", status: "connected" }]);
	});

	it("has the newest of one identity, or many", async () => {
		const [newest, many] = [await open(name), await open(name, { identity: "many" })];
		const first = await newest.enter({ uid: "ann" });
		const second = await newest.enter({ uid: "ann" });
		await first.out();
		await stands(newest, first, "replaced");
		await stands(newest, second, "connected");
		for (const uid of ["ann", "ann"]) await many.enter({ uid });
		expect(await many.participants()).toHaveLength(2);
	});

	it("is reached through no other provider's door, with whatever parts its record has, and nothing is spent there", async () => {
		const id = `odd-${(sessions += 1)}`;
		const parts = Object.assign(
			{},
			...WAYS.toReversed().map((each) => wayOf(each).part(gate, `${id}-${each.replace(/\W+/g, "")}`)),
		) as Json;
		const own = wayOf(name);
		const place = await open(name, parts);
		await place.put({ ...parts, provider: own.provider, ...own.part(gate, place.id) });
		const ann = await place.join({ uid: "ann" });
		const { ticket } = ann;
		const ws = gate.url.replace("http", "ws");
		const doors: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
			room: () => upgrade(`${ws}/join/v1/rooms/${ticket}`),
			whip: () => offer(`${gate.url}/join/v1/whip/${ticket}`),
			"whip with a token": async () => offer(`${place.url}/whip`, await account.sign({ uid: "ann" })),
			chime: () => upgrade(`${ws}/join/v1/chime/${ticket}`, ["_aws_wt_session", "token"]),
			vonage: () => upgrade(`${ws}/join/v1/vonage/${ticket}/127.0.0.1/rumorwebsocketsv2`),
			sora: () => upgrade(`${ws}/join/v1/accounts/${account.id}/sora/signaling?ticket=${ticket}`, [], place.id),
		};
		const others = Object.entries(doors).filter(([door]) => !door.startsWith(name.replace(/,.*/, "")));
		const outcomes = await Promise.all(others.map(async ([door, knock]) => [door, ...(await knock())]));
		const wanted: Readonly<Record<string, readonly unknown[]>> = {
			room: [404, "resource-not-found"],
			whip: [404, "resource-not-found"],
			"whip with a token": [404, "resource-not-found"],
			chime: [401, "ticket-invalid"],
			vonage: [401, "ticket-invalid"],
			sora: [4490, "ticket-invalid"],
		};
		expect(outcomes).toEqual(others.map(([door]) => [door, ...(wanted[door] ?? [])]));
		await place.connect(ann);
		await stands(place, ann, "connected");
	});

	it("is over when its token, the longest stay or the session is", async () => {
		const ends: [(seconds: number) => { readonly record?: Json; readonly claims?: Json }, string][] = [
			[(seconds) => ({ claims: { exp: nowSeconds() + seconds } }), "token-expired"],
			[(seconds) => ({ record: { max_stay_seconds: seconds } }), "stayed-too-long"],
			[(seconds) => ({ record: { ends_at: nowSeconds() + seconds } }), "session-ended"],
		];
		await Promise.all(
			ends.map(async ([given, because]) => {
				const { place, ann } = await inTime(async (seconds) => {
					const { record, claims } = given(seconds);
					const place = await open(name, record);
					const ann = await place.enter({ uid: "ann", ...claims });
					expect(ann.body["expires_at"]).toBeLessThanOrEqual(nowSeconds() + seconds);
					await stands(place, ann, "connected");
					return { place, ann };
				});
				await ann.out();
				await stands(place, ann, because);
				const again = await renew(ann);
				expect([again.status, again.reason, again.body["because"]]).toEqual([410, "participant-gone", because]);
			}),
		);
	});

	it("lets in who followed a link, and puts everybody out when its record is deleted", async () => {
		const place = await open(name, { join_url: "https://app.example/call" });
		const link = await ask(`${place.url}?bcov_auth=${await account.sign({ uid: "ann" })}`, {
			headers: { Accept: "text/html" },
		});
		expect(link.status).toBe(303);
		const ticket = /ticket=([\w.-]+)/.exec(link.headers.get("Location") ?? "")?.[1] ?? "";
		const ann = await answered(await ask(`${gate.url}/join/v1/participants/${ticket}`, { method: "POST" }));
		const client = await place.connect(ann);
		await stands(place, ann, "connected");
		expect((await gate.manage("DELETE", place.manageUrl)).status).toBe(204);
		await client.out();
		expect((await place.join()).reason).toBe("e2ee-session-not-found");
		await eventually(() => expect(eventsOf(place)).toContain("join.participant_left ann session-ended"));
		await place.put(place.part);
		expect((await renew(ann)).status).toBe(410);
		expect(await place.participants()).toEqual([]);
	});

	it("puts everybody out when its record names another provider, through which they can join anew", async () => {
		const place = await open(name);
		const ann = await place.enter({ uid: "ann" });
		const other = wayOf(WAYS[(WAYS.indexOf(name) + 2) % WAYS.length] ?? "");
		const part = { provider: other.provider, ...other.part(gate, place.id) };
		expect((await gate.manage("PUT", place.manageUrl, { ...part, ends_at: "never" })).status).toBe(400);
		await stands(place, ann, "connected");
		await place.put(part);
		await ann.out();
		await stands(place, ann, "session-ended");
		expect((await place.record())["status"]).toBe("open");
		const again = await place.join({ uid: "ann" });
		expect([again.status, again.body["provider"]]).toEqual([201, other.provider]);
		await other.connect(gate, place.id, again);
		await stands(place, again, "connected");
	});

	it("lets those connect who had joined before it was locked", async () => {
		const place = await open(name);
		const ann = await place.join({ uid: "ann" });
		expect((await place.order("POST", "lock")).status).toBe(200);
		await place.connect(ann);
		await stands(place, ann, "connected");
	});

	it.each(["locked", "ended"])("is %s by its record", async (status) => {
		const place = await open(name);
		const ann = await place.enter({ uid: "ann" });
		await place.put({ ...place.part, status });
		if (status === "ended") await ann.out();
		expect((await place.join({ uid: "ben" })).reason).toBe(`e2ee-session-${status}`);
		await stands(place, ann, status === "ended" ? "session-ended" : "connected");
		await place.put({ ...place.part, status: "open" });
		expect((await place.join({ uid: "ben" })).status).toBe(201);
	});

	it("has a window", async () => {
		const [early, late] = [
			await open(name, { starts_at: nowSeconds() + 600 }),
			await open(name, { ends_at: nowSeconds() - 1 }),
		];
		const answers = [await early.join(), await late.join()];
		expect(answers.map(({ status, reason }) => [status, reason])).toEqual([
			[403, "e2ee-session-not-started"],
			[403, "e2ee-session-ended"],
		]);
	});

	it("lets a new token of the same viewer move the end", async () => {
		const later = nowSeconds() + 600;
		const { place, ann, exp } = await inTime(async (seconds) => {
			const place = await open(name);
			const exp = nowSeconds() + seconds;
			const ann = await place.enter({ uid: "ann", exp });
			const renewed = await renew(ann, await account.sign({ uid: "ann", exp: later }));
			expect([renewed.status, renewed.body["expires_at"]]).toEqual([200, later]);
			return { place, ann, exp };
		});
		const other = await renew(ann, await account.sign({ uid: "ben", exp: later }));
		expect([other.status, other.reason]).toEqual([400, "bad-request"]);
		await setTimeout(exp * 1000 + 500 - Date.now());
		await stands(place, ann, "connected");
	});

	it("keeps the place of a connection that broke for reconnect_seconds", async () => {
		if (name === "whip") return; // nothing but the media server has a connection
		const { place, ann } = await inTime(async (seconds) => {
			const place = await open(name, { reconnect_seconds: seconds, max_participants: 1 });
			const ann = await place.enter({ uid: "ann" });
			await stands(place, ann, "connected");
			ann.cut();
			// In redirect mode Sora has the connection: when it tells that it is over, it is.
			if (name !== "sora, redirect") await stands(place, ann, "away");
			return { place, ann };
		});
		await stands(place, ann, "connection-lost");
		expect((await place.enter({ uid: "ben" })).status).toBe(201);
	});

	it("puts out who is ended in the viewer's limits, and who never comes", async () => {
		const place = await open(name);
		const uid = `viewer-${place.id}`;
		const ann = await place.enter({ uid, climit: 1 });
		const ended = await gate.manage("DELETE", `${account.manageUrl}/sessions?uid=${uid}`);
		expect(ended.status).toBe(204);
		await ann.out();
		await stands(place, ann, "viewer-session-ended");
		await place.put({ ...place.part, ticket_seconds: 1 });
		const ben = await place.join({ uid: "ben" });
		await stands(place, ben, "never-came");
	});
});

const revocations: [string, (token: string) => Json, Json][] = [
	["token", (token) => ({ value: token }), {}],
	["jti", () => ({ value: "one-of-many" }), { jti: "one-of-many" }],
	["uid", () => ({ value: "eve" }), { uid: "eve" }],
	["sid", () => ({ value: "call-7" }), { sid: "call-7" }],
	["key", () => ({ value: "ec" }), {}],
	["issued-before", () => ({ before: nowSeconds() - 1000 }), { iat: nowSeconds() - 1001 }],
];

/** What else than the join is decided, as status and door. */
const DOORS: Readonly<Record<(typeof WAYS)[number], readonly string[]>> = {
	room: ["101 rooms"],
	whip: ["201 whip"],
	chime: ["101 chime"],
	vonage: ["101 vonage", "200 vonage"],
	"sora, redirect": ["101 sora/signaling", "200 sora/auth-webhook", "200 sora/event-webhook"],
	"sora, proxy": ["101 sora/signaling", "200 sora/auth-webhook", "200 sora/event-webhook"],
};

it.each(WAYS)("each decision about a session of %s is in the log once, with its provider", async (name) => {
	const place = await open(name, { max_participants: 1 });
	const ann = await place.enter({ uid: "ann" });
	const ben = await place.join({ uid: "ben" });
	const lines = () =>
		gate.logLines
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line) as Json & { readonly path: string; readonly refusal?: Json })
			.filter((line) => line["event"] === "decision" && line["video"] === place.id);
	const doorOf = (path: string) => /^\/join\/v1\/(?:accounts\/\w+\/)?(sora\/[a-z-]+|[a-z]+)/.exec(path)?.[1];
	const told = () =>
		lines().map((line) => [line["status"], doorOf(line.path), line.refusal?.["reason"]].join(" ").trim());
	const joins = ["201 sessions", "403 sessions e2ee-session-full"];
	await eventually(() => expect(told().toSorted()).toEqual([...joins, ...DOORS[name]].toSorted()));
	expect(new Set(lines().map(({ provider }) => provider))).toEqual(new Set([place.way.provider]));
	const ids = lines().map(({ decision }) => decision);
	expect(new Set(ids).size).toBe(ids.length);
	for (const { headers } of [ann, ben]) expect(ids).toContain(headers.get("Playgate-Decision"));
	expect(gate.logLines.join("\n")).not.toContain(ann.ticket);
	// The account's audit has them all but what Sora tells of afterwards.
	const audited = told().filter((line) => !line.includes("event-webhook"));
	await eventually(async () => {
		const answer = await gate.manage("GET", `${account.manageUrl}/decisions?limit=1000`);
		const { decisions } = (await answer.json()) as { decisions: readonly Json[] };
		const own = decisions.filter((row) => row["video_id"] === place.id);
		const rows = own.map((row) => [row["status"], doorOf(String(row["path"])), row["reason"]].join(" ").trim());
		expect(rows.toSorted()).toEqual(audited.toSorted());
	});
});

describe.concurrent("a revocation puts everybody out, whatever the provider", () => {
	it.each(revocations)("by %s", async (kind, named, claims) => {
		const token = await account.sign({ uid: "mallory", ...claims }, kind === "key" ? { alg: "ES256" } : {});
		const all = await Promise.all(
			WAYS.map(async (name) => {
				const place = await open(name);
				const joined = await place.joinWith(token);
				return { place, joined, client: await place.connect(joined) };
			}),
		);
		const answer = await gate.manage("POST", `${account.manageUrl}/revocations`, { kind, ...named(token) });
		expect(answer.status).toBe(201);
		await Promise.all(
			all.map(async ({ place, joined, client }) => {
				await soon(client.out());
				await stands(place, joined, "token-revoked");
				expect((await place.joinWith(token)).reason).toBe("token-revoked");
			}),
		);
	});

	it.each(WAYS)("by session: %s", async (name) => {
		const place = await open(name);
		const ann = await place.enter();
		const revoked = await gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "video", value: place.id });
		expect(revoked.status).toBe(201);
		await ann.out();
		await stands(place, ann, "token-revoked");
	});
});
