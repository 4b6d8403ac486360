import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
	CONTENT_KEY,
	GATE,
	type Publisher,
	ask,
	newPublisher,
	refusalOf,
	textOf,
	urisOf,
} from "../../support/publisher.ts";

describe("a viewer with a token", () => {
	let publisher: Publisher;
	beforeEach(async () => {
		publisher = await newPublisher();
		await publisher.publishClip(env.MEDIA);
	});

	it("plays: multivariant playlist, media playlist, key and segment, all through the gate", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const master = await ask(`${publisher.masterPath}?bcov_auth=${token}`);
		expect(master.status).toBe(200);
		expect(master.headers.get("Content-Type")).toBe("application/vnd.apple.mpegurl");
		expect(master.headers.get("Cache-Control")).toBe("no-store");
		expect(master.headers.get("Playgate-Decision")).toMatch(/^[0-9a-f-]{36}$/);
		const text = await textOf(master);
		expect(text).not.toContain(token.split(".")[2]);
		const [low = "", high = ""] = urisOf(text, GATE).lines;
		expect(low).toMatch(/^https:\/\/gate\.example\/g\/[\w-]+\.[\w-]+\/s\/low\/index\.m3u8$/);
		expect(high).toMatch(/\/s\/high\/index\.m3u8$/);

		const media = await ask(low);
		expect(media.status).toBe(200);
		const { lines, attributes } = urisOf(await textOf(media), low);
		expect(attributes).toHaveLength(1);
		const key = await ask(attributes[0] ?? "");
		expect(key.status).toBe(200);
		expect(new Uint8Array(await key.arrayBuffer())).toEqual(CONTENT_KEY);
		const segment = await ask(lines[1] ?? "");
		expect(await textOf(segment)).toBe("segment low/seg1.ts");
	});

	it("is refused without a token", async () => {
		const refusal = await refusalOf(await ask(publisher.masterPath));
		expect(refusal).toMatchObject({
			status: 401,
			error_code: "INVALID_JWT",
			error_subcode: "TOKEN_REQUIRED",
			reason: "token-required",
		});
	});

	it("stops when a second viewer of the same uid starts", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const first = await publisher.open(token, { ip: "203.0.113.1" });
		expect((await ask(first.segment, { ip: "203.0.113.1" })).status).toBe(200);
		const second = await publisher.open(token, { ip: "203.0.113.2" });
		expect(second.status).toBe(200);
		const refusal = await refusalOf(await ask(first.segment, { ip: "203.0.113.1" }));
		expect(refusal).toMatchObject({
			status: 403,
			error_subcode: "DENIED_BY_STREAM_LIMIT_RENEW",
			reason: "stream-limit-renew",
		});
		expect((await ask(second.segment, { ip: "203.0.113.2" })).status).toBe(200);
	});

	it("gets links in the video JSON that start playback, and nothing past it", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const path = publisher.masterPath.replace("/master.m3u8", "");
		const json = await ask(path, { headers: { Authorization: `Bearer ${token}` } });
		const { sources } = await json.json<{ sources: { src: string }[] }>();
		const link = sources[0]?.src ?? "";
		expect(link).not.toContain(token.split(".")[1]);
		const past = await refusalOf(await ask(link.replace("master.m3u8", "s/low/index.m3u8")));
		expect(past).toMatchObject({ status: 401, reason: "grant-invalid" });
		const [low = ""] = urisOf(await textOf(await ask(link)), link).lines;
		expect((await ask(low)).status).toBe(200);
	});

	it("spends maxu on keys only", async () => {
		const { key, segment, rendition } = await publisher.open(await publisher.sign({ maxu: 2 }));
		expect((await ask(key)).status).toBe(200);
		expect((await ask(rendition)).status).toBe(200);
		expect((await ask(key)).status).toBe(200);
		expect(await refusalOf(await ask(key))).toMatchObject({ status: 403, error_subcode: "DENIED_BY_USE_LIMIT" });
		expect((await ask(segment)).status).toBe(200);
	});
});
