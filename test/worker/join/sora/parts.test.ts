import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disconnect } from "../../../../worker/join/providers/sora/api.ts";
import { readAsk, readWebhookAsk } from "../../../../worker/join/providers/sora/asked.ts";
import { readE2eeMessage } from "../../../../worker/join/providers/sora/e2ee-message.ts";
import { readEvent } from "../../../../worker/join/providers/sora/events.ts";
import { Meter } from "../../../../worker/join/providers/sora/meter.ts";
import { readSoraClient } from "../../../../worker/join/providers/sora/sora-client.ts";

const NOW = 1_795_000_000_000;
const ID = "0123456789ABCDEFGHJKMNPQRS";

describe("a client's name", () => {
	it.each<[unknown, string | null, string | null]>([
		["Sora JavaScript SDK 2023.1.0", "Sora JavaScript SDK", "2023.1.0"],
		["Sora JavaScript SDK 2024.1.0-canary.0", "Sora JavaScript SDK", "2024.1.0-canary.0"],
		["Sora Unity SDK 2024.1 (1a2b3c)", "Sora Unity SDK", "2024.1"],
		["something", "something", null],
		["", null, null],
		[undefined, null, null],
		[12, null, null],
		[{ type: "Sora JavaScript SDK", version: "2023.1.0" }, "Sora JavaScript SDK", "2023.1.0"],
		[{ raw: "Sora JavaScript SDK 2026.1.0" }, "Sora JavaScript SDK", "2026.1.0"],
		[{ type: 1, version: {} }, null, null],
		[["Sora JavaScript SDK 2023.1.0"], null, null],
	])("%j", (given, sdk, version) => {
		expect(readSoraClient(given)).toMatchObject({ sdk, version });
	});

	it("never throws, and is never long", () => {
		fc.assert(
			fc.property(fc.anything(), (given) => {
				const { sdk, version } = readSoraClient(given);
				expect(Math.max(sdk?.length ?? 0, version?.length ?? 0)).toBeLessThanOrEqual(512);
			}),
		);
	});
});

describe("what a connection is asked with", () => {
	const body = { channel_id: "room", role: "sendrecv", e2ee: true };
	const valueOf = (decision: ReturnType<typeof readAsk>) => (decision.allowed ? decision.value : null);

	it("takes the ticket of the address before that of the metadata, and both beside a token", () => {
		const metadata = { ticket: "b", access_token: "t" };
		expect(valueOf(readAsk({ ...body, metadata }, "a"))).toMatchObject({ ticket: "a", token: "t" });
		expect(valueOf(readAsk({ ...body, metadata }, null))).toMatchObject({ ticket: "b", token: "t" });
		expect(valueOf(readAsk({ ...body, auth_metadata: metadata }, null))).toMatchObject({ ticket: "b" });
		expect(valueOf(readAsk({ ...body, metadata: { a: 1 }, auth_metadata: metadata }, null))).toMatchObject({
			token: "t",
		});
	});

	it.each([
		[{ ...body, e2ee: "true" }],
		[{ ...body, channel_id: "" }],
		[{ ...body, channel_id: "x".repeat(256) }],
		[{ ...body, role: "publisher" }],
	])("refuses %j", (given) => {
		expect(readAsk(given, null)).toMatchObject({ allowed: false, refusal: { reason: "bad-request" } });
	});

	it.each([[undefined], [""], [1], ["x".repeat(65)]])("refuses the webhook's connection %j", (connection_id) => {
		expect(readWebhookAsk({ ...body, connection_id }).allowed).toBe(false);
	});
});

describe("a message of end-to-end encryption", () => {
	const frame = (from: string, to: string, rest: Uint8Array = new Uint8Array(64)): ArrayBuffer =>
		new Uint8Array(Buffer.concat([Buffer.from([0, 0, 0, 64]), Buffer.from(from + to, "latin1"), rest])).buffer;

	it("names who has sent it to whom", () => {
		const to = ID.toLowerCase().toUpperCase().replace("0", "Z");
		expect(readE2eeMessage(frame(ID, to))).toEqual({ from: ID, to });
	});

	it.each<[string, ArrayBuffer]>([
		["nothing", new ArrayBuffer(0)],
		["less than a header", frame(ID, ID, new Uint8Array()).slice(0, 55)],
		["more than 16 bits can tell", frame(ID, ID, new Uint8Array(70_000))],
		["ids that no text has", frame(ID.replace(/^./, "\u00e9"), ID)],
		["ids of nothing", new ArrayBuffer(120)],
	])("is not %s", (_, data) => {
		expect(readE2eeMessage(data)).toBeNull();
	});
});

