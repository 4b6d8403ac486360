import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { kvKeys } from "../../../worker/catalog/kv-keys.ts";
import { newFaultyGate, platformFault } from "../../support/faulty-gate.ts";
import { type Publisher, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
let sessions: string;
beforeEach(async () => {
	publisher = await newPublisher();
	sessions = `/manage/v1/accounts/${publisher.account}/e2ee-sessions`;
});

const put = (id: string, record: unknown) => publisher.manage("PUT", `${sessions}/${id}`, record);

describe("the end-to-end encrypted sessions of an account", () => {
	it("are written, read, replaced and deleted", async () => {
		const created = await put("room-1", { provider: "webrtc", name: "Room", lobby: true });
		expect(created.status).toBe(201);
		const record = await created.json<{ created_at: string; status_changed_at: number }>();
		expect(record).toMatchObject({ id: "room-1", account_id: publisher.account, provider: "webrtc", lobby: true });
		expect(await (await publisher.manage("GET", `${sessions}/room-1`)).json()).toEqual(record);
		const replaced = await put("room-1", { provider: "webrtc", status: "locked" });
		expect(replaced.status).toBe(200);
		expect(await replaced.json()).toMatchObject({ name: "", status: "locked", created_at: record.created_at });
		expect((await publisher.manage("DELETE", `${sessions}/room-1`)).status).toBe(204);
		for (const method of ["GET", "DELETE"]) {
			expect(await refusalOf(await publisher.manage(method, `${sessions}/room-1`))).toMatchObject({
				status: 404,
				reason: "e2ee-session-not-found",
			});
		}
	});

	it("are listed with how they stand, whatever their providers", async () => {
		const vonage = { api_key: "1", session_id: "1_A" };
		const sora = { channel_id: "c", signaling_urls: ["wss://sora.example/signaling"] };
		const records = {
			a: { provider: "webrtc", name: "A", max_participants: 3 },
			b: { provider: "vonage", status: "locked", vonage },
			c: { provider: "sora", status: "ended", sora },
			d: { provider: "chime", ends_at: 1_600_000_000, chime: {} },
		};
		for (const [id, record] of Object.entries(records)) await put(id, record);
		const own = { name: "", starts_at: null, ends_at: null, max_participants: null, participants: 0, waiting: 0 };
		expect(await (await publisher.manage("GET", sessions)).json()).toEqual({
			e2ee_sessions: [
				{ ...own, id: "a", name: "A", provider: "webrtc", status: "open", max_participants: 3 },
				{ ...own, id: "b", provider: "vonage", status: "locked" },
				{ ...own, id: "c", provider: "sora", status: "ended" },
				{ ...own, id: "d", provider: "chime", status: "open", ends_at: 1_600_000_000 },
			],
			cursor: null,
		});
	});

	it("are listed although one cannot be read", async () => {
		await env.CATALOG.put(kvKeys.e2eeSession(publisher.account, "damaged"), "{");
		await publisher.manage("PUT", `${sessions}/whole`, { provider: "webrtc" });
		const answer = await publisher.manage("GET", sessions);
		const { e2ee_sessions: listed } = await answer.json<{ readonly e2ee_sessions: readonly object[] }>();
		const [damaged = {}, whole = {}] = listed;
		expect(listed).toHaveLength(2);
		expect(Object.keys(damaged)).toEqual(Object.keys(whole));
		expect(Object.values(damaged)).toEqual(["damaged", ...Array.from({ length: 8 }, () => null)]);
	});

	it("may be sent back as they are shown, secrets masked", async () => {
		const webrtc = { mode: "whip", endpoint: "https://sfu.example/whip", endpoint_token: "t0ken" };
		const shown = await (await put("sfu", { provider: "webrtc", webrtc })).json<Readonly<Record<string, unknown>>>();
		expect(shown["webrtc"]).toMatchObject({ endpoint_token: "********" });
		const again = await put("sfu", shown);
		expect(again.status).toBe(200);
		expect(await again.json()).toMatchObject({ webrtc: { endpoint_token: "********" } });
	});

	it.each([
		["deleted", "DELETE", undefined],
		["moved to another provider", "PUT", { provider: "chime", chime: {} }],
	])("are not %s while nobody can be put out of them, and then they are", async (_, method, record) => {
		await put("room-1", { provider: "webrtc" });
		const isolate = newFaultyGate((call, go) => (call.method === "tell" ? Promise.reject(platformFault()) : go()));
		const body = record === undefined ? {} : { body: JSON.stringify(record) };
		const headers = { Authorization: `Bearer ${env.ADMIN_TOKEN}`, "Content-Type": "application/json" };
		const failed = await isolate.ask(`${sessions}/room-1`, { method, headers, ...body });
		expect(await refusalOf(failed)).toMatchObject({ status: 503, reason: "room-unavailable" });
		expect(await (await publisher.manage("GET", `${sessions}/room-1`)).json()).toMatchObject({ provider: "webrtc" });
		expect((await publisher.manage(method, `${sessions}/room-1`, record)).ok).toBe(true);
	});

	it("are refused with the place of each mistake", async () => {
		const refusal = await refusalOf(await put("room-1", { provider: "sora", lobby: 1, sora: { signaling_urls: [7] } }));
		expect(refusal).toMatchObject({ status: 400, reason: "record-invalid" });
		expect(refusal.message).toBe(
			"lobby: must be true or false; sora.channel_id: is missing; sora.signaling_urls[0]: must be a string",
		);
	});
});
