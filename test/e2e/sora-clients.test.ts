import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Sora, type SoraConnection, startSora } from "../standins/sora.ts";
import { launchBrowser } from "../support/browser.ts";
import { ask } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";
import { type SoraAccount, openSora } from "../support/sora.ts";
import { type SoraPage, type SoraSdk, openSoraPage } from "../support/sora-page.ts";
import { eventually } from "../support/patience.ts";

// sora-js-sdk as it is published, in Chromium, through the gate to a stand-in for Sora that completes ICE and DTLS.
let browser: Browser;
let gate: TestGate;
let real: Sora;
let sora: SoraAccount;
let sessions = 0;
const pages: SoraPage[] = [];

beforeAll(async () => {
	[browser, gate, real] = await Promise.all([
		launchBrowser(["--disable-features=WebRtcHideLocalIpsWithMdns"]),
		startTestGate({ decisionLog: "all" }),
		startSora(),
	]);
	sora = await openSora(gate);
	await sora.setUp({ api_url: real.apiUrl });
	real.hook({ auth: sora.authUrl, event: sora.eventUrl });
});
afterEach(async () => {
	await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
	await browser?.close();
	await gate?.stop();
	await real?.close();
});

async function newSession(mode: string, record: Json = {}): Promise<string> {
	const id = `room-${(sessions += 1)}`;
	await sora.openSession(id, real, record, { mode });
	return id;
}

async function newPage(sdk: SoraSdk = "sora-js-sdk-2023"): Promise<SoraPage> {
	const page = await openSoraPage(browser, gate.origin, sdk);
	pages.push(page);
	return page;
}

const metadataFor = async (claims: Json = {}): Promise<Json> => ({ access_token: await sora.account.sign(claims) });

const connected = (channel: string, count = 1): Promise<SoraConnection> =>
	eventually(() => {
		const own = real.connections.filter(({ connect, closed }) => connect["channel_id"] === channel && closed === null);
		const last = own.at(-1);
		if (!last || own.length < count) throw new Error(`${own.length} connections`);
		return last;
	}, 200);

const MODES = ["redirect", "proxy"];

describe.each(MODES)("in %s mode", (mode) => {
	it("media flows, every frame is encrypted, and a kick reaches the SDK", async () => {
		const session = await newSession(mode);
		const page = await newPage();
		const metadata = await metadataFor({ uid: "ann", maxu: 1 });
		expect(await page.connect(sora.signalingUrl, session, metadata, { e2ee: true })).toBeNull();
		const connection = await connected(session);
		await eventually(() => expect(connection.frames.encrypted).toBeGreaterThan(50), 200);
		expect(connection.frames.plain).toBe(0);
		expect(await page.state()).toMatchObject({ connection: "connected" });
		const [participant, ...others] = await eventually(async () => {
			const list = await sora.participants(session);
			expect(list).toMatchObject([{ status: "connected", uid: "ann" }]);
			return list;
		}, 200);
		expect(others).toEqual([]);
		await sora.order("DELETE", session, `participants/${String(participant?.["id"])}`);
		const end = await page.disconnected();
		expect(end).toMatchObject(
			mode === "proxy"
				? { type: "abend", title: "WEBSOCKET-ONCLOSE", code: 4003, reason: "kicked" }
				: { type: "normal", code: 1000, reason: "DISCONNECTED-API" },
		);
		await eventually(() => expect(connection.closed).not.toBeNull(), 200);
		await eventually(async () => expect(await sora.participants(session)).toEqual([]));
	});

	it("two of them agree on keys by messages that only they get", async () => {
		const session = await newSession(mode);
		const [ann, ben] = [await newPage(), await newPage()];
		expect(await ann.connect(sora.signalingUrl, session, await metadataFor({ uid: "ann" }), { e2ee: true })).toBeNull();
		await connected(session, 1);
		expect(await ben.connect(sora.signalingUrl, session, await metadataFor({ uid: "ben" }), { e2ee: true })).toBeNull();
		await connected(session, 2);
		await eventually(async () => expect(await ben.received()).toBe(1), 200);
		expect(await ann.received()).toBe(0);
		await ben.leave();
		await eventually(async () => expect(await sora.participants(session)).toHaveLength(1), 200);
	});

	it("the answer of a join is all that a client needs", async () => {
		const session = await newSession(mode);
		const url = `${gate.url}/join/v1/accounts/${sora.account.id}/sessions/${session}`;
		const token = await sora.account.sign({ maxu: 1 });
		const answer = await ask(url, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
		const { join, participant_id: id } = (await answer.json()) as {
			join: { signaling_urls: string[]; channel_id: string; metadata: Json };
			participant_id: string;
		};
		const page = await newPage();
		expect(await page.connect(join.signaling_urls, join.channel_id, join.metadata, { e2ee: true })).toBeNull();
		await connected(session);
		await eventually(
			async () => expect(await sora.participants(session)).toMatchObject([{ id, status: "connected" }]),
			200,
		);
	});

	it.each<[string, SoraSdk, Json, Json, Json, string]>([
		["without encryption", "sora-js-sdk-2023", {}, {}, {}, "sora-e2ee-required"],
		["of the newest SDK, which has none", "sora-js-sdk", {}, { e2ee: true }, {}, "client-unsupported"],
		[
			"with a role above its own",
			"sora-js-sdk-2023",
			{ join_role: "subscriber" },
			{ e2ee: true },
			{},
			"role-not-allowed",
		],
		["of a locked session", "sora-js-sdk-2023", {}, { e2ee: true }, { status: "locked" }, "e2ee-session-locked"],
		["whose token is over", "sora-js-sdk-2023", { iat: 1000, exp: 2000 }, { e2ee: true }, {}, "token-expired"],
	])("the SDK of a client %s reports why it is refused", async (_, sdk, claims, options, record, reason) => {
		const session = await newSession(mode, record);
		const page = await newPage(sdk);
		const fault = await page.connect(sora.signalingUrl, session, await metadataFor(claims), options);
		expect(fault).toMatchObject({ code: 4490, reason, message: expect.stringContaining("CloseEventCode:4490") });
	});
});
