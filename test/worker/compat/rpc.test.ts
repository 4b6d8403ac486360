import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as index from "../../../worker/index.ts";
import { type Call, START, type Story, stories } from "../../compat/calls.ts";
import { ADVICE, type Method, methodsSince, released, unreadable } from "../../compat/rpc.ts";
import { type ObjectCall, newFaultyGate } from "../../support/faulty-gate.ts";
import { ADMIN, type ClientInit, type Publisher, newPublisher, textOf, urisOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const classes: Readonly<Record<string, { readonly prototype: object }>> = {
	VIEWER_LIMITS: index.ViewerLimits,
	DEVICE_INDEX: index.DeviceIndex,
	REVOCATION_LIST: index.RevocationList,
	MANAGEMENT_TOKENS: index.ManagementTokens,
	CREDENTIAL_GUARD: index.CredentialGuard,
	AUDIT_LOG: index.AuditLog,
};

function fail(what: string): never {
	throw new Error(`${what}\n${ADVICE}`);
}

function methodOf(binding: string, method: string): Method {
	return released[binding]?.[method] ?? fail(`test/compat/rpc.ts lacks ${binding}.${method}.`);
}

describe("a Worker of the last release and today's objects", () => {
	it.each(Object.keys(released))("%s has every method that it calls", (binding) => {
		const prototype = classes[binding]?.prototype ?? {};
		const methods = Object.keys(released[binding] ?? {});
		const gone = methods.filter((method) => typeof Reflect.get(prototype, method) !== "function");
		expect(gone, `The Worker of the last release calls these methods of ${binding}.\n${ADVICE}`).toEqual([]);
	});

	/** What the Worker reads of the answer is as it was. */
	async function replay({ binding }: Story, object: string, { at = 0, method, args, answer }: Call): Promise<void> {
		vi.setSystemTime(START + at * 1000);
		const stub = env[binding].getByName(object) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
		const given = await stub[method]?.(...args);
		const call = `${binding}.${method}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`;
		const problem = unreadable(methodOf(binding, method).answer, given);
		if (problem !== null) fail(`${call} answers what the Worker of the last release cannot read: ${problem}.`);
		if (answer === undefined) return;
		const read: unknown = method === "admit" ? JSON.parse(String(given)) : given;
		expect({ answer: read }, `${call} answers otherwise than in the last release.\n${ADVICE}`).toMatchObject({
			answer,
		});
	}

	it.each(stories.map((story, number) => ({ ...story, number })))("$binding: $tells", async ({ number, ...story }) => {
		const replayed: Call[] = [];
		for (const call of story.calls) {
			await replay(story, `compat-${number}`, call);
			replayed.push(call);
		}
		expect(replayed).toEqual(story.calls);
	});

	it("the stories call every method", () => {
		for (const [binding, methods] of Object.entries(released)) {
			const called = stories.filter((story) => story.binding === binding).flatMap(({ calls }) => calls);
			expect(new Set(called.map(({ method }) => method))).toEqual(new Set(Object.keys(methods)));
		}
	});
});

interface Exchanged extends ObjectCall {
	readonly answer: unknown;
}

/** Everything that today's Worker asks of objects, in use. */
async function inUse(): Promise<readonly Exchanged[]> {
	const calls: Exchanged[] = [];
	const gate = newFaultyGate(async (call, go) => {
		const answer = await go();
		calls.push({ ...call, answer: structuredClone(answer) });
		return answer;
	});
	const publisher = await newPublisher({ touch_seconds: 0, audit: "none" });
	const take = vi.spyOn(index.DeviceIndex.prototype, "take");
	await publisher.publishClip(env.MEDIA);
	const manage = async (method: string, path: string, body?: unknown, headers: ClientInit["headers"] = ADMIN) =>
		gate.ask(path.replace(":a", publisher.account), {
			ip: "192.0.2.77", // of nobody who has managed before
			method,
			headers: headers ?? {},
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
	await playing(gate.ask, publisher);
	await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/settings`, {}); // what is now decided is audited
	vi.setSystemTime(EPOCH + 31_000); // and this isolate reads the settings again
	await gate.ask(publisher.masterPath);
	await managing(manage, publisher);
	for (const [nth, args] of take.mock.calls.entries()) {
		const answer: unknown = await take.mock.results[nth]?.value;
		calls.push({ binding: "DEVICE_INDEX", object: "", method: "take", args, answer });
	}
	return calls;
}

type Ask = (path: string, init?: ClientInit) => Promise<Response>;
type Manage = (method: string, path: string, body?: unknown, headers?: ClientInit["headers"]) => Promise<Response>;

/** Every kind of token and request that the limits know. */
async function playing(ask: Ask, publisher: Publisher): Promise<void> {
	const { account, masterPath, sign, publishVideo } = publisher;
	const play = async (claims: object, client: ClientInit = {}) => {
		const master = await ask(`${masterPath}?bcov_auth=${await sign({ ...claims })}`, client);
		if (master.status !== 200) return;
		const [rendition = ""] = urisOf(await textOf(master), "https://gate.example").lines;
		const { attributes } = urisOf(await textOf(await ask(rendition, client)), rendition);
		await ask(attributes[0] ?? "", client);
	};
	const elsewhere = { ip: "2001:db8::1", agent: "Phone/2", headers: { "BCOV-Device-Id": "phone" } };
	for (const claims of [
		{ maxip: 1 },
		{ maxu: 1 },
		{ dlimit: 1 },
		{ uid: "ann", climit: 1, cbeh: "BLOCK_NEW", dlimit: 1, maxu: 9, maxip: 9 },
		{ uid: "ann", climit: 1, cbeh: "BLOCK_NEW_USER", sid: "sofa" },
		{ uid: "bob", climit: 1 },
	]) {
		await play(claims);
		await play(claims, { method: "HEAD" });
		await play(claims, elsewhere);
	}
	const headers = { Authorization: `Bearer ${await sign({ uid: "ann", climit: 2, sid: "tv" })}` };
	const sessions = `/api/v1/accounts/${account}/sessions`;
	await ask(sessions, { method: "POST", headers, body: '{"video":"clip"}' });
	await ask(sessions, { headers });
	await ask(sessions, { method: "DELETE", headers });
	// A licence server that cannot be reached: the use is given back.
	const licenses = { widevine: { url: "http://127.0.0.1:9/" } };
	const sources = [
		{ type: "application/dash+xml", protection: "widevine", src: `r2://MEDIA/${account}/x/manifest.mpd` },
	];
	await publishVideo("drm", { sources, licenses });
	const license = `/playback/v1/accounts/${account}/videos/drm/licenses/cenc/widevine?bcov_auth=${await sign({ maxu: 2 })}`;
	await ask(license, { method: "POST", body: "challenge" });
}

async function managing(manage: Manage, { sign }: Publisher): Promise<void> {
	await manage("GET", "/manage/v1/accounts/:a/sessions?uid=ann");
	await manage("DELETE", "/manage/v1/accounts/:a/sessions?uid=ann");
	await manage("DELETE", "/manage/v1/accounts/:a/sessions/x?uid=ann");
	const devices = "/v1/accounts/:a/users/ann/devices";
	const [device] = await (await manage("GET", devices)).json<{ id: string }[]>();
	await manage("PATCH", `${devices}/${encodeURIComponent(device?.id ?? "")}`, { name: "Sofa" });
	await manage("GET", "/v1/accounts/:a/devices");
	await manage("DELETE", `${devices}/none`);
	await manage("DELETE", devices);
	const revocations = "/manage/v1/accounts/:a/revocations";
	for (const kind of ["jti", "uid", "sid", "key", "video"]) await manage("POST", revocations, { kind, value: "x" });
	await manage("POST", revocations, { kind: "issued-before", before: 1 });
	await manage("GET", revocations);
	await manage("DELETE", `${revocations}?kind=jti&value=x`);
	const blacklisted = `/v1/accounts/:a/blacklist/tokens/${await sign()}`;
	for (const method of ["PUT", "GET", "DELETE"]) await manage(method, blacklisted);
	const tokens = "/manage/v1/accounts/:a/tokens";
	const made = await manage("POST", tokens, { name: "ci", scopes: ["playgate/tokens/read"] });
	const { id, token } = await made.json<{ id: string; token: string }>();
	await manage("GET", tokens, undefined, { Authorization: `Bearer ${token}` });
	await manage("GET", `${tokens}/${id}`);
	await manage("DELETE", `${tokens}/${id}`);
	await manage("GET", tokens, undefined, { Authorization: "Bearer wrong" });
	const today = new Date(EPOCH).toISOString().slice(0, 10);
	await manage("GET", "/manage/v1/accounts/:a/decisions?allowed=true&limit=1");
	const query = await manage("POST", `/v1/audit/accounts/:a/query/${today}`);
	const { execution_id: execution } = await query.json<{ execution_id: string }>();
	await manage("GET", `/v1/audit/accounts/:a/execution/${execution}/status`);
	const report = await manage("GET", `/v1/audit/accounts/:a/execution/${execution}/report`);
	await (await manage("GET", (await report.json<{ report_url: string }>()).report_url)).text();
}

it("today's Worker and objects of the last release: whatever it asks, they can read, and so back", async () => {
	const calls = await inUse();
	for (const { binding, method, args, answer } of calls) {
		const known = released[binding]?.[method];
		const name = `${binding}.${method}`;
		if (!known && name in methodsSince) continue;
		if (!known)
			fail(
				`The Worker calls ${name}, which objects of the last release do not have (see methodsSince in test/compat/rpc.ts).`,
			);
		const asked = unreadable(known.args, args);
		if (asked !== null) fail(`The Worker asks ${name} what objects of the last release cannot read: ${asked}.`);
		const answered = unreadable(known.answer, answer);
		if (answered !== null) fail(`${name} answers what the Worker of the last release cannot read: ${answered}.`);
	}
	const seen = new Set(calls.map(({ binding, method }) => `${binding}.${method}`));
	const all = Object.entries(released).flatMap(([binding, methods]) =>
		Object.keys(methods).map((method) => `${binding}.${method}`),
	);
	expect(all.filter((name) => !seen.has(name))).toEqual([]);
});

describe("the reader of the last release", () => {
	const admit = methodOf("VIEWER_LIMITS", "admit");
	const request = JSON.parse(String(stories[0]?.calls[0]?.args[0])) as Record<string, unknown>;

	it.each([
		["takes a member that it does not know for nothing", { new_member: 1 }, true],
		["notices one of another type", { use: "yes" }, false],
		["notices one that is gone", { token: undefined }, false],
		["notices a word that it does not know", { intent: "resume" }, false],
		["notices a change further down", { client: { address: 7 } }, false],
	])("%s", (_what, change, readable) => {
		const problem = unreadable(admit.args, [JSON.stringify({ ...request, ...change })]);
		expect(problem === null).toBe(readable);
	});

	it("notices a refusal that it has no words for", () => {
		const answer = { allowed: false, refusal: { reason: "too-early" } };
		expect(unreadable(admit.answer, JSON.stringify(answer))).not.toBeNull();
	});
});
