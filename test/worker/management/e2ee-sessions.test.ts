import { beforeEach, describe, expect, it } from "vitest";
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

	it("are listed", async () => {
		for (const id of ["a", "b"]) await put(id, { provider: "webrtc" });
		expect(await (await publisher.manage("GET", sessions)).json()).toEqual({
			e2ee_sessions: [{ id: "a" }, { id: "b" }],
			cursor: null,
		});
	});

	it("may be sent back as they are shown, secrets masked", async () => {
		const webrtc = { mode: "whip", endpoint: "https://sfu.example/whip", endpoint_token: "t0ken" };
		const shown = await (await put("sfu", { provider: "webrtc", webrtc })).json<Readonly<Record<string, unknown>>>();
		expect(shown["webrtc"]).toMatchObject({ endpoint_token: "********" });
		const again = await put("sfu", shown);
		expect(again.status).toBe(200);
		expect(await again.json()).toMatchObject({ webrtc: { endpoint_token: "********" } });
	});

	it("are refused with the place of each mistake", async () => {
		const refusal = await refusalOf(await put("room-1", { provider: "sora", lobby: 1, sora: { signaling_urls: [7] } }));
		expect(refusal).toMatchObject({ status: 400, reason: "record-invalid" });
		expect(refusal.message).toBe(
			"lobby: must be true or false; sora.channel_id: is missing; sora.signaling_urls[0]: must be a string",
		);
	});
});
