import { env } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { COLUMNS } from "../../../worker/audit/contract.ts";
import { readCsv } from "../../support/csv.ts";
import { ADMIN, type Publisher, ask, newPublisher, refusalOf, textOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

const DAY = "2100-01-01";
const NOON = EPOCH + 43_200_000;
const day = 86_400_000;

interface Execution {
	readonly execution_id: string;
	readonly executionID: string;
}
interface Link {
	readonly report_url: string;
	readonly expiration_time: number;
}
type Listed = { readonly decisions: Readonly<Record<string, unknown>>[]; readonly cursor: string | null };

const auditOf = ({ account }: Publisher) => `/v1/audit/accounts/${account}`;
const query = async (publisher: Publisher, at = DAY): Promise<Execution> =>
	(await publisher.manage("POST", `${auditOf(publisher)}/query/${at}`)).json();
const linkTo = async (publisher: Publisher, execution: string): Promise<Link> =>
	(await publisher.manage("GET", `${auditOf(publisher)}/execution/${execution}/report`)).json();
const decisions = async (publisher: Publisher, search = ""): Promise<Listed> =>
	(await publisher.manage("GET", `/manage/v1/accounts/${publisher.account}/decisions${search}`)).json();
const tokenOf = (publisher: Publisher, claims = {}) =>
	publisher.sign({ iat: Math.floor(NOON / 1000), exp: Math.floor(NOON / 1000) + day / 1000, ...claims });

/** The report of what was decided until now, a record a row. */
async function report(publisher: Publisher, at = DAY): Promise<Record<string, string>[]> {
	const { report_url: url } = await linkTo(publisher, (await query(publisher, at)).execution_id);
	return recordsOf(await textOf(await ask(url)));
}

function recordsOf(csv: string): Record<string, string>[] {
	const [header = [], ...rows] = readCsv(csv);
	expect(header).toEqual(COLUMNS);
	return rows.map((row) => Object.fromEntries(row.map((cell, index) => [header[index], cell])));
}

/** A publisher with a clip, at noon of a day that no other test writes to. */
async function opened(settings: Readonly<Record<string, unknown>> = {}): Promise<Publisher> {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(NOON);
	const publisher = await newPublisher(settings);
	await publisher.publishClip(env.MEDIA);
	return publisher;
}

afterEach(() => {
	vi.useRealTimers();
});

describe("a report", () => {
	it("is asked for, is ready, and is read with nothing but its link", async () => {
		const publisher = await opened();
		const { execution_id: id, executionID: sameId } = await query(publisher);
		expect(sameId).toBe(id);
		const status = await publisher.manage("GET", `${auditOf(publisher)}/execution/${id}/status`);
		expect([status.status, await status.json()]).toEqual([200, { state: "SUCCEEDED", status: "completed" }]);
		const link = await linkTo(publisher, id);
		expect(link).toEqual({
			report_url: expect.stringMatching(/^https:\/\/gate\.example\/v1\/audit\/reports\/[\w.-]+$/) as string,
			expiration_time: NOON / 1000 + 900,
			signedURL: link.report_url,
			expirationTime: NOON / 1000 + 900,
		});
		const answer = await ask(link.report_url);
		expect([answer.status, answer.headers.get("Content-Type"), answer.headers.get("Content-Disposition")]).toEqual([
			200,
			"text/csv; charset=utf-8",
			`attachment; filename="audit-${publisher.account}-${DAY}.csv"`,
		]);
		expect(await textOf(answer)).toBe(`${COLUMNS.join(",")}\r\n`);
		const head = await ask(link.report_url, { method: "HEAD" });
		expect([head.status, head.headers.get("Content-Type"), await textOf(head)]).toEqual([
			200,
			"text/csv; charset=utf-8",
			"",
		]);
	});

	it("holds what was decided a moment ago, and nothing that came after it was asked for", async () => {
		const publisher = await opened();
		const token = await tokenOf(publisher, { uid: "ann", jti: "j" });
		const { key, segment } = await publisher.open(token);
		const before = await query(publisher);
		await ask(key);
		await ask(segment);
		const refused = await ask(`${publisher.masterPath}?bcov_auth=${token.slice(0, -8)}AAAAAAAA`);
		const { report_url: url } = await linkTo(publisher, before.execution_id);
		expect(recordsOf(await textOf(await ask(url))).map(({ path }) => path)).toEqual([publisher.masterPath]);
		const records = await report(publisher);
		expect(records.map(({ path, status, reason }) => [path, status, reason])).toEqual([
			[publisher.masterPath, "200", ""],
			["/g/*/licenses/aes128/k1.key", "200", ""],
			[publisher.masterPath, "401", "signature-invalid"],
		]);
		expect(records[2]?.["decision_id"]).toBe(refused.headers.get("Playgate-Decision"));
		expect(records[0]).toMatchObject({
			time: new Date(NOON).toISOString(),
			allowed: "true",
			detail: "",
			method: "GET",
			video_id: "clip",
			key_id: "rsa",
			uid: "ann",
			address: "203.0.113.0/24",
			user_agent: "Player/1.0",
		});
	});

	it("outlives a restart of the object", async () => {
		const publisher = await opened();
		await publisher.open(await tokenOf(publisher));
		const { execution_id: id } = await query(publisher);
		await evictDurableObject(env.AUDIT_LOG.getByName(`${publisher.account}/${DAY}`));
		const { report_url: url } = await linkTo(publisher, id);
		expect(recordsOf(await textOf(await ask(url)))).toHaveLength(1);
	});

	it("is of one day in UTC", async () => {
		const publisher = await opened();
		const token = await tokenOf(publisher);
		vi.setSystemTime(EPOCH + day - 1);
		await publisher.open(token);
		vi.setSystemTime(EPOCH + day);
		await ask(`${publisher.masterPath}?bcov_auth=${token}`, { ip: "198.51.100.9" });
		const addresses = async (at: string) => (await report(publisher, at)).map(({ address }) => address);
		expect([await addresses(DAY), await addresses("2100-01-02")]).toEqual([["203.0.113.0/24"], ["198.51.100.0/24"]]);
	});

	it.each([
		{ what: "the country and network of the client", geo: '{"country":"fr","asn":64500}', country: "FR", asn: "64500" },
		{ what: "nothing where they are not known", geo: "{}", country: "", asn: "" },
		{ what: "nothing where they are nonsense", geo: '{"country":"=1+1","asn":"x"}', country: "", asn: "" },
		{ what: "nothing where they cannot be read", geo: "[", country: "", asn: "" },
	])("tells $what", async ({ geo, country, asn }) => {
		const publisher = await opened();
		await publisher.open(await tokenOf(publisher), { headers: { "X-Client-Geo": geo } });
		expect((await report(publisher))[0]).toMatchObject({ country, asn });
	});

	it("is defused where viewers put formulas", async () => {
		const publisher = await opened();
		const agent = '=HYPERLINK("http://evil.example","click"),';
		await publisher.open(await tokenOf(publisher, { uid: "@SUM" }), { agent });
		expect((await report(publisher))[0]).toMatchObject({ user_agent: `'${agent}`, uid: "'@SUM" });
	});

	it("holds refusals of requests without any token, and none of accounts that nobody has made", async () => {
		const publisher = await opened();
		await ask(publisher.masterPath);
		await ask(`${publisher.masterPath}?bcov_auth=a&bcov_auth=b`);
		await ask(
			`/playback/v1/accounts/${publisher.account}/videos/none/master.m3u8?bcov_auth=${await tokenOf(publisher)}`,
		);
		expect((await report(publisher)).map(({ reason }) => reason)).toEqual([
			"token-required",
			"token-repeated",
			"video-not-found",
		]);
		await ask(`/playback/v1/accounts/nobody-${publisher.account}/videos/clip/master.m3u8?bcov_auth=a.b.c`);
		const nobody = { ...publisher, account: `nobody-${publisher.account}` };
		expect(await report(nobody)).toEqual([]);
	});

	it("never holds a token, a grant or an address in full", async () => {
		const publisher = await opened();
		const token = await tokenOf(publisher, { uid: "ann", climit: 1 });
		const { key, segment, rendition } = await publisher.open(token, { ip: "2001:db8:1:2:3:4:5:6" });
		for (const url of [key, segment, rendition]) await ask(url, { ip: "2001:db8:9:8:7:6:5:4" });
		await ask(`/playback/v1/accounts/${publisher.account}/videos/${token}/master.m3u8?bcov_auth=${token}`);
		const { report_url: url } = await linkTo(publisher, (await query(publisher)).execution_id);
		const csv = await textOf(await ask(url));
		const grant = new URL(key).pathname.split("/")[2] ?? "";
		for (const secret of [token, token.split(".")[2], grant, "2001:db8:1:2", "2001:db8:9:8"]) {
			expect(csv).not.toContain(secret);
		}
		expect(csv).toContain("2001:db8:1::/48");
	});
});

describe("which decisions are kept", () => {
	const play = async (publisher: Publisher) => {
		const token = await tokenOf(publisher, { uid: "ann", climit: 1 });
		const { key, segment, rendition } = await publisher.open(token);
		for (const url of [key, segment, rendition, segment]) await ask(url);
		await ask(publisher.masterPath);
	};

	it.each([
		{ audit: "all", kept: ["200 /master.m3u8", "401 /master.m3u8"] },
		{ audit: "refusals", kept: ["401 /master.m3u8"] },
		{ audit: "none", kept: [] },
	])("with the setting $audit: $kept", async ({ audit, kept }) => {
		const publisher = await opened({ audit });
		await play(publisher);
		const short = (path = "") => path.slice(path.lastIndexOf("/"));
		expect((await report(publisher)).map(({ path, status }) => `${status} ${short(path)}`)).toEqual(kept);
	});

	it("is a setting of three values", async () => {
		const publisher = await opened();
		const put = await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/settings`, { audit: "some" });
		expect((await refusalOf(put)).message).toBe("audit: must be all, refusals or none");
	});
});

describe("the day of a query", () => {
	it.each(["2099-12-02", "2099-12-31", "2100-01-01"])("may be %s", async (at) => {
		const publisher = await opened();
		expect((await publisher.manage("POST", `${auditOf(publisher)}/query/${at}`)).status).toBe(200);
	});

	it.each([
		{ at: "2100-01-02", says: "has not begun" },
		{ at: "2099-12-01", says: "too old" },
		{ at: "2100-01-32", says: "YYYY-MM-DD" },
		{ at: "today", says: "YYYY-MM-DD" },
		{ at: "%20", says: "YYYY-MM-DD" },
		{ at: "%E0%A4%A", says: "YYYY-MM-DD" },
		{ at: "2100-01-01%2F..", says: "YYYY-MM-DD" },
	])("may not be $at: $says", async ({ at, says }) => {
		const publisher = await opened();
		const refusal = await refusalOf(await publisher.manage("POST", `${auditOf(publisher)}/query/${at}`));
		expect(refusal).toMatchObject({ status: 400, error_subcode: "ILLEGAL_VALUE", reason: "bad-request" });
		expect(refusal.message).toContain(says);
	});
});

describe("a report that there is not", () => {
	it.each(["none", `${DAY}-none`, "2099-01-01-0b0e", "%2F", "2100-01-01"])("'%s' is answered 404", async (id) => {
		const publisher = await opened();
		for (const what of ["status", "report"]) {
			const answer = await publisher.manage("GET", `${auditOf(publisher)}/execution/${id}/${what}`);
			expect(await refusalOf(answer)).toMatchObject({ status: 404, error_subcode: "RESOURCE_NOT_FOUND" });
		}
	});

	it("is also that of another account", async () => {
		const [one, other] = [await opened(), await opened()];
		const { execution_id: id } = await query(one);
		for (const what of ["status", "report"]) {
			expect((await other.manage("GET", `${auditOf(other)}/execution/${id}/${what}`)).status).toBe(404);
		}
	});

	it("is one whose day was forgotten, also for a link from before", async () => {
		const publisher = await opened();
		const { execution_id: id } = await query(publisher, "2099-12-02");
		vi.setSystemTime(EPOCH + day - 1000);
		const link = await linkTo(publisher, id);
		vi.setSystemTime(EPOCH + day);
		expect((await publisher.manage("GET", `${auditOf(publisher)}/execution/${id}/status`)).status).toBe(404);
		expect(await refusalOf(await ask(link.report_url))).toMatchObject({ status: 404, reason: "resource-not-found" });
	});
});

describe("the link of a report", () => {
	it("ends after 15 minutes", async () => {
		const publisher = await opened();
		const { report_url: url } = await linkTo(publisher, (await query(publisher)).execution_id);
		vi.setSystemTime(NOON + 899_999);
		expect((await ask(url)).status).toBe(200);
		vi.setSystemTime(NOON + 900_000);
		expect(await refusalOf(await ask(url))).toMatchObject({
			status: 403,
			error_subcode: "REPORT_LINK_EXPIRED",
			reason: "report-link-expired",
			message: expect.stringContaining("2100-01-01T12:15:00.000Z") as string,
		});
	});

	it("is refused when it was changed, with or without a credential", async () => {
		const publisher = await opened();
		const { report_url: url } = await linkTo(publisher, (await query(publisher)).execution_id);
		for (const changed of [`${url}x`, url.slice(0, -1), url.replace("reports/", "reports/x")]) {
			for (const headers of [{}, ADMIN]) {
				const refusal = await refusalOf(await ask(changed, { headers }));
				expect(refusal).toMatchObject({ status: 403, reason: "report-link-invalid" });
			}
		}
	});

	it.each(["POST", "PUT", "PATCH", "DELETE"])("does not take %s", async (method) => {
		const answer = await ask("/v1/audit/reports/a.b", { method });
		expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
	});
});

describe("the list of decisions", () => {
	it("is of today, newest first, with the report's columns", async () => {
		const publisher = await opened();
		await publisher.open(await tokenOf(publisher, { uid: "ann" }));
		await ask(publisher.masterPath);
		const { decisions: listed, cursor } = await decisions(publisher);
		expect(cursor).toBeNull();
		expect(listed.map(({ allowed, reason }) => [allowed, reason])).toEqual([
			[false, "token-required"],
			[true, null],
		]);
		expect(Object.keys(listed[0] ?? {})).toEqual(COLUMNS);
		expect(listed[1]).toMatchObject({ status: 200, uid: "ann", detail: null, asn: null });
	});

	it("is gone through by its cursor, and chosen by reason, viewer and outcome", async () => {
		const publisher = await opened();
		for (const uid of ["ann", "bob", "ann"]) await publisher.open(await tokenOf(publisher, { uid }));
		await ask(publisher.masterPath);
		const uids = ({ decisions: listed }: Listed) => listed.map(({ uid }) => uid);
		const first = await decisions(publisher, "?limit=2");
		expect(uids(first)).toEqual([null, "ann"]);
		const second = await decisions(publisher, `?limit=2&before=${first.cursor ?? ""}`);
		expect([uids(second), second.cursor]).toEqual([["bob", "ann"], null]);
		expect(uids(await decisions(publisher, "?uid=ann&allowed=true"))).toEqual(["ann", "ann"]);
		expect(uids(await decisions(publisher, "?reason=token-required"))).toEqual([null]);
		expect(uids(await decisions(publisher, "?allowed=false"))).toEqual([null]);
		expect(uids(await decisions(publisher, "?uid="))).toEqual([]);
		expect(uids(await decisions(publisher, "?day=2099-12-31"))).toEqual([]);
	});

	it.each([
		["?day=2100-01-02", "has not begun"],
		["?day=x", "YYYY-MM-DD"],
		["?limit=0", "limit: must be at least 1"],
		["?limit=1001", "limit: must be at most 1000"],
		["?limit=-1", "limit: must be a whole number"],
		["?limit=", "limit: must be a whole number"],
		["?limit=1e2", "limit: must be a whole number"],
		["?before=x", "before: must be the cursor of an earlier answer"],
		["?allowed=yes", "allowed: must be true or false"],
		["?reason=%3Cscript%3E", "reason: must be a reason such as ip-limit"],
		["?colour=red", "colour: is not a known field"],
	])("names the mistake in %s", async (search, says) => {
		const publisher = await opened();
		const answer = await publisher.manage("GET", `/manage/v1/accounts/${publisher.account}/decisions${search}`);
		const refusal = await refusalOf(answer);
		expect(refusal).toMatchObject({ status: 400, reason: "bad-request" });
		expect(refusal.message).toContain(says);
	});
});
