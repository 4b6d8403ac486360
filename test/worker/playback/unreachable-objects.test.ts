import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AdmitRequest, type Wired, unwire } from "../../../worker/limits/contract.ts";
import { type Fate, newFaultyGate, platformFault } from "../../support/faulty-gate.ts";
import { type Publisher, newPublisher, textOf, urisOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

// Faults as the platform tells them, injected between the gate and its objects; everything else is real.

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

/** What each call of the limits object comes to, in order; those after the last go through. */
type Fates = readonly ("lost" | "answer lost" | "overloaded" | "broken" | "went through")[];

const retryable = () => platformFault({ retryable: true });

/** An isolate whose calls of the limits object go as said; it keeps the idempotency keys of the calls. */
function newGate(fates: Fates) {
	const ids: string[] = [];
	const fate: Fate = async ({ binding, method, args }, go) => {
		if (binding !== "VIEWER_LIMITS" || method !== "admit") return go();
		const what = fates[ids.length] ?? "went through";
		ids.push(unwire(args[0] as Wired<AdmitRequest>).id);
		if (what === "lost") throw retryable();
		if (what === "overloaded") throw platformFault({ retryable: true, overloaded: true });
		if (what === "broken") throw platformFault();
		const answer = await go();
		if (what === "answer lost") throw retryable();
		return answer;
	};
	return { ...newFaultyGate(fate), ids };
}

type Gate = ReturnType<typeof newGate>;

const KEY_ID = "0123456789abcdef0123456789abcdef";
const KEY = "00112233445566778899aabbccddeeff";

async function open(settings: Readonly<Record<string, unknown>> = {}): Promise<Publisher> {
	const publisher = await newPublisher({ touch_seconds: 0, audit: "none", ...settings });
	await publisher.publishClip(env.MEDIA);
	const src = `r2://MEDIA/${publisher.account}/clip/manifest.mpd`;
	await publisher.publishVideo("film", {
		sources: [{ type: "application/dash+xml", protection: "clearkey", src, keys: { [KEY_ID]: KEY } }],
	});
	return publisher;
}

const licenseBody = JSON.stringify({ kids: [Buffer.from(KEY_ID, "hex").toString("base64url")], type: "temporary" });

/** Each kind of request that counts, with a token of one use and one session at a time. */
const requests: Readonly<Record<string, (gate: Gate, publisher: Publisher, token: string) => Promise<Response>>> = {
	"a manifest": (gate, publisher, token) => gate.ask(`${publisher.masterPath}?bcov_auth=${token}`),
	"a key": (gate, { account }, token) =>
		gate.ask(`/playback/v1/accounts/${account}/videos/clip/licenses/aes128/k1.key?bcov_auth=${token}`),
	"a licence": (gate, { account }, token) =>
		gate.ask(`/playback/v1/accounts/${account}/videos/film/licenses/clearkey?bcov_auth=${token}`, {
			method: "POST",
			body: licenseBody,
		}),
	"a heartbeat": (gate, { account }, token) =>
		gate.ask(`/api/v1/accounts/${account}/sessions`, {
			method: "POST",
			headers: { Authorization: `Bearer ${token}` },
			body: JSON.stringify({ video: "clip" }),
		}),
};

const CLAIMS = { uid: "ann", sid: "sofa", climit: 1, maxu: 1 };

const cases: readonly (readonly [string, Fates, number, "answered" | "unavailable"])[] = [
	["a call that is lost is made again", ["lost"], 2, "answered"],
	["a call whose answer is lost is made again, and spends once", ["answer lost"], 2, "answered"],
	["a call is made again once, not more often", ["lost", "lost"], 2, "unavailable"],
	["an overloaded object is not asked again", ["overloaded"], 1, "unavailable"],
	["neither is one of which nothing is known", ["broken"], 1, "unavailable"],
	["overloaded at the second attempt: enough", ["lost", "overloaded"], 2, "unavailable"],
];

describe.each(Object.keys(requests))("%s", (what) => {
	const request = requests[what] as (typeof requests)[string];

	it.each(cases)("%s", async (_what, fates, calls, outcome) => {
		const publisher = await open();
		const gate = newGate(fates);
		const answer = await request(gate, publisher, await publisher.sign(CLAIMS));
		expect([gate.ids.length, new Set(gate.ids).size]).toEqual([calls, 1]);
		expect(answer.status).toBe(outcome === "answered" ? 200 : 503);
	});

	it("is answered 503 with all that a player needs, and nothing is spent or remembered", async () => {
		const publisher = await open();
		const gate = newGate(["overloaded"]);
		const token = await publisher.sign(CLAIMS);
		const answer = await request(gate, publisher, token);
		expect(answer.headers.get("Playgate-Reason")).toBe("limits-unavailable");
		expect(answer.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(await textOf(answer)).toContain('"SERVICE_UNAVAILABLE"');
		expect((await request(gate, publisher, token)).status).toBe(200);
	});

	it.each(cases.filter(([, , , outcome]) => outcome === "unavailable"))(
		'with `when_counters_fail: "allow"` it is let through, and the log says so: %s',
		async (_what, fates) => {
			const publisher = await open({ when_counters_fail: "allow" });
			const gate = newGate(fates);
			const answer = await request(gate, publisher, await publisher.sign(CLAIMS));
			expect(answer.status).toBe(200);
			const decision = gate.log.find(({ event }) => event === "decision");
			expect(decision).toMatchObject({ allowed: true, uncounted: true });
			const faults = gate.log.filter(({ event, where }) => event === "fault" && where === "limits");
			expect(faults.map((fault) => fault["decision"])).toEqual(fates.map(() => decision?.["decision"]));
		},
	);

	it('a refusal stays a refusal, also with `when_counters_fail: "allow"`', async () => {
		const publisher = await open({ when_counters_fail: "allow" });
		const gate = newGate(["lost"]);
		expect((await request(gate, publisher, await publisher.sign({ ...CLAIMS, exp: 1 }))).status).toBe(401);
		expect(gate.ids).toEqual([]);
	});
});

it("a use whose answer was lost was spent once, and only once", async () => {
	const publisher = await open();
	const gate = newGate(["answer lost"]);
	const token = await publisher.sign({ maxu: 2 });
	const ask = async () => (await requests["a key"]?.(gate, publisher, token))?.status;
	expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 403]);
});

