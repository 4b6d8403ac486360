import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";
import { SECRET_NAMES as clientSecretNames } from "../worker/join/client/no-secret.ts";
import { SECRET_NAMES } from "../worker/join/secret-guard.ts";

const worker = join(import.meta.dirname, "../worker");

/** What each room may import of the others. The files beside the rooms (`app.ts`, `gate.ts`, ...) are wiring and tools. */
const rooms: Readonly<Record<string, readonly string[]>> = {
	decision: [],
	manifest: [],
	token: ["decision"],
	limits: ["decision", "flight.ts", "hash.ts", "retry.ts", "within.ts"],
	revocation: ["decision", "flight.ts", "next-alarm.ts", "ports.ts", "retry.ts", "within.ts"],
	catalog: ["token", "hash.ts", "ports.ts", "sealing.ts", "settings.ts"],
	policy: ["decision", "catalog", "token"],
	credentials: ["catalog", "decision", "token", "client-address.ts", "hash.ts", "ports.ts", "settings.ts"],
	delivery: ["catalog", "manifest"],
	audit: ["decision", "ports.ts", "retry.ts", "safe-path.ts"],
	observe: ["decision", "exchange.ts", "client-address.ts", "safe-path.ts"],
	playback: [
		"catalog",
		"client-address.ts",
		"decision",
		"delivery",
		"limits",
		"manifest",
		"observe",
		"policy",
		"token",
		"client-address.ts",
		"exchange.ts",
		"hash.ts",
		"ports.ts",
		"reach.ts",
		"sealing.ts",
		"settings.ts",
	],
	join: [
		"catalog",
		"client-address.ts",
		"decision",
		"exchange.ts",
		"fault.ts",
		"flight.ts",
		"gate.ts",
		"hash.ts",
		"limits",
		"next-alarm.ts",
		"observe",
		"playback",
		"policy",
		"ports.ts",
		"retry.ts",
		"revocation",
		"sealing.ts",
		"settings.ts",
		"token",
	],
	openapi: ["catalog", "credentials", "decision", "join", "management", "playback", "exchange.ts"],
	management: [
		"audit",
		"catalog",
		"credentials",
		"decision",
		"join",
		"limits",
		"observe",
		"revocation",
		"token",
		"exchange.ts",
		"gate.ts",
		"reach.ts",
		"sealing.ts",
		"settings.ts",
	],
};

const files = readdirSync(worker, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

function importsOf(file: string): string[] {
	const text = readFileSync(join(worker, file), "utf8");
	return [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) =>
		relative(worker, join(worker, dirname(file), path ?? "")),
	);
}

it.each(Object.entries(rooms))("%s imports only what is before it", (room, allowed) => {
	const beyond = files
		.filter((file) => file.startsWith(`${room}/`))
		.flatMap((file) => importsOf(file).map((imported) => [file, imported] as const))
		.filter(([, imported]) => !imported.startsWith(`${room}/`) && !allowed.includes(imported.split("/")[0] ?? ""));
	expect(beyond).toEqual([]);
});

it("every room is named here", () => {
	const found = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0] ?? ""));
	expect([...found].toSorted()).toEqual(Object.keys(rooms).toSorted());
});

it("jose is used by the token room only, the clock by the ports and the objects only", () => {
	const using = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(worker, file), "utf8")));
	expect(using(/from "jose"/).filter((file) => !file.startsWith("token/"))).toEqual([]);
	expect(using(/Date\.now\(\)/).toSorted()).toEqual([
		"audit/audit-log.ts",
		"credentials/guard/credential-guard.ts",
		"credentials/tokens/management-tokens.ts",
		"join/room/alarms.ts",
		"join/room/conversation.ts",
		"join/room/keeper.ts",
		"join/room/session-room.ts",
		"limits/device-index.ts",
		"limits/viewer-limits.ts",
		"ports.ts",
		"revocation/revocation-list.ts",
		"revocation/watchers.ts",
	]);
});

it("the client of applications stands alone: it imports nothing else, and nothing of the Worker imports it", () => {
	const client = files.filter((file) => file.startsWith("join/client/"));
	const foreign = client.flatMap((file) => {
		const text = readFileSync(join(worker, file), "utf8");
		const bare = [...text.matchAll(/(?:from|import) "([^."][^"]*)"/g)].map(([, name]) => name);
		return [...bare, ...importsOf(file).filter((imported) => !imported.startsWith("join/client/"))];
	});
	expect(client.length).toBeGreaterThan(10);
	expect(foreign).toEqual([]);
	const users = files
		.filter((file) => !client.includes(file))
		.filter((file) => importsOf(file).some((each) => each.startsWith("join/client/")));
	expect(users).toEqual([]);
});

it("the client keeps back what the gate would refuse as an encryption secret", () => {
	expect([...clientSecretNames].toSorted()).toEqual([...SECRET_NAMES].toSorted());
});
