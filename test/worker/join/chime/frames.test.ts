import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audioStatusFrame, joinRefusedFrame, readClientFrame } from "../../../../worker/join/providers/chime/frames.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (frame: Uint8Array): string => Buffer.from(frame).toString("hex");

/** A JOIN as amazon-chime-sdk-js 3.32.0 encodes it. */
const JOIN_OF_SDK =
	"05 08 80 bc d9 f2 9e 34 10 01 22 3e 08 02 18 02 22 34 2a 06 63 68 72 6f 6d 65 32 05 31 35 36 2e 30 3a 13 61 6d 61 7a 6f 6e " +
	"2d 63 68 69 6d 65 2d 73 64 6b 2d 6a 73 42 06 33 2e 33 32 2e 30 4a 06 2b 30 30 3a 30 30 30 05 38 01";

describe("frames that refuse", () => {
	it("are, byte for byte, those that the SDK understands", () => {
		expect(hex(joinRefusedFrame(403, "denied", 1))).toBe(
			"0508011002" + "1a0b0893031206" + hex(Buffer.from("denied")) + "2a00",
		);
		expect(hex(audioStatusFrame(411, 1))).toBe("0508011014aa0106089b03189b03");
	});

	it("carry times of today", () => {
		expect(hex(audioStatusFrame(410, 1_795_000_000_000)).startsWith("0508" + "80bcd9f29e34")).toBe(true);
	});
});

describe("frames of clients", () => {
	it.each([
		["a ping", "05 08 01 10 13 a2 01 04 08 01 10 01", { type: 19 }],
		["a leave", "05 08 01 10 09 5a 00", { type: 9 }],
		["a JOIN of the SDK", JOIN_OF_SDK, { type: 1, sdk: { name: "amazon-chime-sdk-js", version: "3.32.0" } }],
		["a JOIN that says nothing of itself", "05 08 01 10 01 22 00", { type: 1 }],
		["a JOIN without its part", "05 08 01 10 01", { type: 1 }],
		["the last of two types", "05 10 13 10 09", { type: 9 }],
		["fields nobody knows", "05 10 09 f9 07 01 02 03 04 05 06 07 08 fd 07 01 02 03 04", { type: 9 }],
	])("%s", (_frame, text, expected) => {
		expect(readClientFrame(bytes(text))).toEqual(expected);
	});

	it.each([
		["nothing", ""],
		["only the first byte", "05"],
		["another first byte", "04 10 09"],
		["a frame that ends in a tag", "05 80"],
		["a field longer than the frame", "05 10 01 22 7f 00"],
		["a type that is no number", "05 12 01 01"],
		["a group without end", "05 10 09 0b"],
		["text", hex(Buffer.from("hello"))],
	])("%s is none", (_frame, text) => {
		expect(readClientFrame(bytes(text))).toBeNull();
	});

	it("may be any bytes: reading never fails", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 80 }), (tail) => {
				expect(() => readClientFrame(new Uint8Array([5, ...tail]))).not.toThrow();
				expect(readClientFrame(new Uint8Array([5, 8, 1, 16, 19, 34, tail.length, ...tail]))?.type).toBe(19);
			}),
			{ numRuns: 3000 },
		);
	});
});
