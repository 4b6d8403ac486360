import { describe, expect, it } from "vitest";
import { normaliseAddress } from "../../../worker/client-address.ts";
import { deviceCookie, readClient } from "../../../worker/playback/client.ts";
import { parseSettings } from "../../../worker/settings.ts";

const env = {
	ADMIN_TOKEN: "a",
	GRANT_SECRET: "g",
	CONTENT_SECRET: "c",
	ENVIRONMENT: "local",
	TRUST_CLIENT_HEADERS: "true",
};
const settings = parseSettings(env);
const read = (headers: Record<string, string>, query = "", trusted = settings) =>
	readClient(new Headers(headers), { search: `?${query}`, query: new URLSearchParams(query) }, trusted);

describe("the address that is counted", () => {
	it.each([
		["203.0.113.7", "203.0.113.7"],
		["::ffff:203.0.113.7", "203.0.113.7"],
		["::ffff:cb00:7107", "203.0.113.7"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
		["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
		["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
		["2001:db8:1:3::9", "2001:db8:1:3::/64"],
		["::1", "0:0:0:0::/64"],
		["fe80::1%eth0", "fe80:0:0:0::/64"],
	])("of %s is %s", (text, expected) => {
		expect(normaliseAddress(text)).toBe(expected);
	});

	it.each([
		"",
		"localhost",
		"203.0.113",
		"203.0.113.256",
		"0x7f.1",
		"2130706433",
		"1.2.3.4, 5.6.7.8",
		"2001:db8::g",
		"[::1]",
	])("%j is no address", (text) => {
		expect(normaliseAddress(text)).toBeNull();
	});

	it("is the platform's, unless a trusted proxy speaks for the client", () => {
		const headers = { "CF-Connecting-IP": "198.51.100.1", "X-Client-IP": "203.0.113.7" };
		expect(read(headers)).toMatchObject({ value: { address: "203.0.113.7" } });
		const untrusted = parseSettings({ ...env, TRUST_CLIENT_HEADERS: "false" });
		expect(read(headers, "", untrusted)).toMatchObject({ value: { address: "198.51.100.1" } });
	});

	it("that a trusted proxy gets wrong is a bad request", () => {
		expect(read({ "X-Client-IP": "nonsense" })).toMatchObject({ allowed: false, refusal: { reason: "bad-request" } });
	});
});

describe("the device id", () => {
	const cookie = deviceCookie("tv-1", settings).split(";")[0] ?? "";

	it.each<[string, Record<string, string>, string, string | null]>([
		["the header", { "BCOV-Device-Id": "tv-9" }, "", "tv-9"],
		["the query", {}, "device_id=tv-8", "tv-8"],
		["the gate's cookie", { Cookie: `other=1; ${cookie}` }, "", "tv-1"],
		["the header before the cookie", { "BCOV-Device-Id": "tv-9", Cookie: cookie }, "", "tv-9"],
		["nothing", {}, "", null],
		["a cookie that the gate did not sign", { Cookie: `${cookie.slice(0, -1)}x` }, "", null],
		["a cookie for another id", { Cookie: cookie.replace("tv-1", "tv-2") }, "", null],
	])("comes from %s", (_from, headers, query, expected) => {
		expect(read(headers, query)).toMatchObject({ allowed: true, value: { deviceId: expected } });
	});

	it.each(["", "a".repeat(129), "a b", "a;b"])("%j is refused", (id) => {
		expect(read({ "BCOV-Device-Id": id })).toMatchObject({ allowed: false, refusal: { reason: "bad-request" } });
	});
});
