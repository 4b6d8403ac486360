import { describe, expect, it } from "vitest";
import { locateToken } from "../../../worker/token/locate.ts";

const find = (headers: Record<string, string>, query = "") =>
	locateToken(new Headers(headers), { search: query && `?${query}`, query: new URLSearchParams(query) });

describe("a token is found in each carrier", () => {
	it.each([
		["Authorization: Bearer", { Authorization: "Bearer a.b.c" }, ""],
		["Authorization, scheme in lower case", { Authorization: "bearer a.b.c" }, ""],
		["Authorization, scheme in upper case", { Authorization: "BEARER a.b.c" }, ""],
		["Authorization, several spaces", { Authorization: "Bearer   a.b.c" }, ""],
		["header BCOV-Auth", { "BCOV-Auth": "a.b.c" }, ""],
		["query bcov_auth", {}, "bcov_auth=a.b.c"],
		["query bcov-auth", {}, "bcov-auth=a.b.c"],
		["query, percent-encoded", {}, "bcov_auth=a%2Eb%2Ec"],
		["cookie", { Cookie: "bcov-auth=a.b.c" }, ""],
		["cookie among others", { Cookie: "x=1; bcov-auth=a.b.c; not-bcov-auth=z" }, ""],
		["cookie, quoted", { Cookie: 'bcov-auth="a.b.c"' }, ""],
	])("%s", (_, headers, query) => {
		expect(find(headers, query)).toEqual({ allowed: true, value: "a.b.c" });
	});
});

describe("what is no token is passed over", () => {
	it.each([
		["nothing", {}, ""],
		["another scheme", { Authorization: "BCOV-Policy BCpkADawqM" }, ""],
		["Basic", { Authorization: "Basic YTpi" }, ""],
		["a scheme that only begins with Bearer", { Authorization: "BearerX a.b.c" }, ""],
		["the scheme alone", { Authorization: "Bearer" }, ""],
		["empty carriers", { Authorization: "Bearer ", "BCOV-Auth": "", Cookie: "bcov-auth=" }, "bcov_auth=&bcov-auth="],
		["query names in another case", {}, "BCOV_AUTH=a.b.c"],
		["a cookie of another name", { Cookie: "bcov_auth=a.b.c" }, ""],
	])("%s", (_, headers, query) => {
		expect(find(headers, query)).toEqual({ allowed: false, refusal: { reason: "token-required" } });
	});

	it("leaves a policy key beside a token alone", () => {
		const found = find({ Authorization: "BCOV-Policy BCpkADawqM", "BCOV-Auth": "a.b.c" });
		expect(found).toEqual({ allowed: true, value: "a.b.c" });
	});

	it("looks past an empty carrier", () => {
		expect(find({ "BCOV-Auth": "" }, "bcov_auth=a.b.c")).toEqual({ allowed: true, value: "a.b.c" });
	});
});

describe("several carriers", () => {
	it("may hold the same token", () => {
		const headers = { Authorization: "Bearer a.b.c", "BCOV-Auth": "a.b.c", Cookie: "bcov-auth=a.b.c" };
		expect(find(headers, "bcov_auth=a.b.c&bcov-auth=a.b.c")).toEqual({ allowed: true, value: "a.b.c" });
	});

	it.each([
		[{ Authorization: "Bearer a.b.c" }, "bcov_auth=x.y.z", ["authorization", "query"]],
		[{ Authorization: "Bearer a.b.c", "BCOV-Auth": "x.y.z" }, "", ["authorization", "bcov-auth-header"]],
		[{ "BCOV-Auth": "a.b.c", Cookie: "bcov-auth=x.y.z" }, "", ["bcov-auth-header", "cookie"]],
		[{}, "bcov_auth=a.b.c&bcov-auth=x.y.z", ["query"]],
		[
			{ Authorization: "Bearer a.b.c", "BCOV-Auth": "a.b.c" },
			"bcov_auth=x.y.z",
			["authorization", "bcov-auth-header", "query"],
		],
	])("must not hold different ones: %j %s", (headers, query, carriers) => {
		expect(find(headers, query)).toEqual({ allowed: false, refusal: { reason: "token-conflict", carriers } });
	});

	it("takes the first of several cookies", () => {
		expect(find({ Cookie: "bcov-auth=a.b.c; bcov-auth=x.y.z" })).toEqual({ allowed: true, value: "a.b.c" });
	});
});

describe("a query name that occurs twice is refused", () => {
	it.each([
		["the token, different", "bcov_auth=a.b.c&bcov_auth=x.y.z", "bcov_auth"],
		["the token, same", "bcov_auth=a.b.c&bcov_auth=a.b.c", "bcov_auth"],
		["the token, once empty", "bcov-auth=&bcov-auth=a.b.c", "bcov-auth"],
		["another name", "config_id=1&bcov_auth=a.b.c&config_id=2", "config_id"],
		["a name that is only spelled differently", "config_id=1&config%5Fid=2", "config_id"],
	])("%s", (_, query, parameter) => {
		expect(find({}, query)).toEqual({ allowed: false, refusal: { reason: "token-repeated", parameter } });
	});

	it("names at most 64 characters of it", () => {
		const name = "n".repeat(5000);
		expect(find({}, `${name}=1&${name}=2`)).toEqual({
			allowed: false,
			refusal: { reason: "token-repeated", parameter: "n".repeat(64) },
		});
	});
});
