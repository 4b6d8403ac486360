import { describe, expect, it } from "vitest";
import { readApiPath } from "../../../../worker/join/providers/vonage/api/paths.ts";
import { readProxyPath } from "../../../../worker/join/providers/vonage/web/paths.ts";

describe("paths of the REST API", () => {
	it.each([
		["POST", "/session/create", "create", null],
		["POST", "/session/create/", "create", null],
		["GET", "/session/create", "other", null],
		["POST", "/v2/project/1/archive", "feature", "archive"],
		["POST", "/v2/partner/1/archive", "feature", "archive"],
		["POST", "/v2/project/1/broadcast/", "feature", "broadcast"],
		["POST", "/v2/project/1/session/1_a/archive", "feature", "archive"],
		["GET", "/v2/project/1/archive", "other", null],
		["POST", "/v2/project/1/archive/a-1/stop", "other", null],
		["POST", "/v2/project/1/session/1_a/signal", "other", null],
		["DELETE", "/v2/project/1/session/1_a/connection/c", "other", null],
		["POST", "/v2/project/1/callback", "other", null],
		["GET", "/", "other", null],
	])("%s %s: %s %s", (method, path, does, feature) => {
		const read = readApiPath(method, path);
		expect(read).toMatchObject({ allowed: true, value: { does, feature } });
	});

	it.each([
		"/v2//project/1/archive",
		"/v2/project/1/%2e%2e/archive",
		"/v2/project/1/a%2Farchive",
		"/%",
		"/a%00",
		"/a\\b",
	])("%s cannot be read", (path) => {
		expect(readApiPath("POST", path).allowed).toBe(false);
	});
});

describe("paths behind the proxy URL", () => {
	const read = (rest: string) => readProxyPath(`/join/v1/vonage/t.1${rest}`, "t.1", "gate.example:8787");

	it("are a host, and what is asked of it", () => {
		const target = { host: "anvil.opentok.com", segments: ["session", "1_a"], path: "/session/1_a" };
		expect(read("/anvil.opentok.com/session/1_a")).toEqual(target);
		expect(read("/Anvil.OpenTok.com/session/1_a")).toEqual(target);
		expect(read("/127.0.0.1:9000/rumorwebsocketsv2")).toMatchObject({ host: "127.0.0.1:9000" });
		expect(read("/[::1]:9000/x")).toMatchObject({ host: "[::1]:9000" });
	});

	it("may have the proxy's address before the host once more, as the client puts it before what the gate gave it", () => {
		expect(read("/gate.example:8787/join/v1/vonage/t.1/rumor.example:1/ws")).toMatchObject({
			host: "rumor.example:1",
			path: "/ws",
		});
		expect(read("/gate.example:8787/join/v1/vonage/t.2/rumor.example/ws")).toMatchObject({ host: "gate.example:8787" });
	});

	it.each(["", "/", "/user@host/x", "/host:port/x", "/a%2eb/x", "/host/%2e%2e/x", "/host/a%2fb", "/host/%"])(
		"%j is none",
		(rest) => {
			expect(read(rest)).toBeNull();
		},
	);
});
