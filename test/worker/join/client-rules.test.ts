import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ClientInit, type Publisher, ask, newPublisher } from "../../support/publisher.ts";

const SECRET = "correct-horse-battery";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:116.0) Gecko/20100101 Firefox/116.0";
const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

type Json = Readonly<Record<string, unknown>>;

let publisher: Publisher;
let path: string;
beforeEach(async () => {
	publisher = await newPublisher();
	path = `/join/v1/accounts/${publisher.account}/sessions/room`;
	await putRoom({});
});

const putRoom = (record: Json) =>
	publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/e2ee-sessions/room`, {
		provider: "webrtc",
		...record,
	});

/** A join with a good token, unless the headers say otherwise. */
async function join(body: unknown, client: ClientInit = {}, search = ""): Promise<Json> {
	const authorization = `Bearer ${await publisher.sign({ uid: "ann" })}`;
	const headers = { "Content-Type": "application/json", Authorization: authorization, ...client.headers };
	const text = typeof body === "string" ? body : JSON.stringify(body);
	const answer = await ask(path + search, { method: "POST", ...client, headers, body: text });
	return { http: answer.status, ...(await answer.json<Json>()) };
}

describe("a join with the encryption secret in it", () => {
	const PROBLEM = {
		http: 400,
		status: 400,
		type: "/docs/reasons#encryption-secret-sent",
		reason: "encryption-secret-sent",
	};

	it.each<readonly [unknown, string, ClientInit, string]>([
		[{ encryptionSecret: SECRET }, "", {}, "encryptionSecret"],
		[{ client: { sdk: "opentok.js", encryption_secret: SECRET } }, "", {}, "client.encryption_secret"],
		[{}, `?secret=${SECRET}`, {}, "query secret"],
		[{}, "", { headers: { "X-Encryption-Secret": SECRET } }, "header x-encryption-secret"],
		[`secret=${SECRET}`, "", { headers: { "Content-Type": "application/x-www-form-urlencoded" } }, "form secret"],
		[{ e2eeSecret: SECRET }, "", { headers: { Authorization: "" } }, "e2eeSecret"],
	])("is refused, and the value told nowhere: %j %s %j", async (body, search, client, member) => {
		const log = vi.spyOn(console, "log");
		const answer = await join(body, client, search);
		expect(answer).toMatchObject({ ...PROBLEM, member });
		expect(JSON.stringify([answer, log.mock.calls])).not.toContain(SECRET);
	});

	it("is none where only the words occur", async () => {
		expect(await join({ name: "encryptionSecret", client: { device: "secret" } })).toMatchObject({ http: 201 });
	});
});

describe("a join with a client that cannot encrypt", () => {
	it("is refused with what would do", async () => {
		expect(await join({}, { agent: FIREFOX })).toMatchObject({
			status: 403,
			reason: "client-too-old",
			detail: "Firefox 116.0 is too old to join an encrypted session: it must be 117 or later.",
			product: "Firefox",
			version: "116.0",
			least_version: "117",
		});
	});

	it("is judged by what the session asks for, too", async () => {
		await putRoom({ browsers: ["safari"], least_versions: { "acme-app": "3.2" } });
		expect(await join({}, { agent: CHROME })).toMatchObject({
			status: 403,
			reason: "client-unsupported",
			product: "Chrome",
		});
		await putRoom({ least_versions: { "acme-app": "3.2" } });
		const told = { client: { sdk: "acme-app", version: "3.1" } };
		expect(await join(told, { agent: CHROME })).toMatchObject({ status: 403, least_version: "3.2" });
		const newer = { client: { sdk: "acme-app", version: "3.10" } };
		expect(await join(newer, { agent: CHROME })).toMatchObject({
			http: 201,
			e2ee: { required: true, secret: { min_length: 8, max_length: 256 }, least_versions: { "acme-app": "3.2" } },
		});
	});

	it("spends nothing", async () => {
		const token = await publisher.sign({ uid: "bob", maxu: 1 });
		const headers = { Authorization: `Bearer ${token}` };
		expect(await join({}, { agent: FIREFOX, headers })).toMatchObject({ status: 403, reason: "client-too-old" });
		expect(await join({}, { agent: CHROME, headers })).toMatchObject({ http: 201 });
		expect(await join({}, { agent: CHROME, headers })).toMatchObject({ status: 403, reason: "use-limit" });
	});
});
