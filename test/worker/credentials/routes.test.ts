import { beforeAll, describe, expect, it } from "vitest";
import { EVERY_SCOPE, SCOPES, covers, scopesFor } from "../../../worker/credentials/scopes.ts";
import { askAs, bearing, makeToken, managementCalls, newAddress } from "../../support/management.ts";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
let other: Publisher;
let anothersToken: string;
beforeAll(async () => {
	[publisher, other] = [await newPublisher(), await newPublisher()];
	anothersToken = (await makeToken(other.account, [EVERY_SCOPE])).token;
});

const BODY = { body: JSON.stringify({ tier: 1, name: "x", scopes: ["playgate/settings/read"] }) };
const bodyFor = (method: string) => (method === "POST" || method === "PUT" ? BODY : {});

describe.each(managementCalls)("$method $pattern", ({ method, path, scopes }) => {
	it("admits who has its scope and no other", async () => {
		for (const scope of scopes) {
			const { token } = await makeToken(publisher.account, [scope]);
			const answer = await askAs(token, method, path(publisher.account), bodyFor(method));
			expect([200, 201, 204, 400, 404]).toContain(answer.status);
		}
	});

	it("refuses who has every other scope, and says which is missing", async () => {
		const others = SCOPES.filter((scope) => scope !== EVERY_SCOPE && !scopes.includes(scope));
		const { token } = await makeToken(publisher.account, others);
		const answer = await askAs(token, method, path(publisher.account), bodyFor(method));
		expect(answer.headers.get("WWW-Authenticate")).toBe(
			`Bearer realm="playgate", error="insufficient_scope", scope="${scopes[0]}"`,
		);
		expect(await refusalOf(answer)).toMatchObject({
			status: 403,
			error_code: "ACCESS_DENIED",
			error_subcode: "SCOPE_MISSING",
			reason: "scope-missing",
			message: `The management credential lacks the scope ${scopes[0]}.`,
		});
	});

	it("answers a token of another account as one that nobody made", async () => {
		const ip = newAddress();
		const answers = [];
		for (const token of [anothersToken, `pgt_${"0".repeat(16)}_${"A".repeat(43)}`, "nothing-like-a-token"]) {
			const answer = await askAs(token, method, path(publisher.account), { ip, ...bodyFor(method) });
			const { decision_id: _, ...refusal } = await refusalOf(answer);
			answers.push([answer.headers.get("WWW-Authenticate"), refusal]);
		}
		expect(answers[0]).toMatchObject([expect.any(String), { status: 401, reason: "credentials-invalid" }]);
		expect(answers.slice(1)).toEqual([answers[0], answers[0]]);
	});

	it("answers an account that is not there in the same way", async () => {
		const there = await askAs(anothersToken, method, path(publisher.account), { ip: newAddress() });
		for (const account of ["nobody", "a%20b", "%00", "x".repeat(200)]) {
			const answer = await askAs(anothersToken, method, path(account), { ip: newAddress(), ...bodyFor(method) });
			const [refusal, expected] = [await refusalOf(answer), await refusalOf(there.clone())];
			expect({ ...refusal, decision_id: "" }).toEqual({ ...expected, decision_id: "" });
		}
	});

	it("asks for a credential before it looks at anything else", async () => {
		const broken = method === "GET" ? {} : { body: "{".repeat(2 ** 20 + 1) };
		for (const account of [publisher.account, "a b"]) {
			const answer = await ask(path(encodeURIComponent(account)), { method, ...broken });
			expect(await refusalOf(answer)).toMatchObject({ status: 401, reason: "credentials-required" });
		}
	});
});

it("a token of another account changes nothing, whatever it calls", async () => {
	const victim = await newPublisher({ tier: 2 });
	const under = (path: string) => path.replace(":account", victim.account);
	await victim.publishVideo("none", { name: "Clip" });
	await victim.manage("POST", under("/v1/accounts/:account/playback_rights"), { name: "right" });
	await victim.manage("POST", under("/manage/v1/accounts/:account/revocations"), { kind: "uid", value: "ann" });
	await makeToken(victim.account, [EVERY_SCOPE]);
	const state = async () => {
		const reading = managementCalls.filter(({ method }) => method === "GET");
		return Promise.all(reading.map(async ({ path }) => (await victim.manage("GET", path(victim.account))).text()));
	};
	const withoutIds = (texts: readonly string[]) => texts.map((text) => text.replaceAll(/"decision_id":"[^"]*"/g, ""));
	const before = await state();
	for (const { method, path } of managementCalls) {
		const body = method === "POST" || method === "PUT" ? { body: '{"tier":1}' } : {};
		const answer = await askAs(anothersToken, method, path(victim.account), { ip: newAddress(), ...body });
		expect(answer.status).toBe(401);
	}
	expect(withoutIds(await state())).toEqual(withoutIds(before));
});

describe("HEAD", () => {
	it.each(managementCalls.filter(({ method }) => method === "GET"))(
		"of $pattern needs the scope of GET",
		async (call) => {
			const { token } = await makeToken(publisher.account, [call.scopes[0] ?? ""]);
			const asked = { headers: bearing(token) };
			const [get, head] = [
				await ask(call.path(publisher.account), asked),
				await ask(call.path(publisher.account), { ...asked, method: "HEAD" }),
			];
			expect([head.status, await head.text()]).toEqual([get.status, ""]);
			const { token: wrong } = await makeToken(publisher.account, ["video-cloud/playback-auth/audit"]);
			if (call.scopes.includes("video-cloud/playback-auth/audit")) return;
			const refused = await ask(call.path(publisher.account), { method: "HEAD", headers: bearing(wrong) });
			expect([refused.status, refused.headers.get("Playgate-Reason")]).toEqual([403, "scope-missing"]);
		},
	);
});

describe("scopes", () => {
	it("are told apart for reading and writing, where there are two", () => {
		expect(scopesFor("keys", "GET")).toEqual(["video-cloud/playback-auth/key/read"]);
		expect(scopesFor("keys", "DELETE")).toEqual(["video-cloud/playback-auth/key/write"]);
		expect(scopesFor("blacklist", "PUT")).toEqual(scopesFor("blacklist", "HEAD"));
	});

	it.each([
		[[EVERY_SCOPE], "video-cloud/playback-auth/key/write", true],
		[["video-cloud/delivery-rules/all"], "video-cloud/delivery-rules/read", true],
		[["video-cloud/delivery-rules/read"], "video-cloud/delivery-rules/all", false],
		[["playgate/videos/write"], "playgate/videos/read", false],
		[SCOPES.filter((scope) => scope !== EVERY_SCOPE), EVERY_SCOPE, false],
		[[], "playgate/videos/read", false],
	])("%j let one do what %s does: %s", (granted, wanted, expected) => {
		expect(covers(granted, wanted)).toBe(expected);
	});
});
