import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddressBlock } from "../../../../worker/catalog/address-block.ts";
import { verdict } from "./right.ts";

const matches = (list: readonly string[], geoAddress: string) =>
	verdict({ blocked_ips: list }, { geoAddress }) === "rights-ip-blocked";

describe("an address list", () => {
	it.each<[string, string, boolean]>([
		["192.0.2.1", "192.0.2.1", true],
		["192.0.2.1", "192.0.2.10", false],
		["192.0.2.1", "::ffff:192.0.2.1", true],
		["::ffff:192.0.2.1", "192.0.2.1", true],
		["2001:db8::1", "2001:0DB8:0:0::1", true],
		["2001:db8::1", "2001:db8::2", false],
		["192.0.2.0/24", "192.0.2.0", true],
		["192.0.2.0/24", "192.0.2.255", true],
		["192.0.2.0/24", "192.0.3.0", false],
		["192.0.2.0/24", "192.0.1.255", false],
		["192.0.2.77/24", "192.0.2.1", true],
		["192.0.2.1/32", "192.0.2.1", true],
		["192.0.2.1/32", "192.0.2.2", false],
		["0.0.0.0/0", "255.255.255.255", true],
		["0.0.0.0/0", "::1", false],
		["::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true],
		["::/0", "192.0.2.1", false],
		["2001:db8:8000::/33", "2001:db8:ffff::1", true],
		["2001:db8:8000::/33", "2001:db8:7fff::1", false],
		["2001:db8::1/128", "2001:db8::1", true],
		["::ffff:192.0.2.0/120", "192.0.2.9", true],
		["::ffff:192.0.2.0/120", "192.0.3.9", false],
	])("%s, and a client at %s: %s", (entry, address, expected) => {
		expect(matches([entry], address)).toBe(expected);
		expect(matches(["198.51.100.0/24", entry, "2001:db8:1:2:3:4:5:6", "198.51.100.128/25"], address)).toBe(expected);
	});

	it("finds an address in any of many blocks, whatever their order and overlap", () => {
		const octet = fc.integer({ min: 0, max: 255 });
		const block = fc.record({ parts: fc.tuple(octet, octet, octet, octet), prefix: fc.integer({ min: 4, max: 32 }) });
		const numberOf = (parts: readonly number[]) => parts.reduce((value, part) => value * 256 + part, 0);
		fc.assert(
			fc.property(fc.array(block, { maxLength: 30 }), fc.tuple(octet, octet, octet, octet), (blocks, parts) => {
				const list = blocks.map((entry) => `${entry.parts.join(".")}/${entry.prefix}`);
				const expected = blocks.some(({ parts: base, prefix }) => {
					const size = 2 ** (32 - prefix);
					return Math.floor(numberOf(base) / size) === Math.floor(numberOf(parts) / size);
				});
				expect(matches(list, parts.join("."))).toBe(expected);
			}),
			{ seed: 20_261_125, numRuns: 200 },
		);
	});

	it.each([
		"0.0.0.0/40",
		"192.0.2.0/-1",
		"192.0.2.0/",
		"192.0.2.0/08",
		"192.0.2.0/24/24",
		"192.0.2",
		"192.0.2.256",
		"0300.0.2.1",
		"0x7f.0.0.1",
		"3221225985",
		"2001:db8::/129",
		"2001:db8::1%eth0",
		"::ffff:192.0.2.0/95",
		"fe80::1%1/64",
		"example.com",
		"",
		" 192.0.2.1",
	])("does not take %j", (entry) => {
		expect(parseAddressBlock(entry)).toBeNull();
	});
});
