import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHeader, encodeHeader } from "../../../worker/join/client/frames/header.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const most = 2n ** 64n - 1n;

/** RFC 9605, appendix C.1: a key id, a counter, the header. */
const vectors: readonly (readonly [bigint, bigint, string])[] = [
	[0n, 0n, "00"],
	[0n, 1n, "01"],
	[0n, 255n, "08ff"],
	[0n, 256n, "090100"],
	[0n, 65535n, "09ffff"],
	[0n, 65536n, "0a010000"],
	[0n, 16777215n, "0affffff"],
	[0n, 16777216n, "0b01000000"],
	[0n, 4294967295n, "0bffffffff"],
	[0n, 4294967296n, "0c0100000000"],
	[0n, 1099511627775n, "0cffffffffff"],
	[0n, 1099511627776n, "0d010000000000"],
	[0n, 281474976710655n, "0dffffffffffff"],
	[0n, 281474976710656n, "0e01000000000000"],
	[0n, 72057594037927935n, "0effffffffffffff"],
	[0n, 72057594037927936n, "0f0100000000000000"],
	[0n, most, "0fffffffffffffffff"],
	[1n, 0n, "10"],
	[1n, 1n, "11"],
	[1n, 255n, "18ff"],
	[1n, most, "1fffffffffffffffff"],
	[255n, 0n, "80ff"],
	[255n, 1n, "81ff"],
	[255n, 255n, "88ffff"],
	[255n, 65536n, "8aff010000"],
	[256n, 0n, "900100"],
	[256n, 256n, "9901000100"],
	[65535n, 4294967296n, "9cffff0100000000"],
	[65536n, 1n, "a1010000"],
	[16777215n, 281474976710656n, "aeffffff01000000000000"],
	[16777216n, 16777216n, "bb0100000001000000"],
	[4294967295n, 65535n, "b9ffffffffffff"],
	[4294967296n, 0n, "c00100000000"],
	[1099511627775n, 0n, "c0ffffffffff"],
	[most, most, `ff${"f".repeat(32)}`],
];

describe("the header of SFrame", () => {
	it.each(vectors)("of key id %d and counter %d is %s", (kid, ctr, encoded) => {
		expect(hex(encodeHeader({ kid, ctr }))).toBe(encoded);
		expect(decodeHeader(bytesOf(`${encoded}aa`))).toEqual({ header: { kid, ctr }, length: encoded.length / 2 });
	});

	it("is read as it was written, whatever follows, and never when it is cut off", () => {
		const value = fc.oneof(fc.bigInt(0n, most), fc.bigInt(0n, 300n));
		fc.assert(
			fc.property(value, value, fc.uint8Array({ maxLength: 8 }), (kid, ctr, rest) => {
				const encoded = encodeHeader({ kid, ctr });
				expect(decodeHeader(Uint8Array.of(...encoded, ...rest))).toEqual({
					header: { kid, ctr },
					length: encoded.length,
				});
				for (let end = 0; end < encoded.length; end++) expect(decodeHeader(encoded.subarray(0, end))).toBeNull();
			}),
		);
	});

	it("has one spelling: what is read is written the same again", () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
				const decoded = decodeHeader(bytes);
				const again = decoded ? encodeHeader(decoded.header) : new Uint8Array();
				expect(hex(again)).toBe(hex(bytes.subarray(0, decoded?.length ?? 0)));
			}),
			{ numRuns: 2000 },
		);
	});

	it.each([
		["a counter that the config byte has room for", "0807"],
		["a key id that it has room for", "8003"],
		["a counter with a zero before it", "0900ff"],
		["a key id with a zero before it", "9000ff"],
	])("is not read with %s", (_what, encoded) => {
		expect(decodeHeader(bytesOf(encoded))).toBeNull();
	});

	it.each([
		[-1n, 0n],
		[0n, -1n],
		[most + 1n, 0n],
		[0n, most + 1n],
	])("has no room for key id %d and counter %d", (kid, ctr) => {
		expect(() => encodeHeader({ kid, ctr })).toThrow(RangeError);
	});
});
