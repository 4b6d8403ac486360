import { execFile } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openSession } from "../support/join.ts";
import type { TestSession } from "../support/join.ts";
import {
	type Between,
	type RoomPage,
	launchCallBrowser,
	openRoomPage,
	roomLink,
	turned,
	withOtherFingerprint,
} from "../support/room-page.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime } from "../support/patience.ts";

// The demo's room page, and with it the client module, in Chromium: media flow from page to page, signalling through the gate.
let browser: Browser;
let gate: TestGate;
let account: TestAccount;
const open: RoomPage[] = [];
const SECRET = "correct horse battery";

beforeAll(async () => {
	[browser, gate] = await Promise.all([launchCallBrowser(), startTestGate({ demo: true })]);
	account = await gate.openAccount();
});
afterEach(async () => {
	for (const page of open.splice(0)) {
		await page.close();
		if (page.faults.length > 0) throw new Error(`The page's script threw: ${page.faults.join("; ")}`);
	}
});
afterAll(async () => {
	await browser?.close();
	await gate?.stop();
});

let sessions = 0;
const newSession = (record: Json = {}): Promise<TestSession> =>
	openSession(gate, account, { webrtc: { mode: "room" }, ...record }, `room-${++sessions}`);

async function newPage({ id }: TestSession, name: string, claims: Json = {}, between?: Between): Promise<RoomPage> {
	const token = await account.sign({ uid: `${name}-${id}`, ...claims });
	const page = await openRoomPage(browser, roomLink(gate, account, id, name, token), between);
	open.push(page);
	return page;
}

/** Ann, who is there already, and then the other. */
async function pair(
	session: TestSession,
	claims: Json = {},
	between?: Between,
): Promise<readonly [RoomPage, RoomPage]> {
	const ann = await newPage(session, "ann");
	await ann.join(SECRET);
	await ann.shows("in");
	const ben = await newPage(session, "ben", claims, between);
	await ben.join(SECRET);
	return [ann, ben];
}

const description = ({ type }: Json): boolean => type === "offer" || type === "answer";
const changed = (message: Json, sdp: (text: string) => string): Json => ({
	...message,
	sdp: sdp(String(message["sdp"])),
});
const refusalsOf = (page: RoomPage): Json[] => page.heard.filter(({ type }) => type === "refused");

/** The stretched secret, as the client makes it. */
const stretched = (secret: string, session: string): Buffer =>
	pbkdf2Sync(secret, `playgate e2ee\n${session}`, 600_000, 32, "sha256");

/** A text and the usual ways of writing its bytes down. */
const spellings = (bytes: Buffer): readonly string[] => [
	bytes.toString("latin1"),
	bytes.toString("hex"),
	bytes.toString("base64").replace(/=+$/, ""),
	bytes.toString("base64url"),
];

