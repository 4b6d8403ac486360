import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGate } from "../../kv-seed/local/gate.ts";
import type { GateOptions, RunningGate } from "../../kv-seed/local/gate.ts";
import { eventually } from "../support/patience.ts";

const folder = mkdtempSync(join(tmpdir(), "playgate-gate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const secrets = { ADMIN_TOKEN: "admin", GRANT_SECRET: "grant", CONTENT_SECRET: "content" };
const bundleDir = join(folder, "bundle");
mkdirSync(bundleDir);
// A Worker that tells what reached it: the launcher is under test, not the gate.
writeFileSync(join(bundleDir, "schema.sql"), "SELECT 1");
writeFileSync(
	join(bundleDir, "index.js"),
	`import { DurableObject } from "cloudflare:workers";
	import schema from "./schema.sql";
	export class ViewerLimits extends DurableObject {
		count() {
			const next = (this.ctx.storage.kv.get("n") ?? 0) + 1;
			this.ctx.storage.kv.put("n", next);
			return next;
		}
	}
	export class RevocationList extends DurableObject {}
	export default {
		async fetch(request, env) {
			const { pathname } = new URL(request.url);
			if (pathname === "/log") console.log("a line");
			if (pathname === "/count") return Response.json(await env.VIEWER_LIMITS.getByName("x").count());
			if (pathname === "/redirect") return new Response(null, { status: 303, headers: { Location: "/elsewhere" } });
			const { ENVIRONMENT, TRUST_CLIENT_HEADERS, DECISION_LOG, ADMIN_TOKEN } = env;
			return Response.json({
				method: request.method,
				url: request.url,
				headers: Object.fromEntries(request.headers),
				body: await request.text(),
				vars: { ENVIRONMENT, TRUST_CLIENT_HEADERS, DECISION_LOG, ADMIN_TOKEN },
				schema,
			}, { headers: { "Playgate-Decision": "d-1" } });
		},
	};`,
);

interface Echo {
	readonly method: string;
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
	readonly vars: unknown;
	readonly schema: string;
}

const start = (options: Partial<GateOptions> = {}): Promise<RunningGate> =>
	startGate({ stateDir: join(folder, "state"), secrets, bundleDir, ...options });

const echo = async (url: string, init?: RequestInit): Promise<Echo> => (await (await fetch(url, init)).json()) as Echo;

describe("the launcher", () => {
	let gate: RunningGate | undefined;
	afterEach(async () => {
		await gate?.stop();
		gate = undefined;
	});

	it("runs the Worker on loopback with the local settings and the given secrets", async () => {
		gate = await start();
		expect(gate.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
		const { vars, schema, headers } = await echo(gate.url);
		expect(vars).toEqual({
			ENVIRONMENT: "local",
			TRUST_CLIENT_HEADERS: "true",
			DECISION_LOG: "none",
			ADMIN_TOKEN: "admin",
		});
		expect(schema).toBe("SELECT 1");
		expect(headers).not.toHaveProperty("cf-connecting-ip");
	});

	it("keeps what was stored, for the next start", async () => {
		gate = await start();
		await (await gate.miniflare.getKVNamespace("CATALOG")).put("account/a", "kept");
		await (await gate.miniflare.getR2Bucket("MEDIA")).put("clip/x", "kept");
		expect(await (await fetch(`${gate.url}/count`)).json()).toBe(1);
		await gate.stop();
		gate = await start();
		expect(await (await gate.miniflare.getKVNamespace("CATALOG")).get("account/a")).toBe("kept");
		expect(await (await (await gate.miniflare.getR2Bucket("MEDIA")).get("clip/x"))?.text()).toBe("kept");
		expect(await (await fetch(`${gate.url}/count`)).json()).toBe(2);
	});

	it("names a port that is in use, in one line", async () => {
		gate = await start();
		const port = Number(new URL(gate.url).port);
		await expect(start({ port, stateDir: join(folder, "other") })).rejects.toThrow(
			new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use: [^\\n]+$`),
		);
	});

	it("comes back on its port, with another process, after the runtime was killed", async () => {
		gate = await start();
		const { url, pid } = gate;
		const killed = pid();
		process.kill(killed, "SIGKILL");
		await eventually(async () => expect((await fetch(url)).status).toBe(200));
		expect(pid()).not.toBe(killed);
	});

	it("leaves no process behind when it stops", async () => {
		gate = await start();
		const pid = gate.pid();
		await gate.stop();
		gate = undefined;
		await eventually(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
	});

	it("hands on the Worker's log", async () => {
		const lines: string[] = [];
		gate = await start({ decisionLog: "all", onLog: (_level, message) => lines.push(message) });
		await fetch(`${gate.url}/log`);
		await eventually(() => expect(lines).toContain("a line"));
	});
});

describe("the demo site", () => {
	let gate: RunningGate;
	beforeAll(async () => {
		const links = [{ title: "Plays", about: "A token that plays.", href: "/demo/player#token=t" }];
		gate = await start({ stateDir: join(folder, "demo"), demo: true, demoLinks: links });
	});
	afterAll(async () => {
		await gate.stop();
	});

	it.each([
		["/demo/", "text/html"],
		["/demo/player", "text/html"],
		["/demo/player.js", "text/javascript"],
		["/demo/links.js", "text/javascript"],
		["/demo/hls.worker.js", "text/javascript"],
		["/demo/style.css", "text/css"],
		["/demo/links.json", "application/json"],
	])("serves %s under a policy without inline scripts and other hosts", async (path, type) => {
		const response = await fetch(gate.url + path);
		expect(response.status).toBe(200);
		expect(response.headers.get("Content-Type")).toContain(type);
		const policy = response.headers.get("Content-Security-Policy") ?? "";
		expect(policy).toContain("default-src 'none'; script-src 'self'");
		expect(policy).not.toMatch(/unsafe|https?:|\*/);
	});

	it("has no secret in what it serves", async () => {
		const bodies = ["/demo/", "/demo/player", "/demo/links.json"].map(async (path) =>
			(await fetch(gate.url + path)).text(),
		);
		for (const body of await Promise.all(bodies)) expect(body).not.toMatch(/admin|grant-|content-secret/);
	});

	it("answers HEAD without a body and refuses to be written", async () => {
		const head = await fetch(`${gate.url}/demo/`, { method: "HEAD" });
		expect([head.status, await head.text()]).toEqual([200, ""]);
		const post = await fetch(`${gate.url}/demo/`, { method: "POST" });
		expect([post.status, post.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
	});

	it("passes everything else to the gate as it came", async () => {
		const url = `${gate.url}/playback/v1/x?a=1&a=2`;
		const seen = await echo(url, {
			method: "POST",
			body: "licence",
			headers: { "CF-Connecting-IP": "192.0.2.7", "X-Own": "1" },
		});
		expect(seen).toMatchObject({ method: "POST", url, body: "licence" });
		expect(seen.headers).toMatchObject({ "cf-connecting-ip": "192.0.2.7", "x-own": "1" });
	});

	it("gives the address of this machine where nothing in front did", async () => {
		expect((await echo(gate.url + "/x")).headers["cf-connecting-ip"]).toBe("127.0.0.1");
	});

	it("does not follow the gate's redirects, and keeps its headers", async () => {
		const redirect = await fetch(`${gate.url}/redirect`, { redirect: "manual" });
		expect([redirect.status, redirect.headers.get("Location")]).toEqual([303, "/elsewhere"]);
		const head = await fetch(`${gate.url}/x`, { method: "HEAD" });
		expect([head.status, head.headers.get("Playgate-Decision")]).toEqual([200, "d-1"]);
	});
});