it("a player under a grant gets 503 and goes on when the object is back, with the session that it had", async () => {
	const publisher = await open();
	const gate = newGate(["went through", "overloaded", "overloaded"]);
	const master = `${publisher.masterPath}?bcov_auth=${await publisher.sign({ uid: "ann", climit: 1 })}`;
	const [rendition = ""] = urisOf(await textOf(await gate.ask(master)), "https://gate.example").lines;
	const statuses = [];
	for (let attempt = 0; attempt < 3; attempt++) statuses.push((await gate.ask(rendition)).status);
	expect(statuses).toEqual([503, 503, 200]);
});

it("who was let through uncounted is counted again within 5 s", async () => {
	const publisher = await open({ when_counters_fail: "allow", touch_seconds: 20 });
	const gate = newGate(["overloaded"]);
	const token = await publisher.sign({ uid: "ann", climit: 1 });
	const master = await gate.ask(`${publisher.masterPath}?bcov_auth=${token}`);
	const [rendition = ""] = urisOf(await textOf(master), "https://gate.example").lines;
	await gate.ask(rendition);
	expect(gate.ids).toHaveLength(1); // an object in trouble is left alone
	vi.setSystemTime(EPOCH + 5000);
	await gate.ask(rendition);
	expect(gate.ids).toHaveLength(2);
	const sessions = await publisher.manage("GET", `/manage/v1/accounts/${publisher.account}/sessions?uid=ann`);
	expect(await sessions.json()).toHaveLength(1);
});

it("an audited decision says that it was let through uncounted", async () => {
	const publisher = await open({ audit: "all", when_counters_fail: "allow" });
	const gate = newGate(["overloaded"]);
	await gate.ask(`${publisher.masterPath}?bcov_auth=${await publisher.sign({ uid: "ann", climit: 1 })}`);
	const path = `/manage/v1/accounts/${publisher.account}/decisions?allowed=true`;
	const { decisions } = await (await publisher.manage("GET", path)).json<{ decisions: { detail: string | null }[] }>();
	expect(decisions.map(({ detail }) => detail)).toEqual(['{"uncounted":true}']);
});

describe("the revocation list cannot be reached", () => {
	/** An isolate that has played once, so that it has a copy of the list; then the list is gone. */
	async function withoutList(whenUnavailable: "deny" | "allow") {
		const publisher = await open({ when_counters_fail: whenUnavailable });
		let isGone = false;
		const gate = newFaultyGate(async ({ binding }, go) => {
			if (isGone && binding === "REVOCATION_LIST") throw platformFault();
			return go();
		});
		const play = async (token: string) => (await gate.ask(`${publisher.masterPath}?bcov_auth=${token}`)).status;
		const [good, revoked] = [await publisher.sign({ jti: "good" }), await publisher.sign({ jti: "revoked" })];
		const put = await publisher.manage("PUT", `/v1/accounts/${publisher.account}/blacklist/tokens/${revoked}`);
		expect(put.status).toBe(204);
		expect([await play(good), await play(revoked)]).toEqual([200, 403]);
		isGone = true;
		const after = async (seconds: number) => {
			vi.setSystemTime(EPOCH + seconds * 1000);
			return [await play(good), await play(revoked)];
		};
		return { after, come: () => (isGone = false) };
	}

	it("deny: the copy serves while it is younger than 4.5 s, then nobody plays until the list is back", async () => {
		const { after, come } = await withoutList("deny");
		expect(await after(4)).toEqual([200, 403]);
		expect(await after(5)).toEqual([503, 503]);
		expect(await after(600)).toEqual([503, 503]);
		come();
		expect(await after(601)).toEqual([200, 403]);
	});

	it("allow: the last copy goes on serving, whatever its age: what it knows as revoked stays so", async () => {
		const { after } = await withoutList("allow");
		expect([await after(5), await after(3000)]).toEqual([
			[200, 403],
			[200, 403],
		]);
	});

	it("a list that restarts is asked once more before anybody is refused", async () => {
		const publisher = await open();
		let calls = 0;
		const gate = newFaultyGate(async ({ binding }, go) => {
			if (binding === "REVOCATION_LIST" && (calls += 1) === 1) throw retryable();
			return go();
		});
		const answer = await gate.ask(`${publisher.masterPath}?bcov_auth=${await publisher.sign()}`);
		expect([answer.status, calls]).toEqual([200, 2]);
	});
});
