import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Moment, breakStorage } from "../../support/broken-storage.ts";
import { type ObjectBinding, newFaultyGate, platformFault } from "../../support/faulty-gate.ts";
import { makeToken, tokensPath } from "../../support/management.ts";
import { ADMIN, type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
beforeEach(async () => {
	publisher = await newPublisher({ audit: "none" });
	await publisher.publishClip(env.MEDIA);
});

const play = async (token: string) => (await ask(`${publisher.masterPath}?bcov_auth=${token}`)).status;

/** Asks while the object can store nothing. The object gives its faults to the gate, and the runtime prints them. */
async function whileBroken<T extends Rpc.DurableObjectBranded | undefined>(
	stub: DurableObjectStub<T>,
	moment: Moment,
	call: () => Promise<Response>,
): Promise<Response> {
	vi.spyOn(console, "log").mockImplementation(() => {}); // and the gate logs them
	const broken = await runInDurableObject(stub, (_object, state) => breakStorage(state.storage, moment));
	try {
		return await call();
	} finally {
		broken.mend();
	}
}

async function expectUnavailable(answer: Response): Promise<void> {
	expect(answer.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
	expect(await refusalOf(answer)).toMatchObject({
		status: 503,
		error_code: "SERVICE_UNAVAILABLE",
		reason: "object-unavailable",
	});
}

describe.each([1, 2] as const)("a revocation that cannot be stored (statement %d)", (moment) => {
	it("is not acknowledged, by no API; once it can be, it is in force", async () => {
		const { account, manage } = publisher;
		const token = await publisher.sign({ jti: "stolen" });
		expect(await play(token)).toBe(200);
		const list = env.REVOCATION_LIST.getByName(account);
		const blacklisted = `/v1/accounts/${account}/blacklist/tokens/${token}`;
		const revocations = `/manage/v1/accounts/${account}/revocations`;
		const jti = { kind: "jti", value: "stolen" };
		await expectUnavailable(await whileBroken(list, moment, () => manage("PUT", blacklisted)));
		await expectUnavailable(await whileBroken(list, moment, () => manage("POST", revocations, jti)));
		expect(await (await manage("GET", revocations)).json()).toEqual([]);
		expect((await manage("POST", revocations, jti)).status).toBe(201);
		expect(await play(token)).toBe(403);
	});

	it("is not said to be taken back", async () => {
		const { account, manage } = publisher;
		const token = await publisher.sign();
		const blacklisted = `/v1/accounts/${account}/blacklist/tokens/${token}`;
		expect((await manage("PUT", blacklisted)).status).toBe(204);
		const list = env.REVOCATION_LIST.getByName(account);
		await expectUnavailable(await whileBroken(list, moment, () => manage("DELETE", blacklisted)));
		expect(await play(token)).toBe(403);
		expect((await manage("GET", blacklisted)).status).toBe(204);
	});
});

describe("a management token", () => {
	it("that cannot be stored is not shown, and is none", async () => {
		const { account, manage } = publisher;
		await makeToken(account, ["playgate/settings/read"]);
		const body = { name: "lost", scopes: ["playgate/settings/read"] };
		const tokens = env.MANAGEMENT_TOKENS.getByName(account);
		const answer = await whileBroken(tokens, 2, () => manage("POST", tokensPath(account), body));
		expect(await answer.clone().text()).not.toContain("pgt_");
		await expectUnavailable(answer);
		expect(await (await manage("GET", tokensPath(account))).json()).toMatchObject([{ name: "made by a test" }]);
	});

	it("is not said to be revoked when that cannot be stored", async () => {
		const { account, manage } = publisher;
		const { id } = await makeToken(account, ["playgate/settings/read"]);
		const path = `${tokensPath(account)}/${id}`;
		const tokens = env.MANAGEMENT_TOKENS.getByName(account);
		await expectUnavailable(await whileBroken(tokens, 1, () => manage("DELETE", path)));
		expect((await manage("GET", path)).status).toBe(200);
		expect((await manage("DELETE", path)).status).toBe(204);
	});

	it("whose making was answered by a lost connection is made once", async () => {
		let calls = 0;
		const gate = newFaultyGate(async ({ binding, method }, go) => {
			const answer = await go();
			if (binding === "MANAGEMENT_TOKENS" && method === "create" && (calls += 1) === 1)
				throw platformFault({ retryable: true });
			return answer;
		});
		const body = JSON.stringify({ name: "one", scopes: ["playgate/settings/read"] });
		const answer = await gate.ask(tokensPath(publisher.account), { method: "POST", headers: ADMIN, body });
		expect([answer.status, calls]).toEqual([201, 2]);
		expect(await (await publisher.manage("GET", tokensPath(publisher.account))).json()).toHaveLength(1);
	});
});

it("sessions are not said to be ended when that cannot be stored", async () => {
	const { account, manage } = publisher;
	const token = await publisher.sign({ uid: "ann", climit: 1, sid: "sofa" });
	const { segment } = await publisher.open(token);
	const viewer = env.VIEWER_LIMITS.getByName((await nameOf("ann")) ?? "");
	const path = `/manage/v1/accounts/${account}/sessions?uid=ann`;
	await expectUnavailable(await whileBroken(viewer, "commit", () => manage("DELETE", path)));
	expect((await ask(segment)).status).toBe(200);
	expect((await manage("DELETE", path)).status).toBe(204);
	expect((await ask(segment)).status).toBe(403);
});

async function nameOf(uid: string): Promise<string | undefined> {
	const { viewerObjectName } = await import("../../../worker/limits/client.ts");
	return viewerObjectName(publisher.account, { uid });
}

describe("a decision is the same when nothing of it can be audited", () => {
	it.each([
		["allowed", {}, 200],
		["refused", { exp: 1 }, 401],
	] as const)("%s", async (_what, claims, status) => {
		await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/settings`, { audit: "all" });
		for (const fault of [platformFault(), platformFault({ overloaded: true }), platformFault({ retryable: true })]) {
			const gate = newFaultyGate(async ({ binding }, go) => {
				if (binding === "AUDIT_LOG") throw fault;
				return go();
			});
			const answer = await gate.ask(`${publisher.masterPath}?bcov_auth=${await publisher.sign(claims)}`);
			expect(answer.status).toBe(status);
			const lost = gate.log.filter(({ where }) => where === "audit");
			expect(lost).toMatchObject([{ event: "fault", account: publisher.account, decisions: 1 }]);
		}
	});

	it("a batch of several rows that broke off is written whole when it comes again", async () => {
		const log = env.AUDIT_LOG.getByName(`${publisher.account}/2100-01-01`);
		const batch = { id: "b", texts: ['[["1"]]', '[["2"]]', '[["3"]]'], forgetAtMs: Date.UTC(2100, 1, 1), again: false };
		const rows = await runInDurableObject(log, async (object, state) => {
			const broken = breakStorage(state.storage, 2);
			await expect(object.append(batch)).rejects.toThrow("disk is full");
			broken.mend();
			await object.append({ ...batch, again: true });
			await object.append({ ...batch, again: true });
			return state.storage.sql.exec("SELECT decisions FROM batches ORDER BY seq").toArray();
		});
		expect(rows.map(({ decisions }) => decisions)).toEqual(batch.texts);
	});
});

/** What each call of the management API asks beside the guard of credentials. */
const unreachable: readonly (readonly [ObjectBinding, string, string, string])[] = [
	["VIEWER_LIMITS", "GET", "/manage/v1/accounts/:a/sessions?uid=ann", "object-unavailable"],
	["VIEWER_LIMITS", "DELETE", "/manage/v1/accounts/:a/sessions?uid=ann", "object-unavailable"],
	["VIEWER_LIMITS", "DELETE", "/manage/v1/accounts/:a/sessions/sofa?uid=ann", "object-unavailable"],
	["VIEWER_LIMITS", "GET", "/v1/accounts/:a/users/ann/devices", "devices-unavailable"],
	["DEVICE_INDEX", "GET", "/v1/accounts/:a/devices", "devices-unavailable"],
	["REVOCATION_LIST", "GET", "/v1/accounts/:a/blacklist", "object-unavailable"],
	["REVOCATION_LIST", "GET", "/manage/v1/accounts/:a/revocations", "object-unavailable"],
	["REVOCATION_LIST", "DELETE", "/manage/v1/accounts/:a/revocations?kind=jti&value=x", "object-unavailable"],
	["MANAGEMENT_TOKENS", "GET", "/manage/v1/accounts/:a/tokens", "object-unavailable"],
	["MANAGEMENT_TOKENS", "GET", "/manage/v1/accounts/:a/tokens/none", "object-unavailable"],
	["AUDIT_LOG", "GET", "/manage/v1/accounts/:a/decisions", "object-unavailable"],
	["AUDIT_LOG", "POST", "/v1/audit/accounts/:a/query/:today", "object-unavailable"],
	["CREDENTIAL_GUARD", "GET", "/manage/v1/accounts/:a/settings", "credentials-unavailable"],
];

it.each(unreachable)(
	"without %s, %s %s answers so, and says when to try again",
	async (binding, method, path, reason) => {
		const gate = newFaultyGate(async (call, go) => {
			if (call.binding === binding) throw platformFault();
			return go();
		});
		const today = new Date().toISOString().slice(0, 10);
		const answer = await gate.ask(path.replace(":a", publisher.account).replace(":today", today), {
			method,
			headers: ADMIN,
		});
		expect(answer.status).toBe(reason === "devices-unavailable" ? 502 : 503);
		expect(answer.headers.has("Retry-After")).toBe(answer.status === 503);
		expect(await refusalOf(answer)).toMatchObject({ reason });
		expect(gate.log.filter(({ event }) => event === "fault").length).toBeGreaterThan(0);
	},
);

it.each(["GET", "DELETE"])(
	"the stream sessions API answers %s in its own form when the viewer cannot be reached",
	async (method) => {
		const gate = newFaultyGate(async ({ binding }, go) => {
			if (binding === "VIEWER_LIMITS") throw platformFault();
			return go();
		});
		const token = await publisher.sign({ uid: "ann", climit: 1, sid: "sofa" });
		const headers = { Authorization: `Bearer ${token}` };
		const answer = await gate.ask(`/api/v1/accounts/${publisher.account}/sessions`, { method, headers });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([503, "limits-unavailable"]);
		expect(await answer.json()).toMatchObject({ error: { code: "SERVICE_UNAVAILABLE", reason: "limits-unavailable" } });
	},
);
