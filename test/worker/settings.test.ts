import { describe, expect, it } from "vitest";
import { parseSettings } from "../../worker/settings.ts";

const secrets = {
	ADMIN_TOKEN: "an admin token of the tests",
	GRANT_SECRET: "a grant secret of the tests",
	CONTENT_SECRET: "a content secret of the tests",
};
const accessOf = (vars: Readonly<Record<string, string>>) => parseSettings({ ...secrets, ...vars }).access;

describe("Cloudflare Access", () => {
	it.each<[string, Readonly<Record<string, string>>]>([
		["without its variables", {}],
		["with empty ones", { ACCESS_TEAM_DOMAIN: "", ACCESS_AUDIENCE: " " }],
	])("is off %s", (_, vars) => {
		expect(accessOf(vars)).toBeNull();
	});

	it.each([
		["https://team.cloudflareaccess.com", "aud", ["aud"]],
		["https://team.cloudflareaccess.com/", "aud", ["aud"]],
		["team.cloudflareaccess.com", "aud", ["aud"]],
		[" https://TEAM.cloudflareaccess.com ", "one, two,three", ["one", "two", "three"]],
	])("is on with %j and %j", (team, audience, audiences) => {
		expect(accessOf({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: audience })).toEqual({
			teamDomain: "https://team.cloudflareaccess.com",
			audiences,
		});
	});

	it.each([
		[{ ACCESS_TEAM_DOMAIN: "https://team.example" }, "ACCESS_AUDIENCE is not"],
		[{ ACCESS_AUDIENCE: "aud" }, "ACCESS_TEAM_DOMAIN is not"],
		[{ ACCESS_TEAM_DOMAIN: "http://team.example", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
		[{ ACCESS_TEAM_DOMAIN: "http://127.0.0.1:9", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
		[{ ACCESS_TEAM_DOMAIN: "https://team.example/path", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
		[{ ACCESS_TEAM_DOMAIN: "https://ann:pass@team.example", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
		[{ ACCESS_TEAM_DOMAIN: "https://team.example?x", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
		[{ ACCESS_TEAM_DOMAIN: "not a host", ACCESS_AUDIENCE: "aud" }, "is not like https://"],
	])("is a fault with %j", (vars, message) => {
		expect(() => accessOf(vars)).toThrow(message);
	});

	it("may have its keys on loopback in the local environment", () => {
		const vars = { ENVIRONMENT: "local", ACCESS_TEAM_DOMAIN: "http://127.0.0.1:9", ACCESS_AUDIENCE: "aud" };
		expect(accessOf(vars)?.teamDomain).toBe("http://127.0.0.1:9");
		expect(() => accessOf({ ...vars, ACCESS_TEAM_DOMAIN: "http://team.example" })).toThrow("is not like https://");
	});
});

describe("DECISION_LOG", () => {
	it.each(["all", "decisions", "refusals", "none"])("may be %s", (mode) => {
		expect(parseSettings({ ...secrets, DECISION_LOG: mode }).decisionLog).toBe(mode);
	});

	it("is nothing else", () => {
		expect(() => parseSettings({ ...secrets, DECISION_LOG: "some" })).toThrow(
			"DECISION_LOG is not one of all, decisions, refusals, none",
		);
	});
});
