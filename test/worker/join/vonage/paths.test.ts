import { describe, expect, it } from "vitest";
import { readApiPath } from "../../../../worker/join/providers/vonage/api/paths.ts";
import { readProxyPath } from "../../../../worker/join/providers/vonage/web/paths.ts";

describe("paths of the REST API", () => {
	it.each([
		["POST", "/session/create", "create", "create"],
		["POST", "/session/create/", "create", "create"],
		["POST", "/hl/session/create", "create", "create"],
		["POST", "/Session/create;v=1/%20", "create", "create"],
		["POST", "/v2/project/1/archive", "feature", "archive"],
		["POST", "/v2/partner/1/archive", "feature", "archive"],
		["POST", "/v2/project/1/broadcast/", "feature", "broadcast"],
		["POST", "/v2/project/1/session/1_a/archive", "feature", "archive"],
		["POST", "/v2/project/1/call", "feature", "call"],
		["PATCH", "/v3/account/1/Archive;x=1", "feature", "archive"],
		["POST", "/archive%20", "feature", "archive"],
		["GET", "/v2/project/1/archive", "about", "archive"],
		["POST", "/v2/project/1/archive/a-1/stop", "other", "stop"],
		["POST", "/v2/project/1/session/1_a/signal", "about", "signal"],
		["DELETE", "/v2/project/1/session/1_a/connection/c", "about", "c"],
		["POST", "/v2/project/1/callback", "other", "callback"],
		["GET", "/", "about", null],
	])("%s %s: %s %s", (method, path, does, name) => {
		const read = readApiPath(method, path);
		expect(read).toMatchObject({ allowed: true, value: { does, name } });
	});

	it.each(["GET", "HEAD", "DELETE", "PATCH"])("a session is not made by %s", (method) => {
		const read = readApiPath(method, "/session/create");
		expect(read).toMatchObject({ allowed: false, refusal: { reason: "method-not-allowed" } });
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
		const target = { ticket: "t.1", host: "anvil.opentok.com", segments: ["session", "1_a"], path: "/session/1_a" };
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
		expect(read("/gate.example:8787/join/v1/vonage/t.2/rumor.example/ws")).toMatchObject({
			ticket: "t.2",
			host: "rumor.example",
		});
		expect(read("/gate.example/join/v1/vonage/t.2/rumor.example/ws")).toMatchObject({ host: "gate.example" });
	});

	it.each(["", "/", "/user@host/x", "/host:port/x", "/a%2eb/x", "/host/%2e%2e/x", "/host/a%2fb", "/host/%"])(
		"%j is none",
		(rest) => {
			expect(read(rest)).toBeNull();
		},
	);
});
