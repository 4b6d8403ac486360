import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDevicePath } from "../../../worker/management/device-path.ts";

const read = (path: string) => readDevicePath(`/v1/accounts/acme/users/${path}`);

describe("a path of the Devices API", () => {
	it.each<[string, string, string | null]>([
		["ann/devices", "ann", null],
		["ann/devices/tv", "ann", "tv"],
		["ann%40example.com/devices", "ann@example.com", null],
		["ann@example.com/devices", "ann@example.com", null],
		["a%2Fb%2Cc%3Dd/devices/x%2Fy", "a/b,c=d", "x/y"],
		["a%2fb/devices", "a/b", null],
		["a+b/devices/c+d", "a+b", "c+d"],
		["a%2Bb/devices/c%2Bd", "a+b", "c+d"],
		["%61nn/devices/%74v", "ann", "tv"],
		["../devices", "..", null],
		["%2E/devices/%2e%2e", ".", ".."],
		["devices/devices", "devices", null],
		["devices/devices/devices", "devices", "devices"],
		["ann%2Fdevices%2Ftv/devices", "ann/devices/tv", null],
		// "/" as it is, where the path can be read in one way only
		["a/b/devices", "a/b", null],
		["a/b/c/devices/tv", "a/b/c", "tv"],
		["/ann/devices", "/ann", null],
		["a//b/devices", "a//b", null],
		["//devices", "/", null],
		["ann/devices/x/y", "ann", "x/y"],
		["a/b/devices/x/y/", "a/b", "x/y/"],
		[`${"u".repeat(64)}/devices/${"d".repeat(128)}`, "u".repeat(64), "d".repeat(128)],
	])("%s names a viewer, and a device or all of them", (path, uid, device) => {
		expect(read(path)).toEqual({ allowed: true, value: { uid, device } });
	});

	it.each([
		["/devices", /user id/],
		["a b/devices", /user id/],
		["a%20b/devices", /user id/],
		["a%252Fb/devices", /user id/],
		["%00/devices", /user id/],
		["%C3%A9/devices", /user id/],
		["a:b/devices", /user id/],
		[`${"u".repeat(65)}/devices`, /user id/],
		["%/devices", /user id/],
		["%zz/devices", /user id/],
		["%FF/devices", /user id/],
		["%ED%A0%80/devices", /user id/],
		["ann/devices/", /device id/],
		["ann/devices/%", /device id/],
		["ann/devices/%20", /device id/],
		["ann/devices/a%3Fb", /device id/],
		[`ann/devices/${"d".repeat(129)}`, /device id/],
		["ann/devices/tv/devices", /more than one way/],
		["a/devices/b/devices/c", /more than one way/],
	])("%s is refused, and what is wrong is named", (path, detail) => {
		expect(read(path)).toMatchObject({
			allowed: false,
			refusal: { reason: "bad-request", detail: expect.stringMatching(detail) as unknown },
		});
	});

	it.each(["", "devices", "ann", "ann/", "ann/device", "ann/Devices", "ann%2Fdevices"])("%s is nothing", (path) => {
		expect(read(path)).toEqual({ allowed: false, refusal: { reason: "resource-not-found" } });
	});

	it("reads back whatever names are percent-encoded into it", () => {
		const alphabet = "ABZabz019=/,@_.+-".split("");
		const name = (maxLength: number) => fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
		fc.assert(
			fc.property(name(64), fc.option(name(128)), (uid, device) => {
				const end = device === null ? "" : `/${encodeURIComponent(device)}`;
				expect(read(`${encodeURIComponent(uid)}/devices${end}`)).toEqual({ allowed: true, value: { uid, device } });
			}),
		);
	});

	it("never takes a path for another than one of its readings", () => {
		const segment = fc.constantFrom("a", "devices", "b", "");
		fc.assert(
			fc.property(fc.array(segment, { maxLength: 7 }), (segments) => {
				const path = segments.join("/");
				const answer = read(path);
				if (!answer.allowed) return;
				const { uid, device } = answer.value;
				expect(`${uid}/devices${device === null ? "" : `/${device}`}`).toBe(path);
			}),
		);
	});
});
