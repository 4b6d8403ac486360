import { env } from "cloudflare:workers";
import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CredentialThrottle } from "../../../worker/credentials/guard/throttle.ts";
import { EVERY_SCOPE } from "../../../worker/credentials/scopes.ts";
import { type Decision, allow, refuse } from "../../../worker/decision/decision.ts";
import { askAs, bearing, makeToken, newAddress } from "../../support/management.ts";
import { ADMIN, type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

let publisher: Publisher;
let settings: string;
beforeEach(async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
	publisher = await newPublisher();
	settings = `/manage/v1/accounts/${publisher.account}/settings`;
});
afterEach(() => {
	vi.useRealTimers();
});

let guesses = 0;
const newGuess = (): string => {
	guesses += 1;
	return `guess-${guesses}`;
};
const guess = async (ip: string, path = settings): Promise<Response> => ask(path, { ip, headers: bearing(newGuess()) });
async function statusesOf(ip: string, count: number): Promise<number[]> {
	const statuses: number[] = [];
	for (let index = 0; index < count; index += 1) statuses.push((await guess(ip)).status);
	return statuses;
}

describe("an address that guesses", () => {
	it("is told to wait, and for how long", async () => {
		const ip = newAddress();
		expect(await statusesOf(ip, 11)).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
		vi.setSystemTime(EPOCH + 12_500);
		const answer = await guess(ip);
		expect(answer.headers.get("Retry-After")).toBe("18");
		expect(await refusalOf(answer)).toMatchObject({
			status: 429,
			error_code: "TOO_MANY_REQUESTS",
			error_subcode: "TOO_MANY_REQUESTS",
			reason: "credentials-throttled",
			message: "Too many wrong management credentials came from this address. Try again in 18 s.",
		});
		vi.setSystemTime(EPOCH + 30_000);
		expect(await statusesOf(ip, 11)).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
		expect((await guess(ip)).headers.get("Retry-After")).toBe("60");
	});

	it("is one address over all accounts and routes, and over a whole IPv6 network", async () => {
		const others = [settings, "/v1/accounts/another/keys", "/manage/v1/accounts/third/tokens"];
		for (let index = 0; index < 11; index += 1) await guess(`2001:db8:7:1::${index}`, others[index % 3]);
		expect((await guess("2001:db8:7:1:ffff::9")).status).toBe(429);
		expect((await guess("2001:db8:7:2::1")).status).toBe(401);
	});

	it("is not helped by the right credential while it is blocked", async () => {
		const [ip, { token }] = [newAddress(), await makeToken(publisher.account, [EVERY_SCOPE])];
		await statusesOf(ip, 11);
		for (const credential of [token, "test-admin-token"]) {
			expect((await askAs(credential, "GET", settings, { ip })).status).toBe(429);
		}
		expect((await askAs(token, "GET", settings, { ip: newAddress() })).status).toBe(200);
		vi.setSystemTime(EPOCH + 30_000);
		expect((await askAs(token, "GET", settings, { ip })).status).toBe(200);
	});

	it("goes on with the credentials that were good from there before", async () => {
		const ip = newAddress();
		expect((await ask(settings, { ip, headers: ADMIN })).status).toBe(200);
		await statusesOf(ip, 50);
		expect((await ask(settings, { ip, headers: ADMIN })).status).toBe(200);
		expect((await guess(ip)).status).toBe(429);
	});

	it("is not one that sends no credential, or one of another scheme", async () => {
		const ip = newAddress();
		for (let index = 0; index < 50; index += 1) {
			await ask(settings, { ip, headers: index % 2 ? {} : { Authorization: "Basic YTpi" } });
		}
		expect((await guess(ip)).status).toBe(401);
	});

	it("is let try ten credentials and no more when it tries them all at once", async () => {
		const ip = newAddress();
		const answers = await Promise.all(Array.from({ length: 60 }, () => guess(ip)));
		expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
		expect(answers.filter(({ status }) => status === 429)).toHaveLength(50);
	});

	it("is heard a hundred times with one and the same wrong credential", async () => {
		const ip = newAddress();
		const statuses: number[] = [];
		for (let index = 0; index < 102; index += 1) {
			statuses.push((await askAs("the-same-wrong-one", "GET", settings, { ip })).status);
		}
		expect(statuses).toEqual([...Array.from({ length: 100 }, () => 401), 429, 429]);
	});

	it("is not one whose good credential is used often, or for another account", async () => {
		const [ip, other] = [newAddress(), await newPublisher()];
		const { token } = await makeToken(publisher.account, [EVERY_SCOPE]);
		const first = await Promise.all(Array.from({ length: 60 }, () => askAs(token, "GET", settings, { ip })));
		expect(new Set(first.map(({ status }) => status))).toEqual(new Set([200]));
		for (let index = 0; index < 40; index += 1) {
			const answer = await askAs(token, "GET", `/manage/v1/accounts/${other.account}/settings`, { ip });
			expect(answer.status).toBe(401);
		}
		expect((await askAs(token, "GET", settings, { ip })).status).toBe(200);
	});
});

