import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

// An object that waits for something outside keeps every caller waiting, and two that wait for each other wait for ever.

const worker = join(import.meta.dirname, "../worker");
const textOf = (file: string): string => readFileSync(join(worker, file), "utf8");
const files = readdirSync(worker, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const classes = files.filter((file) => textOf(file).includes(" extends DurableObject"));

/** What only alarms run: they speak with whoever is to hear of a change, or to be asked of one, after it is stored. */
const ofAlarms = ["join/room/alarms.ts", "revocation/watchers.ts"];

/** Files that run in objects: their classes, and what these import, types and what is the alarms' aside. */
const inObjects = [...reached(classes, new Set(ofAlarms))].filter((file) => !ofAlarms.includes(file)).toSorted();

function reached(from: readonly string[], known = new Set<string>()): Set<string> {
	for (const file of from) {
		if (known.has(file)) continue;
		known.add(file);
		const imports = [...textOf(file).matchAll(/^import (?!type )[^;]*?from "(\.[^"]+\.ts)"/gm)];
		reached(
			imports.map(([, path]) => relative(worker, join(worker, dirname(file), path ?? ""))),
			known,
		);
	}
	return known;
}

/** `file: what` for each match. */
function found(pattern: RegExp, among = inObjects): string[] {
	return among.flatMap((file) => [...textOf(file).matchAll(pattern)].map(([match]) => `${file}: ${match}`));
}

it("every object is looked at", () => {
	expect(classes.toSorted()).toEqual([
		"audit/audit-log.ts",
		"credentials/guard/credential-guard.ts",
		"credentials/tokens/management-tokens.ts",
		"join/room/session-room.ts",
		"limits/device-index.ts",
		"limits/viewer-limits.ts",
		"revocation/revocation-list.ts",
	]);
	expect(inObjects).toContain("limits/decide.ts");
});

it("objects use nothing outside: no fetch, no KV, no bucket, no cache, no other object", () => {
	const objects = inObjects.filter((file) => file !== "ports.ts"); // the log, of what is wired here
	expect(
		found(/(?<!override )\b(fetch|connect)\(|\bcaches\b|\bKVNamespace\b|\bR2Bucket\b|\bFetcher\b/g, objects),
	).toEqual([]);
	// But for the index of an account's devices, which is told after the decision.
	expect(found(/\benv\.\w+|\.(getByName|idFromName|idFromString|newUniqueId)\(/g)).toEqual([
		"limits/device-outbox.ts: .getByName(",
		"limits/viewer-limits.ts: env.DEVICE_INDEX",
		"revocation/revocation-list.ts: env.SESSION_ROOM", // handed to the alarm's
	]);
});

it("what an object awaits is its own storage, or its own work", () => {
	const awaited = found(/\bawait (?!this\.(ctx\.storage\.|#))[^;\n]*/g, classes);
	expect(awaited).toEqual([
		"audit/audit-log.ts: await cleared", // `deleteAll`, with the tables made anew in the same turn
		"limits/viewer-limits.ts: await later.catch(() => {})", // an alarm that is being set
		"limits/viewer-limits.ts: await cleared",
	]);
});

it("what speaks with the outside is run by alarms only", () => {
	const runs = found(/^.*(?:[aA]larms\.run|#watchers\.tell)\(.*$/gm, [...inObjects]);
	expect(runs.map((line) => line.replace(/\s+/g, " "))).toEqual([
		"join/room/session-room.ts: return this.#keeper.alarms.run();",
		"revocation/revocation-list.ts: const again = await this.#watchers.tell();",
	]);
	for (const file of ["join/room/session-room.ts", "revocation/revocation-list.ts"]) {
		const [, alarm = ""] = textOf(file).split(/\n\toverride (?:async )?alarm\(/);
		expect(alarm.split("\n\t}\n")[0]).toMatch(/alarms\.run\(|#watchers\.tell\(/);
	}
});

it("no decision awaits what is told to the index of devices", () => {
	const text = textOf("limits/viewer-limits.ts");
	const bodies = text.split(/\n\t(?=(?:override )?(?:async )?#?\w+(?:<\w+>)?\()/);
	const telling = bodies.filter((body) => /await this\.#(deliver|outbox\.deliver)\(\)/.test(body));
	const names = telling.map((body) => /^(?:override )?(?:async )?(#?\w+)/.exec(body)?.[1]);
	expect(names).toEqual(["#changeDevices", "#deliver", "alarm"]); // a change by the publisher, and what runs behind answers
	expect(text).toContain("if (this.#toDeliver) void this.#deliver();");
	expect(text.match(/#changeDevices\(/g)).toHaveLength(2);
});

it("the objects' helpers await nothing, but for the index, and for news of a lease that some request is to bring", () => {
	const helpers = inObjects.filter((file) => !classes.includes(file));
	const waiting = new Set(found(/\bawait\b/g, helpers).map((line) => line.split(":", 1)[0] ?? ""));
	expect([...waiting].toSorted()).toEqual([
		"join/room/keeper.ts", // its storage being cleared
		"limits/device-outbox.ts",
		"limits/leases/calls.ts",
		"limits/leases/queue.ts",
	]);
	expect(found(/\bawait [^;\n(]*/g, ["limits/leases/calls.ts", "limits/leases/queue.ts"])).toEqual([
		"limits/leases/calls.ts: await this.#queue.admit",
		"limits/leases/calls.ts: await this.#inCommit",
		"limits/leases/queue.ts: await judge",
		"limits/leases/queue.ts: await this.#wait", // for a bounded time
	]);
});
