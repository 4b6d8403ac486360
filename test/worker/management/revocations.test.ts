import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
let path: string;
beforeEach(async () => {
	publisher = await newPublisher();
	await publisher.publishClip(env.MEDIA);
	path = `/manage/v1/accounts/${publisher.account}/revocations`;
});

const claims = { uid: "ann", sid: "tv", jti: "j-1", climit: 1, iat: 4_000_000_000, exp: 4_000_003_600 };
const now = () => Math.floor(Date.now() / 1000);

describe("a revocation", () => {
	it.each<[string, (token: string) => Readonly<Record<string, unknown>>]>([
		["token", (token) => ({ kind: "token", value: token })],
		["jti", () => ({ kind: "jti", value: "j-1" })],
		["uid", () => ({ kind: "uid", value: "ann" })],
		["sid", () => ({ kind: "sid", value: "tv" })],
		["key", () => ({ kind: "key", value: "rsa" })],
		["video", () => ({ kind: "video", value: "clip" })],
		["issued-before", () => ({ kind: "issued-before", before: now() + 1 })],
	])("by %s stops a player in the middle, and lets it go on when it is taken back", async (kind, body) => {
		const token = await publisher.sign({ ...claims, iat: now(), exp: now() + 3600 }, { header: { kid: "rsa" } });
		const { segment } = await publisher.open(token);
		expect((await ask(segment)).status).toBe(200);
		const added = await publisher.manage("POST", path, body(token));
		expect(added.status).toBe(201);
		const entry = await added.json<{ value?: string }>();
		expect(JSON.stringify(entry)).not.toContain(token);
		expect(await refusalOf(await ask(segment))).toMatchObject({
			status: 403,
			error_subcode: "TOKEN_REVOKED",
			reason: "token-revoked",
		});
		expect(await (await publisher.manage("GET", path)).json()).toEqual([entry]);
		const removed = await publisher.manage("DELETE", `${path}?kind=${kind}&value=${entry.value ?? ""}`);
		expect(removed.status).toBe(204);
		expect((await ask(segment)).status).toBe(200);
	});

	it.each([
		[{}, "kind: is missing"],
		[{ kind: "ip", value: "x" }, "kind: must be one of token, jti, uid, sid, key, video, issued-before"],
		[{ kind: "uid" }, "value: is missing"],
		[{ kind: "uid", value: "ann", before: 1 }, 'before: goes with the kind "issued-before" only'],
		[{ kind: "issued-before" }, "before: is missing"],
		[{ kind: "token", value: "abc" }, "value: must be a whole JWT"],
		[{ kind: "uid", value: "ann", expires_at: 1e15 }, "expires_at: must be seconds since 1970, not milliseconds"],
		[{ kind: "uid", value: "ann", expires_at: 1 }, "expires_at: must lie in the future"],
		[{ kind: "video", value: "ref:clip-1" }, "value: must be the id of a video"],
		[{ kind: "uid", value: "ann", until: 1 }, "until: is not a known field"],
	])("%j is refused and the mistake named", async (body, message) => {
		expect(await refusalOf(await publisher.manage("POST", path, body))).toMatchObject({ status: 400, message });
	});

	it("that is not there cannot be taken back", async () => {
		expect((await publisher.manage("DELETE", `${path}?kind=uid&value=nobody`)).status).toBe(404);
		expect((await publisher.manage("DELETE", path)).status).toBe(400);
	});
});
