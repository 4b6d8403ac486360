import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { readCsv } from "../support/csv.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import { secrets, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "all" });
});
afterAll(() => gate.stop());

const DAY_MS = 86_400_000;
/** A test asks for the report of the day on which it began: it does not begin in the last minute of one. */
beforeEach(async () => {
	const left = DAY_MS - (Date.now() % DAY_MS);
	if (left < 60_000) await sleep(left + 100);
});

const today = (): string => new Date().toISOString().slice(0, 10);
const auditUrl = ({ id }: TestAccount): string => `${gate.url}/v1/audit/accounts/${id}`;
const manageJson = async (method: string, url: string): Promise<Json> =>
	(await (await gate.manage(method, url)).json()) as Json;

async function clipAccount(settings: Json = {}): Promise<TestAccount> {
	const account = await gate.openAccount(settings);
	await publishClip(gate, account);
	return account;
}

/** Asks for a report of today; answers its id and its link. */
async function reportOf(account: TestAccount): Promise<{ readonly id: string; readonly url: string }> {
	const { execution_id: id } = await manageJson("POST", `${auditUrl(account)}/query/${today()}`);
	const { report_url: url } = await manageJson("GET", `${auditUrl(account)}/execution/${String(id)}/report`);
	return { id: String(id), url: String(url) };
}

/** Downloads a report as anybody would who was given its link. */
async function download(url: string): Promise<Record<string, string>[]> {
	const [header = [], ...rows] = readCsv(await (await fetch(url)).text());
	return rows.map((row) => Object.fromEntries(row.map((cell, index) => [header[index], cell])));
}

/** The runtime dies without a chance to write, and Miniflare starts it again. */
async function killRuntime(): Promise<void> {
	process.kill(gate.running.pid(), "SIGKILL");
	await eventually(async () => expect(await outcomeOf(ask(`${gate.url}/healthz`))).toBe(200), 100);
}

describe("the audit of a day", () => {
	it("tells who played and who was refused, from the query to the file", async () => {
		const account = await clipAccount();
		const token = await account.sign({ uid: "ann@a.example", climit: 1 });
		const playback = await openPlayback(account.masterUrl("clip", token), { agent: "Télé/1.0, =1+1" });
		for (const url of [playback.key, playback.segment, playback.rendition]) await ask(url, { agent: "Télé/1.0, =1+1" });
		const expired = await ask(account.masterUrl("clip", await account.sign({ uid: "eve", exp: 1000, iat: 900 })));
		const heartbeat = await ask(`${gate.url}/api/v1/accounts/${account.id}/sessions`, {
			method: "POST",
			headers: { Authorization: `Bearer ${await account.sign({ uid: "bob", climit: 2, sid: "s" })}` },
			body: '{"video":"clip"}',
		});
		expect(heartbeat.status).toBe(200);

		const { id, url } = await reportOf(account);
		expect(await manageJson("GET", `${auditUrl(account)}/execution/${id}/status`)).toEqual({
			state: "SUCCEEDED",
			status: "completed",
		});
		const answer = await fetch(url);
		expect([answer.status, answer.headers.get("Content-Type"), answer.headers.get("Content-Disposition")]).toEqual([
			200,
			"text/csv; charset=utf-8",
			`attachment; filename="audit-${account.id}-${today()}.csv"`,
		]);
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
		const rows = await download(url);
		expect(
			rows.map(({ allowed, status, reason, uid, video_id: video }) => [allowed, status, reason, uid, video]),
		).toEqual([
			["true", "200", "", "ann@a.example", "clip"],
			["false", "401", "token-expired", "eve", ""],
			["true", "200", "", "bob", "clip"],
		]);
		expect(rows[1]?.["decision_id"]).toBe(expired.headers.get("Playgate-Decision"));
		expect(rows[2]?.["decision_id"]).toBe(heartbeat.headers.get("Playgate-Decision"));
		expect(rows.map(({ address }) => address)).toEqual(Array.from({ length: 3 }, () => "203.0.113.0/24"));
	});

	it("holds each of many decisions at once, once", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxu: 1 }));
		const answers = await Promise.all(
			Array.from({ length: 300 }, (_, index) => ask(index % 3 === 0 ? url : `${url}x`)),
		);
		const decided = answers.map(({ headers }) => headers.get("Playgate-Decision") ?? "");
		await Promise.all(answers.map((answer) => answer.arrayBuffer()));
		const rows = await download((await reportOf(account)).url);
		expect(rows.map(({ decision_id: id }) => id ?? "").toSorted()).toEqual(decided.toSorted());
		expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(["200", "401"]));
	});

	it("outlives the runtime, and so do its reports and their links", async () => {
		const account = await clipAccount();
		await outcomeOf(ask(account.masterUrl("clip", await account.sign({ uid: "ann" }))));
		const { id, url } = await reportOf(account);
		await killRuntime();
		await outcomeOf(ask(account.masterUrl("clip")));
		expect((await gate.manage("GET", `${auditUrl(account)}/execution/${id}/status`)).status).toBe(200);
		expect((await download(url)).map(({ uid }) => uid)).toEqual(["ann"]);
		const reasons = (await download((await reportOf(account)).url)).map(({ reason }) => reason);
		expect(reasons).toEqual(["", "token-required"]);
	});

	it("is each account's own", async () => {
		const [one, other] = [await clipAccount(), await clipAccount()];
		await outcomeOf(ask(one.masterUrl("clip", await one.sign())));
		const { id } = await reportOf(one);
		expect(await download((await reportOf(other)).url)).toEqual([]);
		for (const what of ["status", "report"]) {
			const answer = gate.manage("GET", `${auditUrl(other)}/execution/${id}/${what}`);
			expect(await refusalOf(await answer)).toMatchObject({ status: 404, error_subcode: "RESOURCE_NOT_FOUND" });
		}
	});

	it("keeps no token, no grant, no secret and no full address, and neither does the log", async () => {
		const account = await clipAccount();
		const token = await account.sign({ uid: "ann" });
		const client = { ip: "198.51.100.77" };
		const playback = await openPlayback(account.masterUrl("clip", token), client);
		await ask(playback.key, client);
		await ask(`${account.videoUrl(token)}/master.m3u8?bcov_auth=${token}`, client);
		await ask(account.videoUrl("clip"), { ...client, headers: { Authorization: `Bearer ${token}` } });
		const { url } = await reportOf(account);
		const csv = await (await fetch(url)).text();
		const last = await fetch(url);
		await last.body?.cancel();
		const decision = last.headers.get("Playgate-Decision") ?? "none";
		await eventually(() => expect(gate.logLines.join("\n")).toContain(decision));
		const log = gate.logLines.join("\n");
		const [, payload = "", signature = ""] = token.split(".");
		const grant = new URL(playback.key).pathname.split("/")[2] ?? "";
		const ticket = new URL(url).pathname.split("/").at(-1) ?? "";
		expect(csv.split("\r\n").length).toBeGreaterThan(4);
		for (const secret of [token, payload, signature, grant, "198.51.100.77", ...Object.values(secrets)]) {
			expect([secret === "" || csv.includes(secret), log.includes(secret)]).toEqual([false, false]);
		}
		expect(log).not.toContain(ticket);
	});
});

