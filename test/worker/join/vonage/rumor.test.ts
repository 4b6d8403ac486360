import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RUMOR, type RumorFrame, readRumor, writeRumor } from "../../../../worker/join/providers/vonage/web/rumor.ts";

const frame = (more: Partial<RumorFrame> = {}): RumorFrame => ({
	type: RUMOR.message,
	addresses: ["symphony"],
	headers: new Map([["TRANSACTION-ID", "t-1"]]),
	data: '{"method":"create"}',
	...more,
});

/** What @opentok/client 2.35.2 sends to connect, byte by byte. */
const CONNECT = new TextEncoder().encode("\0\0\0\x17\0\0\x03\0\x01\0\x08uniqueId\0\x06c-1-42");

describe("frames of Rumor", () => {
	it("are read as the client writes them", () => {
		expect(readRumor(CONNECT)).toEqual(
			frame({ type: RUMOR.connect, addresses: [], headers: new Map([["uniqueId", "c-1-42"]]), data: "" }),
		);
		expect(writeRumor(readRumor(CONNECT) ?? frame())).toEqual(CONNECT);
	});

	it("come back as they were written", () => {
		const text = fc.string({ unit: "grapheme", maxLength: 40 });
		fc.assert(
			fc.property(
				fc.record({
					type: fc.integer({ min: 0, max: 255 }),
					addresses: fc.array(text, { maxLength: 8 }),
					headers: fc.array(fc.tuple(text, text), { maxLength: 8 }).map((pairs) => new Map(pairs)),
					data: fc.string({ unit: "grapheme", maxLength: 400 }),
				}),
				(written) => {
					expect(readRumor(writeRumor(written))).toEqual(written);
				},
			),
		);
	});

	it("that are cut, or have more than they say, are none", () => {
		const whole = writeRumor(frame());
		for (let length = 0; length < whole.length; length += 1) expect(readRumor(whole.subarray(0, length))).toBeNull();
		expect(readRumor(Uint8Array.of(...whole, 0))).toBeNull();
	});

	it("never throw, whatever the bytes are, and what can be read is written the same", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				const sized = Uint8Array.of(0, 0, 0, 0, 0, 0, ...bytes);
				new DataView(sized.buffer).setUint32(0, bytes.length + 2);
				const read = readRumor(sized);
				expect(readRumor(bytes)?.type ?? 0).toBeGreaterThanOrEqual(0);
				expect(read ? readRumor(writeRumor(read)) : null).toEqual(read);
			}),
		);
	});

	const spoiled = (spoil: (bytes: Uint8Array) => void): Uint8Array => {
		const bytes = writeRumor(frame({ data: "é" }));
		spoil(bytes);
		return bytes;
	};

	it.each<[string, Uint8Array]>([
		["a length that is too small", spoiled((bytes) => new DataView(bytes.buffer).setUint32(0, 4))],
		["a length of 4 GiB", spoiled((bytes) => new DataView(bytes.buffer).setUint32(0, 0xff_ff_ff_ff))],
		["reserved bytes that are set", spoiled((bytes) => bytes.set([1], 5))],
		["more addresses than there are", spoiled((bytes) => bytes.set([255], 7))],
		["an address that is longer than the frame", spoiled((bytes) => bytes.set([255, 255], 8))],
		["text that is not UTF-8", spoiled((bytes) => bytes.set([0xff], bytes.length - 1))],
		["no bytes at all", new Uint8Array()],
	])("with %s are none", (_what, bytes) => {
		expect(readRumor(bytes)).toBeNull();
	});

	it("with a header that is named twice are none: nobody can say which one counts", () => {
		const twice = writeRumor(
			frame({
				headers: new Map([
					["a", "1"],
					["b", "2"],
				]),
			}),
		);
		const at = twice.indexOf("b".charCodeAt(0), twice.indexOf("a".charCodeAt(0)) + 1);
		expect(readRumor(twice)).not.toBeNull();
		twice.set(["a".charCodeAt(0)], at);
		expect(readRumor(twice)).toBeNull();
	});
});