describe("an event", () => {
	const event = {
		type: "connection.destroyed",
		channel_id: "room",
		connection_id: ID,
		timestamp: "2026-11-22T00:00:00Z",
	};
	const valueOf = (body: Record<string, unknown>) => {
		const read = readEvent(body, NOW);
		return read.allowed ? read.value : "refused";
	};

	it.each<[unknown, boolean]>([
		[{ type_disconnect_reason: "NO-ERROR" }, true],
		[{ disconnect_api_reason: "kicked" }, true],
		[{ reason: "WEBSOCKET-ONCLOSE" }, false],
		[{}, false],
		[null, false],
		["text", false],
	])("with %j was meant: %s", (data, isMeant) => {
		expect(valueOf({ ...event, data })).toMatchObject({ isMeant });
	});

	it("without a time is of now", () => {
		expect(valueOf({ ...event, timestamp: "yesterday" })).toMatchObject({ at: NOW });
	});

	it.each(["toString", "recording.started", "", "session.created"])("%j is nothing to do", (type) => {
		expect(valueOf({ ...event, type })).toBeNull();
	});

	it("takes participants from the gate's own metadata only", () => {
		expect(valueOf({ ...event, event_metadata: { participant_id: "p" } })).toMatchObject({ participant: "p" });
		for (const event_metadata of ["p", null, { participant_id: 1 }, ["p"]])
			expect(valueOf({ ...event, event_metadata })).toMatchObject({ participant: null });
	});
});

describe("a meter", () => {
	it("lets a burst pass, and not what comes on and on", () => {
		const meter = new Meter(NOW);
		const taken = Array.from({ length: 1000 }, () => meter.takes(10, NOW)).filter(Boolean).length;
		expect(taken).toBe(600);
		expect(meter.takes(10, NOW + 60_000)).toBe(true);
	});

	it("counts one message to each of the others as one", () => {
		const meter = new Meter(NOW);
		expect(Array.from({ length: 6000 }, () => meter.takes(100, NOW, 100)).every(Boolean)).toBe(true);
	});

	it("counts bytes", () => {
		const meter = new Meter(NOW);
		const taken = Array.from({ length: 20 }, () => meter.takes(1 << 20, NOW)).filter(Boolean).length;
		expect(taken).toBe(8);
	});
});

describe("Sora's API", () => {
	const call = (status: number, body: BodyInit) => {
		const ports = { fetch: async () => new Response(body, { status }) };
		const outside = { sources: { reaches: () => true }, ports } as unknown as Parameters<typeof disconnect>[0];
		const connection = { channel_id: "room", connection_id: ID, reason: "kicked" };
		return disconnect(outside, "https://sora.example/api", connection).then(
			() => "done",
			(fault: unknown) => String(fault),
		);
	};

	it.each<[number, string, string]>([
		[200, "{}", "done"],
		[400, '{"error_type":"CONNECTION-NOT-FOUND"}', "done"],
		[400, '{"error_type":"CHANNEL_NOT_FOUND"}', "done"],
		[400, '{"error_type":"TARGET-NOT-FOUND"}', "Error: Sora's API answered 400"],
		[404, "", "Error: Sora's API answered 404"],
		[404, '{"error_type":"CONNECTION-NOT-FOUND"}', "Error: Sora's API answered 404"],
		[400, '{"error_type":"MISSING-PARAMETER"}', "Error: Sora's API answered 400"],
		[400, "no json", "Error: Sora's API answered 400"],
		[400, "null", "Error: Sora's API answered 400"],
		[401, "", "Error: Sora's API answered 401"],
		[302, "", "Error: Sora's API answered 302"],
		[500, "", "Error: Sora's API answered 500"],
	])("%i %s: %s", async (status, body, outcome) => {
		expect(await call(status, body)).toBe(outcome);
	});

	it.each([200, 400])("is not listened to for ever (%i)", async (status) => {
		let isCut = false;
		const endless = new ReadableStream({
			pull: (controller) => controller.enqueue(new Uint8Array(1024)),
			cancel: () => void (isCut = true),
		});
		expect(await call(status, endless)).toBe("Error: Sora's API did not answer: provider-unavailable");
		expect(isCut).toBe(true);
	});
});