describe("an isolate", () => {
	const right = async (): Promise<Decision<string>> => allow("somebody");
	const wrong = async (): Promise<Decision<string>> => refuse({ reason: "credentials-invalid" });
	const log = () => {};
	const ports = { now: () => Date.now(), newId: () => "id", fetch, log };
	const newIsolate = (namespace = env.CREDENTIAL_GUARD) => new CredentialThrottle(namespace, ports, "secret");
	const attempt = (address: string, credential = newGuess()) => ({ address, credential, nowMs: Date.now() });
	const outcome = (decision: Decision<string>) => (decision.allowed ? "allowed" : decision.refusal.reason);

	/** The guards, with each call to them noted. */
	function counted() {
		const calls: string[] = [];
		const getByName = (name: string) => {
			const guard = env.CREDENTIAL_GUARD.getByName(name);
			return {
				begin: (fingerprint: string) => (calls.push("begin"), guard.begin(fingerprint)),
				succeeded: (fingerprint: string) => (calls.push("succeeded"), guard.succeeded(fingerprint)),
				failed: () => (calls.push("failed"), guard.failed()),
			};
		};
		return { calls, namespace: { getByName } as unknown as typeof env.CREDENTIAL_GUARD };
	}

	it("learns from the others that an address is blocked, and which credentials are good from there", async () => {
		const [first, second, address] = [newIsolate(), newIsolate(), newAddress()];
		expect(outcome(await first.guarded(attempt(address, "good"), right))).toBe("allowed");
		for (let index = 0; index < 11; index += 1) await first.guarded(attempt(address), wrong);
		expect(outcome(await second.guarded(attempt(address), right))).toBe("credentials-throttled");
		expect(outcome(await second.guarded(attempt(address, "good"), right))).toBe("allowed");
	});

	it("asks the guard about a good credential once, and not about a blocked address", async () => {
		const { calls, namespace } = counted();
		const [isolate, address] = [newIsolate(namespace), newAddress()];
		for (let index = 0; index < 20; index += 1) await isolate.guarded(attempt(address, "good"), right);
		expect(calls.splice(0)).toEqual(["begin", "succeeded"]);
		for (let index = 0; index < 100; index += 1) await isolate.guarded(attempt(address), wrong);
		expect(calls.filter((call) => call === "begin")).toHaveLength(11);
		expect(calls.filter((call) => call === "failed")).toHaveLength(10);
	});

	it("lets nobody in whom it cannot ask about", async () => {
		const broken = { getByName: () => ({ begin: () => Promise.reject(new Error("unreachable")) }) };
		const isolate = newIsolate(broken as unknown as typeof env.CREDENTIAL_GUARD);
		const check = vi.fn<typeof right>(right);
		expect(outcome(await isolate.guarded(attempt("203.0.113.1"), check))).toBe("credentials-unavailable");
		expect(check).not.toHaveBeenCalled();
	});

	it("does not count what could not be judged", async () => {
		const [isolate, address] = [newIsolate(), newAddress()];
		const unjudged = async (): Promise<Decision<string>> => refuse({ reason: "credentials-unavailable" });
		for (let index = 0; index < 100; index += 1) await isolate.guarded(attempt(address, "good"), unjudged);
		expect(outcome(await isolate.guarded(attempt(address, "good"), right))).toBe("allowed");
	});
});

describe("a guard", () => {
	const guard = () => env.CREDENTIAL_GUARD.getByName(newAddress());

	it("remembers across a restart", async () => {
		const one = guard();
		await one.succeeded("good");
		for (let index = 0; index < 11; index += 1) await one.begin(`${index}`);
		await evictDurableObject(one);
		expect(await one.begin("another")).toMatchObject({ state: "blocked", knownFingerprints: ["good"] });
		expect(await one.begin("good")).toMatchObject({ state: "known" });
	});

	it("remembers fifty good credentials, those that were seen last", async () => {
		const one = guard();
		for (let index = 0; index < 60; index += 1) {
			vi.setSystemTime(EPOCH + index);
			await one.succeeded(`${index}`);
		}
		expect(await one.begin("9")).toMatchObject({ state: "open" });
		expect(await one.begin("10")).toMatchObject({ state: "known" });
	});

	it("holds neither credential nor address", async () => {
		const ip = newAddress();
		await guess(ip);
		await ask(settings, { ip, headers: ADMIN });
		for (const id of await listDurableObjectIds(env.CREDENTIAL_GUARD)) {
			const held = await runInDurableObject(env.CREDENTIAL_GUARD.get(id), (_object, state) =>
				JSON.stringify([
					state.id.name,
					state.storage.sql.exec("SELECT * FROM known").toArray(),
					state.storage.sql.exec("SELECT * FROM state").toArray(),
				]),
			);
			for (const secret of [ip, "guess-", "test-admin-token"]) expect(held).not.toContain(secret);
		}
	});

	it("forgets all once nothing matters any more, and begins anew", async () => {
		const one = guard();
		await one.succeeded("good");
		await one.begin("bad");
		vi.setSystemTime(EPOCH + 2 * 3_600_000);
		await runDurableObjectAlarm(one);
		expect(await one.begin("good")).toMatchObject({ state: "known" });
		vi.setSystemTime(EPOCH + 40 * 86_400_000);
		await runDurableObjectAlarm(one);
		const tables = await runInDurableObject(one, (_object, state) =>
			state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('known', 'state')").toArray(),
		);
		expect(tables).toEqual([]);
		expect(await one.begin("good")).toMatchObject({ state: "open" });
	});
});
