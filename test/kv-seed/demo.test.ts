import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoCases } from "../../kv-seed/demo/links.ts";
import type { DemoCase } from "../../kv-seed/demo/links.ts";
import { roomLinks } from "../../kv-seed/demo/room-links.ts";
import { readRoomLink } from "../../kv-seed/demo/site/room/link.ts";
import { seedDemo } from "../../kv-seed/demo/seed.ts";
import { startGate } from "../../kv-seed/local/gate.ts";
import type { RunningGate } from "../../kv-seed/local/gate.ts";
import { makeSigningKey } from "../../kv-seed/tokens/key-pair.ts";

const secrets = { ADMIN_TOKEN: "demo-admin", GRANT_SECRET: "demo-grant", CONTENT_SECRET: "demo-content" };

describe("the demo, on the real Worker", () => {
	let stateDir: string;
	let gate: RunningGate;
	let cases: readonly DemoCase[];
	let rooms: Awaited<ReturnType<typeof roomLinks>>;
	let seed: () => Promise<void>;
	const ask = (id: DemoCase["id"]): Promise<Response> =>
		fetch(gate.url + (cases.find((one) => one.id === id)?.manifest ?? "/no-such-case"));

	beforeAll(async () => {
		stateDir = await mkdtemp(join(tmpdir(), "playgate-demo-"));
		const key = await makeSigningKey(join(stateDir, "demo-key.pem"), "RS256");
		cases = await demoCases(key, Math.floor(Date.now() / 1000));
		rooms = await roomLinks(key, Math.floor(Date.now() / 1000));
		gate = await startGate({ stateDir, secrets });
		const { miniflare } = gate;
		seed = () => seedDemo({ miniflare, stateDir, publicValue: key.publicValue, contentSecret: secrets.CONTENT_SECRET });
		await seed();
	});
	afterAll(async () => {
		await gate.stop();
		await rm(stateDir, { recursive: true, force: true });
	});

	it("plays with the token that is said to play, down to every rendition", async () => {
		const response = await ask("allowed");
		const text = await response.text();
		expect([response.status, text.split("\n")[0]]).toEqual([200, "#EXTM3U"]);
		const uris = [...text.matchAll(/^[^#\s].*$|(?<=URI=")[^"]+/gm)].map(([uri]) => new URL(uri, response.url));
		expect(uris).toHaveLength(4);
		for (const uri of uris) expect((await fetch(uri)).status).toBe(200);
	});

	it.each([
		["expired", 401, "token-expired"],
		["other-video", 403, "video-not-in-token"],
	] as const)("refuses the %s token with %i %s", async (id, status, reason) => {
		const response = await ask(id);
		expect([response.status, response.headers.get("Playgate-Reason")]).toEqual([status, reason]);
	});

	it("lets the second device in, whose start ends the first", async () => {
		expect((await ask("first-device")).status).toBe(200);
		expect((await ask("second-device")).status).toBe(200);
	});

	it.each([
		["ann", 201, "publisher", "admitted"],
		["ben", 201, "publisher", "admitted"],
		["moderator", 201, "moderator", "admitted"],
		["lobby", 202, "publisher", "waiting"],
	] as const)("the room link of %s joins: %i as %s, %s", async (id, status, role, standing) => {
		const { href = "" } = rooms.find((one) => one.id === id) ?? {};
		const link = readRoomLink(new URL(href, gate.url).hash);
		const response = await fetch(`${gate.url}/join/v1/accounts/${link.account}/sessions/${link.session}`, {
			method: "POST",
			headers: { Authorization: `Bearer ${link.token}` },
		});
		expect([response.status, await response.json()]).toMatchObject([status, { role, status: standing }]);
		expect(link.name).not.toBe("");
	});

	it("leaves what is there and unchanged as it is when it is seeded again", async () => {
		const bucket = await gate.miniflare.getR2Bucket("MEDIA");
		const catalog = await gate.miniflare.getKVNamespace("CATALOG");
		const stateOf = async (): Promise<unknown> => {
			const { objects } = await bucket.list();
			const { keys } = await catalog.list();
			const values = await Promise.all(keys.map(async ({ name }) => [name, await catalog.get(name)] as const));
			return { uploads: objects.map(({ key, version }) => [key, version]), values };
		};
		const before = await stateOf();
		await seed();
		expect(await stateOf()).toEqual(before);
	});

	it("puts back what is missing, and keeps what it does not know", async () => {
		const bucket = await gate.miniflare.getR2Bucket("MEDIA");
		const catalog = await gate.miniflare.getKVNamespace("CATALOG");
		await bucket.delete("clip/master.m3u8");
		await catalog.delete("video/demo/clip");
		await catalog.put("account/another", "kept");
		await seed();
		expect(await bucket.head("clip/master.m3u8")).not.toBeNull();
		expect(await catalog.get("video/demo/clip")).not.toBeNull();
		expect(await catalog.get("account/another")).toBe("kept");
	});
});
