import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openSession } from "../support/join.ts";
import type { TestSession } from "../support/join.ts";
import {
	type Between,
	PATIENCE,
	type RoomPage,
	launchCallBrowser,
	openRoomPage,
	roomLink,
	turned,
	withOtherFingerprint,
} from "../support/room-page.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

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
		expect(page.faults).toEqual([]);
		await page.close();
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
async function pair(session: TestSession, claims: Json = {}, between?: Between): Promise<readonly [RoomPage, RoomPage]> {
	const ann = await newPage(session, "ann");
	await ann.join(SECRET);
	await ann.shows("in");
	const ben = await newPage(session, "ben", claims, between);
	await ben.join(SECRET);
	return [ann, ben];
}

const description = ({ type }: Json): boolean => type === "offer" || type === "answer";
const changed = (message: Json, sdp: (text: string) => string): Json => ({ ...message, sdp: sdp(String(message["sdp"])) });
const refusalsOf = (page: RoomPage): Json[] => page.heard.filter(({ type }) => type === "refused");

describe("two pages with the same secret", () => {
	it("see and hear each other, over DTLS-SRTP; the secret and what is derived of it leave neither page", async () => {
		const [ann, ben] = await pair(await newSession());
		for (const page of [ann, ben]) {
			expect(await page.sees()).toMatchObject({
				srtpCipher: expect.stringMatching(/^(SRTP_)?A(ES|EAD)/),
				audioSamples: expect.toSatisfy((samples: number) => samples > 0),
			});
			await page.secretIs("match");
		}
	});
});
