import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask, outcomeOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
let account: TestAccount;
let folder: string;
beforeAll(async () => {
	gate = await startTestGate();
});
beforeEach(async () => {
	account = await gate.openAccount({ touch_seconds: 1 });
	folder = `/${account.id}/`;
});
afterAll(() => gate.stop());

const NAMESPACES = 'xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink"';
const SET =
	'<AdaptationSet mimeType="video/mp4"><SegmentTemplate duration="4" media="/media/$Number$.m4s"/><Representation id="v" bandwidth="1"/></AdaptationSet>';

/** Publishes a video `clip` whose MPD is this text, and opens it; answers the MPD of the gate. */
async function open(mpd: string, claims: Json = {}): Promise<string> {
	gate.origin.put(`${folder}manifest.mpd`, mpd, { "Content-Type": "application/dash+xml" });
	const src = `${gate.origin.url}${folder}manifest.mpd`;
	await account.putVideo("clip", { sources: [{ type: "application/dash+xml", src }] });
	const response = await ask(`${account.videoUrl("clip")}/manifest.mpd?bcov_auth=${await account.sign(claims)}`);
	expect(response.status).toBe(200);
	return response.text();
}

const linkIn = (mpd: string, pattern: RegExp): string => (pattern.exec(mpd)?.[1] ?? "").replaceAll("&amp;", "&");

describe("a live MPD that names its Location", () => {
	const live = `<MPD ${NAMESPACES} type="dynamic" minimumUpdatePeriod="PT1S"><Location>manifest.mpd?session=1&amp;x=2</Location><Period id="p">${SET}</Period></MPD>`;
	const location = /<Location>(.*?)<\/Location>/;

	it("is loaded again with the Location's query, which may name a session at the source", async () => {
		const reload = linkIn(await open(live), location);
		expect(await outcomeOf(ask(reload))).toBe(200);
		const asked = gate.origin.seen(`${folder}manifest.mpd`).map(({ url }) => url.slice(folder.length));
		expect(asked).toEqual(["manifest.mpd", "manifest.mpd?session=1&x=2"]);
	});

	it.each(["requests", "playbacks"])("is one use of the token as long as it plays (counting %s)", async (counting) => {
		await account.putSettings({ touch_seconds: 1, use_counting: counting });
		let reload = linkIn(await open(live, { maxu: 1 }), location);
		for (let times = 0; times < 4; times++) {
			const response = await ask(reload);
			expect(response.status).toBe(200);
			reload = linkIn(await response.text(), location);
		}
		expect(await outcomeOf(ask(reload, { ip: "198.51.100.9", agent: "Another/1.0" }))).toBe("use-limit");
	});
});

describe("a part that an MPD brings in by xlink", () => {
	it.each(["period.xml", "period", "period.mpd", "period?name=1"])("named %s is read as what it is", async (name) => {
		const period = `<Period ${NAMESPACES} duration="PT8S">${SET}</Period>`;
		gate.origin.put(`${folder}${name.split("?", 1)[0] ?? ""}`, period, { "Content-Type": "text/plain" });
		const href = linkIn(await open(`<MPD ${NAMESPACES}><Period xlink:href="${name}"/></MPD>`), /href="([^"]*)"/);
		const response = await ask(href);
		expect(response.status).toBe(200);
		const media = linkIn(await response.text(), /media="([^"]*)"/);
		expect(media).toMatch(/^http:\/\/[\d.:]+\/g\/[\w.-]+\/r\/[\w-]+\/\$Number\$\.m4s$/);
	});
});

describe("an MPD of several MiB", () => {
	it("is rewritten to its end", async () => {
		const urls = Array.from({ length: 30_000 }, (_, index) => `<SegmentURL media="/media/of/the/clip/${index}.m4s"/>`);
		const list = `<SegmentList duration="4">${urls.join("")}</SegmentList>`;
		const representation = `<Representation id="v" bandwidth="1">${list}</Representation>`;
		const mpd = await open(
			`<MPD ${NAMESPACES}><Period><AdaptationSet mimeType="video/mp4">${representation}</AdaptationSet></Period></MPD>`,
		);
		expect(mpd.match(/media="http:\/\/[\d.:]+\/g\//g)).toHaveLength(urls.length);
	});
});