describe("two pages with the same secret", () => {
	it("see and hear each other over DTLS-SRTP; the secret and what is derived of it leave neither page", async () => {
		const session = await newSession();
		const pages = await pair(session);
		for (const page of pages) {
			expect(await page.sees()).toMatchObject({ srtpCipher: expect.stringMatching(/^(SRTP_)?A(ES|EAD)/) });
			await eventually(async () => expect((await page.stats()).at(-1)?.audioSamples).toBeGreaterThan(0));
			await page.secretIs("match");
		}
		const secrets = [Buffer.from(SECRET), stretched(SECRET, session.id)].flatMap(spellings);
		for (const { sent } of pages) {
			expect(sent.filter((each) => each.includes('"type":"'))).not.toEqual([]); // what the socket said was recorded
			const told = sent.flatMap((each) => [each, decodeURIComponent(each.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"))]);
			for (const secret of secrets) expect(told.filter((each) => each.includes(secret))).toEqual([]);
		}
	});

	it("the one in a browser of before RTCRtpScriptTransform: see and hear each other, too", async () => {
		const session = await newSession();
		const ann = await newPage(session, "ann");
		await ann.join(SECRET);
		await ann.shows("in");
		const ben = await newPage(session, "ben");
		await ben.page.evaluate("delete window.RTCRtpScriptTransform");
		await ben.join("not that secret");
		for (const page of [ann, ben]) await page.secretIs("mismatch");
		for (const page of [ann, ben]) expect((await page.stats()).at(-1)?.framesDecoded).toBe(0);
		await ben.page.fill("#secret", SECRET);
		await ben.page.click("#use-secret");
		for (const page of [ann, ben]) {
			await page.sees();
			await page.secretIs("match");
		}
	});

	it("show each other's certificate as the room has pinned it", async () => {
		const [ann, ben] = await pair(await newSession());
		await ann.sees();
		const { fingerprints = [] } = ben.heard.concat(ann.heard).find(description) ?? {};
		const [pinned] = fingerprints as string[];
		expect(pinned).toMatch(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
		await eventually(async () => {
			const shown = await Promise.all([ann, ben].map(({ page }) => page.locator(".tile small").allTextContents()));
			expect(shown.flat()).toContain(pinned);
		}, 100);
	});

	it("go on when the connection to the room breaks, and are the same participants afterwards", async () => {
		const [ann, ben] = await pair(await newSession(), {}, {});
		await ben.sees();
		await ben.cut();
		await ben.hasShown("away");
		await ben.shows("in");
		const welcomes = ben.heard.filter(({ type }) => type === "welcome");
		expect(welcomes).toMatchObject([{ resumed: false }, { resumed: true }]);
		expect(new Set(welcomes.map(({ self }) => (self as Json)["id"])).size).toBe(1);
		for (const page of [ann, ben]) {
			await page.sees(20);
			expect(await page.stats()).toHaveLength(1); // the media never stopped
		}
	});
});

describe("a call whose network changes", () => {
	it.each([
		["who was there first", 0],
		["who came later", 1],
	])("is offered anew by %s, and goes on", async (_what, at) => {
		const pages = await pair(await newSession());
		const [restarts, other] = at === 0 ? pages : pages.toReversed();
		await other?.sees();
		await restarts?.page.evaluate("window.connections[0].restartIce()");
		await eventually(() => {
			const last = other?.heard.filter(({ type }) => type === "offer").at(-1);
			expect(last).toMatchObject({ fingerprint_changed: false });
		}, 100);
		for (const page of pages) {
			await page.sees(20);
			expect(await page.stats()).toHaveLength(1);
		}
	});
});

describe("another secret", () => {
	it("decodes nothing, both sides are told, and the right one mends it", async () => {
		const session = await newSession();
		const ann = await newPage(session, "ann");
		await ann.join(SECRET);
		await ann.shows("in");
		const ben = await newPage(session, "ben");
		await ben.join("not that secret");
		for (const page of [ann, ben]) await page.secretIs("mismatch");
		await eventually(async () => {
			for (const page of [ann, ben]) expect((await page.stats()).at(-1)?.packetsReceived).toBeGreaterThan(200);
		}, 100);
		for (const page of [ann, ben]) {
			expect((await page.stats()).at(-1)).toMatchObject({
				connection: "connected",
				dtls: "connected",
				framesDecoded: 0,
			});
		}
		await ben.page.fill("#secret", SECRET);
		await ben.page.click("#use-secret");
		for (const page of [ann, ben]) {
			await page.sees();
			await page.secretIs("match");
		}
	});

	it.each([
		["", "Enter the encryption secret"],
		["7 chars", "at least 8 characters"],
		["x".repeat(257), "at most 256 characters"],
	])("that no client may use is refused before anything is asked: %j", async (secret, words) => {
		const page = await newPage(await newSession(), "ann");
		await page.join(secret);
		await page.shows("idle", "encryption-secret");
		expect(await page.page.textContent("#refusal-text")).toContain(words);
		expect(page.sent.filter((each) => each.includes("/join/v1/"))).toEqual([]);
	});
});

describe("signalling that was changed on its way", () => {
	it("with another certificate is refused by the page: the room has pinned the right one", async () => {
		const between: Between = {
			toPage: (message) => (description(message) ? changed(message, withOtherFingerprint) : message),
		};
		const [ann, ben] = await pair(await newSession(), {}, between);
		await ben.shows("in", "fingerprint-mismatch");
		await eventually(async () => expect((await ben.stats()).at(-1)?.connection).toBe("closed"), 100);
		expect(await ann.stats()).toMatchObject([{ framesDecoded: 0 }]);
	});

	it("with another certificate, and another pin: the handshake fails, and nothing is seen", async () => {
		const between: Between = {
			toPage: (message) =>
				description(message)
					? {
							...changed(message, withOtherFingerprint),
							fingerprints: (message["fingerprints"] as string[]).map((each) => each.replace(/\S+$/, turned)),
						}
					: message,
		};
		const [ann, ben] = await pair(await newSession(), {}, between);
		await eventually(async () => expect((await ben.stats()).at(-1)?.dtls).toMatch(/^(failed|closed)$/), 100);
		for (const page of [ann, ben]) {
			for (const each of await page.stats()) expect(each).toMatchObject({ framesDecoded: 0, packetsReceived: 0 });
		}
	});

	it("to another certificate within a call is refused by the room, and the other side is told", async () => {
		const offers: Json[] = [];
		const between: Between = {
			toRoom: (message) => {
				if (message["type"] === "offer") offers.push(message);
				return message;
			},
		};
		const [ann, ben] = await pair(await newSession(), {}, between);
		await ann.sees();
		ben.inject(changed({ ...offers[0], id: "not-of-the-page" }, withOtherFingerprint));
		await eventually(() => {
			expect(refusalsOf(ben)).toMatchObject([{ reason: "sdp-refused", rule: "fingerprint-pinned" }]);
			expect(ann.heard.filter(({ type }) => type === "fingerprint-refused")).toMatchObject([{ of: "offer" }]);
		}, 100);
		await ann.shows("in", "fingerprint-refused");
		await ann.sees(); // the call that stood is as it was
	});

	it.each([
		[
			"keys in the description (SDES)",
			"sdes",
			(sdp: string) => `${sdp}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${"A".repeat(40)}\r\n`,
		],
		["a profile without DTLS", "profile", (sdp: string) => sdp.replaceAll("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")],
		[
			"a certificate told by SHA-1",
			"fingerprint",
			(sdp: string) =>
				sdp.replace(/a=fingerprint:sha-256 \S+/g, `a=fingerprint:sha-1 ${Array(20).fill("AB").join(":")}`),
		],
	])("to %s is refused by the room, and no media flow", async (_what, rule, spoil) => {
		const between: Between = { toRoom: (message) => (description(message) ? changed(message, spoil) : message) };
		const [ann, ben] = await pair(await newSession(), {}, between);
		await eventually(
			() => expect(refusalsOf(ben)).toContainEqual(expect.objectContaining({ reason: "sdp-refused", rule })),
			100,
		);
		await ben.shows("in", "sdp-refused");
		for (const page of [ann, ben]) {
			for (const each of await page.stats()) expect(each).toMatchObject({ packetsReceived: 0, framesDecoded: 0 });
		}
	});
});

describe("who may do what", () => {
	it("a subscriber sees and is not seen", async () => {
		const [ann, ben] = await pair(await newSession(), { join_role: "subscriber" });
		await ben.sees();
		expect((await ben.stats()).at(-1)?.packetsSent).toBe(0);
		expect((await ann.stats()).at(-1)?.framesDecoded).toBe(0);
	});

	it("a subscriber whose page offers to send is refused by the room", async () => {
		const between: Between = {
			toRoom: (message) =>
				description(message) ? changed(message, (sdp) => sdp.replaceAll("a=recvonly", "a=sendrecv")) : message,
		};
		const [, ben] = await pair(await newSession(), { join_role: "subscriber" }, between);
		await eventually(
			() => expect(refusalsOf(ben)).toContainEqual(expect.objectContaining({ reason: "sdp-refused", rule: "role" })),
			100,
		);
	});

	it("one more than the session holds is refused, and is told why", async () => {
		const session = await newSession({ max_participants: 2 });
		await pair(session);
		const eve = await newPage(session, "eve");
		await eve.join(SECRET);
		await eve.shows("refused", "e2ee-session-full");
		expect(await eve.page.textContent("#refusal-text")).toMatch(/\b2\b/);
	});

	it("a moderator lets in who waits, and removes again", async () => {
		const session = await newSession({ lobby: true });
		const mia = await newPage(session, "mia", { join_role: "moderator" });
		await mia.join(SECRET);
		await mia.shows("in");
		const lou = await newPage(session, "lou");
		await lou.join(SECRET);
		await lou.shows("waiting");
		await mia.page.click("#waiting button:text-is('Let in')");
		await lou.shows("in");
		await lou.sees();
		await mia.page.click(".tile button");
		await lou.shows("over", "kicked");
		expect((await lou.stats()).at(-1)?.connection).toBe("closed");
		await eventually(async () => expect(await mia.page.locator(".tile").count()).toBe(1), 100);
	});
});

describe("a call is over", () => {
	it("when the token ends, for the one whose token it was", async () => {
		const session = await newSession();
		const ann = await newPage(session, "ann");
		await ann.join(SECRET);
		await ann.shows("in");
		const ben = await inTime(
			async (seconds) => {
				const ben = await newPage(session, "ben", { exp: nowSeconds() + seconds });
				await ben.join(SECRET);
				await ben.sees();
				return ben;
			},
			[12, 45],
		);
		await ben.shows("over", "token-expired");
		expect((await ben.stats()).at(-1)?.connection).toBe("closed");
		await ann.shows("in");
	});

	it("when the token is revoked", async () => {
		const session = await newSession();
		const [ann, ben] = await pair(session);
		await ben.sees();
		await gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "uid", value: `ben-${session.id}` });
		await ben.shows("over", "token-revoked");
		await eventually(async () => expect(await ann.page.locator(".tile").count()).toBe(1), 100);
	});

	it("for everybody, when the session is ended", async () => {
		const session = await newSession();
		const pages = await pair(session);
		await pages[1].sees();
		await session.order("POST", "end");
		for (const page of pages) {
			await page.shows("over", "session-ended");
			expect((await page.stats()).at(-1)?.connection).toBe("closed");
		}
	});
});

it("a browser that follows the session's link is sent to its page, whose address keeps no ticket", async () => {
	const session = await newSession({ join_url: `${gate.url}/demo/room#session=by-link` });
	const token = await account.sign({ uid: "link" });
	const page = await openRoomPage(browser, `${session.url}?bcov_auth=${token}`);
	open.push(page);
	expect(page.page.url()).toBe(`${gate.url}/demo/room#session=by-link`);
	await page.join(SECRET);
	await page.shows("in");
	expect(await session.participants()).toMatchObject([{ status: "connected", uid: "link" }]);
});

describe("an application's own page, on another origin, with the module as it is built", () => {
	const project = join(import.meta.dirname, "../..");
	const script = `
		import { Call, FrameEncryption, JoinError, checkSecret, join } from "/app/client/index.js";
		window.told = [];
		window.tracks = 0;
		window.enter = async (request, secret) => {
			if (checkSecret(secret) !== null) return told.push(checkSecret(secret));
			try {
				const joined = await join(request);
				const worker = new Worker("/app/client/frames/worker.js", { type: "module" });
				const frames = new FrameEncryption(worker, (event) => told.push(event.type));
				frames.setSecret(secret, joined.session_id);
				const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
				const events = { track: () => tracks++, closed: (reason) => told.push(reason) };
				new Call({ url: joined.join.url, media, frames, events });
			} catch (error) {
				told.push(error instanceof JoinError ? error.reason + " " + error.status : String(error));
			}
		};`;

	beforeAll(async () => {
		const out = await mkdtemp(join(tmpdir(), "playgate-client-"));
		const tsc = join(project, "node_modules/.bin/tsc");
		await promisify(execFile)(tsc, ["-p", join(project, "worker/join/client/tsconfig.build.json"), "--outDir", out]);
		for (const file of await readdir(out, { recursive: true })) {
			if (!file.endsWith(".js")) continue;
			const body = await readFile(join(out, file), "utf8");
			gate.origin.put(`/app/client/${file}`, body, { "Content-Type": "text/javascript" });
		}
		await rm(out, { recursive: true });
		const html = `<!doctype html><meta charset="utf-8"><title>App</title><script type="module">${script}</script>`;
		gate.origin.put("/app/", html, { "Content-Type": "text/html" });
	});

	async function newApp({ id }: TestSession, secret: string, claims: Json): Promise<RoomPage> {
		const page = await openRoomPage(browser, `${gate.origin.url}/app/`);
		open.push(page);
		const request = { gate: gate.url, account: account.id, session: id, token: await account.sign(claims) };
		await page.page.evaluate(`window.enter(${JSON.stringify(request)}, ${JSON.stringify(secret)})`);
		return page;
	}
	const told = (page: RoomPage) => page.page.evaluate<string[]>("window.told");

	it("talks with the demo's, and is told when it is put out", async () => {
		const session = await newSession();
		const ann = await newPage(session, "ann");
		await ann.join(SECRET);
		await ann.shows("in");
		const app = await newApp(session, SECRET, { uid: "app" });
		for (const page of [ann, app]) await page.sees();
		await eventually(async () => expect(await told(app)).toEqual(["ready", "match", "match"])); // sound and picture
		const [participant] = (await session.participants()).filter(({ uid }) => uid === "app");
		await session.order("DELETE", `participants/${String(participant?.["id"])}?ban_seconds=60`);
		await eventually(async () => expect(await told(app)).toContain("banned"), 100);
		expect((await app.stats()).at(-1)?.connection).toBe("closed");
	});

	it.each([
		["a token that has ended", { iat: 1_700_000_000, exp: 1_700_000_600 }, SECRET, "token-expired 401"],
		["a token for another session", { conid: "another" }, SECRET, "video-not-in-token 403"],
		["a secret that is too short", {}, "short", "too-short"],
	])("can read why %s does not join", async (_what, claims, secret, reason) => {
		expect(await told(await newApp(await newSession(), secret, claims))).toEqual([reason]);
	});
});
