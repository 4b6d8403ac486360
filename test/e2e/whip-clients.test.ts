import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Sfu, SFU_TOKEN, startSfu } from "../standins/sfu.ts";
import { launchBrowser } from "../support/browser.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { type WhipPage, openWhipPage } from "../support/whip-page.ts";
import { eventually, inTime } from "../support/patience.ts";

// @eyevinn/whip-web-client and @eyevinn/webrtc-player as they are published, in Chromium, in pages of another origin than the gate's,
// through the gate to a media server that completes ICE and DTLS.
let browser: Browser;
let gate: TestGate;
let account: TestAccount;
const sfus: Sfu[] = [];

beforeAll(async () => {
	[browser, gate] = await Promise.all([
		launchBrowser(["--disable-features=WebRtcHideLocalIpsWithMdns"]),
		startTestGate(),
	]);
	account = await gate.openAccount();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all(sfus.map((sfu) => sfu.close()));
	await gate?.stop();
});

/** A media server that no other test knows, at `/sfu-<name>`. */
function newSfu(name: string): Sfu {
	const sfu = startSfu(gate.origin, `/sfu-${name}`);
	sfus.push(sfu);
	return sfu;
}

async function putSession(id: string, mode: "whip" | "whep", sfu: Sfu): Promise<string> {
	const webrtc = { mode, endpoint: `${sfu.url}/${mode}`, endpoint_token: SFU_TOKEN };
	const put = await gate.manage("PUT", `${account.manageUrl}/e2ee-sessions/${id}`, {
		provider: "webrtc",
		webrtc,
	});
	if (!put.ok) throw new Error(await put.text());
	return `${gate.url}/join/v1/accounts/${account.id}/sessions/${id}/${mode}`;
}

const newPage = (): Promise<WhipPage> => openWhipPage(browser, gate.origin);

const sends = (page: WhipPage) =>
	eventually(
		async () =>
			expect(await page.state()).toMatchObject({
				connection: "connected",
				dtls: "connected",
				packetsSent: expect.toSatisfy((count: number) => count > 50),
			}),
		100,
	);
const plays = (page: WhipPage, frames = 10) =>
	eventually(
		async () =>
			expect(await page.state()).toMatchObject({
				connection: "connected",
				framesDecoded: expect.toSatisfy((count: number) => count > frames),
			}),
		100,
	);

it("media flow from the one through the gate's endpoints to the other, over DTLS-SRTP", async () => {
	const sfu = newSfu("flow");
	const [whip, whep] = [await putSession("pub", "whip", sfu), await putSession("play", "whep", sfu)];
	const [publisher, viewer] = [await newPage(), await newPage()];
	await publisher.publish(whip, await account.sign({ uid: "ann" }));
	await sends(publisher);
	await eventually(() => expect(sfu.received()).toBeGreaterThan(50), 100);
	await viewer.watch(whep, await account.sign({ uid: "ben" })); // without "Bearer ", as this player sends it
	await plays(viewer);
	expect((await viewer.state()).srtpCipher).toMatch(/^(SRTP_)?A(ES|EAD)/);
	// The publisher's library trickles: its candidates came by PATCH, with ETag in the place of If-Match.
	const patches = publisher.requests.filter(({ method }) => method === "PATCH");
	expect(patches.length).toBeGreaterThan(0);
	expect(patches.filter(({ status }) => status !== 204)).toEqual([]);
	// Neither page ever saw the media server.
	const seen = [...publisher.requests, ...viewer.requests].map(({ url }) => url).filter((url) => url.includes("/sfu-"));
	expect(seen).toEqual([]);
	const before = sfu.requests.length;
	await publisher.stop();
	await eventually(() => {
		expect(sfu.requests.slice(before).map(({ method }) => method)).toContain("DELETE");
		expect(publisher.requests.at(-1)).toMatchObject({ method: "DELETE", status: 200 });
	});
	await Promise.all([publisher.close(), viewer.close()]);
});

it.each([
	["a token that has expired", { iat: 1_700_000_000, exp: 1_700_000_600 }, "401 token-expired"],
	["a token for another session", { conid: "another" }, "403 video-not-in-token"],
	["a role that may not send", { join_role: "subscriber" }, "403 role-not-allowed"],
])("%s: the publisher's page can read why", async (_what, claims, told) => {
	const whip = await putSession("refused", "whip", newSfu("refused"));
	const page = await newPage();
	await page.publish(whip, await account.sign(claims));
	await eventually(async () => expect((await page.state()).told).toContain(told), 100);
	expect((await page.state()).packetsSent).toBe(0);
	await page.close();
});

it.concurrent("the player's page can read that nobody publishes, and the player gives up", async () => {
	const whep = await putSession("silent", "whep", newSfu("silent"));
	const page = await newPage();
	await page.watch(whep, `Bearer ${await account.sign()}`);
	await eventually(
		async () =>
			expect((await page.state()).told).toEqual(
				expect.arrayContaining(["409 stream-not-live", "initial-connection-failed"]),
			),
		100,
	);
	await page.close();
});

// Chromium takes some fifteen seconds to call a connection failed: these wait for it at the same time.
it.concurrent.each([
	["banned", "403 participant-banned", (id: string) => banAll(id)],
	["revoked", "403 token-revoked", () => revoke("carl-revoked")],
] as const)("a viewer who is %s sees no more, and cannot come back", async (how, told, putOut) => {
	const sfu = newSfu(how);
	const [whip, id] = [await putSession(`pub-${how}`, "whip", sfu), `play-${how}`];
	const [publisher, viewer] = [await newPage(), await newPage()];
	await publisher.publish(whip, await account.sign({ uid: `ann-${how}` }));
	await sends(publisher);
	await viewer.watch(await putSession(id, "whep", sfu), await account.sign({ uid: `carl-${how}` }));
	await plays(viewer);
	await putOut(id);
	// The player sees its connection fail, and asks for another by itself.
	await eventually(
		async () => expect((await viewer.state()).told).toEqual(expect.arrayContaining(["peer-connection-failed", told])),
		100,
	);
	await publisher.stop();
	await Promise.all([publisher.close(), viewer.close()]);
});

it.concurrent("a publisher whose token ends is put out at the media server", async () => {
	const sfu = newSfu("short");
	const whip = await putSession("short", "whip", sfu);
	const page = await inTime(
		async (seconds) => {
			const [page, before] = [await newPage(), sfu.received()];
			await page.publish(whip, await account.sign({ exp: nowSeconds() + seconds }));
			await eventually(() => expect(sfu.received()).toBeGreaterThan(before + 50), 100);
			return page;
		},
		[10, 40],
	);
	await eventually(() => expect(sfu.open()).toBe(0), 100);
	await page.close();
});

async function banAll(id: string): Promise<void> {
	const url = `${account.manageUrl}/e2ee-sessions/${id}/participants`;
	const { participants } = (await (await gate.manage("GET", url)).json()) as { participants: Json[] };
	for (const { id: participant } of participants)
		await gate.manage("DELETE", `${url}/${String(participant)}?ban_seconds=60`);
}

async function revoke(uid: string): Promise<void> {
	await gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "uid", value: uid });
}