describe("the Audit API", () => {
	it.each([
		{ method: "POST", path: `/query/${today()}` },
		{ method: "GET", path: "/execution/x/status" },
		{ method: "GET", path: "/execution/x/report" },
	])("wants a credential for $method $path", async ({ method, path }) => {
		const account = await gate.openAccount();
		expect(await outcomeOf(ask(auditUrl(account) + path, { method }))).toBe("credentials-required");
		const headers = { Authorization: `Bearer ${await account.sign()}` };
		expect(await outcomeOf(ask(auditUrl(account) + path, { method, headers }))).toBe("credentials-invalid");
	});

	it.each([
		{ method: "GET", path: `/query/${today()}`, allow: "POST, OPTIONS" },
		{ method: "POST", path: "/execution/x/status", allow: "GET, HEAD, OPTIONS" },
		{ method: "DELETE", path: "/execution/x/report", allow: "GET, HEAD, OPTIONS" },
	])("answers 405 to $method $path", async ({ method, path, allow }) => {
		const account = await gate.openAccount();
		const answer = await gate.manage(method, auditUrl(account) + path);
		expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allow]);
	});

	it("takes a body and does not look at it", async () => {
		const account = await gate.openAccount();
		for (const body of ["", "{", "{}"]) {
			expect((await gate.manage("POST", `${auditUrl(account)}/query/${today()}`, body)).status).toBe(200);
		}
	});

	it("lets a page of another origin ask first, and HEAD ask for nothing but headers", async () => {
		const { url } = await reportOf(await clipAccount());
		const preflight = await fetch(url, { method: "OPTIONS", headers: { Origin: "https://a.example" } });
		expect([preflight.status, preflight.headers.get("Access-Control-Allow-Origin")]).toEqual([
			204,
			"https://a.example",
		]);
		const head = await fetch(url, { method: "HEAD" });
		expect([head.status, head.headers.get("Content-Type"), await head.text()]).toEqual([
			200,
			"text/csv; charset=utf-8",
			"",
		]);
		const tampered = await fetch(`${url}x`, { method: "HEAD" });
		expect([tampered.status, tampered.headers.get("Playgate-Reason")]).toEqual([403, "report-link-invalid"]);
	});

	it("lists the same decisions for ops", async () => {
		const account = await clipAccount();
		await outcomeOf(ask(account.masterUrl("clip", await account.sign({ uid: "ann" }))));
		await outcomeOf(ask(account.masterUrl("clip")));
		const { decisions, cursor } = await manageJson("GET", `${account.manageUrl}/decisions?limit=1`);
		expect([decisions, typeof cursor]).toMatchObject([[{ allowed: false, reason: "token-required" }], "string"]);
		const rest = await manageJson("GET", `${account.manageUrl}/decisions?limit=1&before=${String(cursor)}`);
		expect(rest).toMatchObject({ decisions: [{ allowed: true, uid: "ann" }], cursor: null });
	});
});
