import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureDevVars } from "../../kv-seed/local/dev-vars.ts";

const names = ["ADMIN_TOKEN", "GRANT_SECRET", "CONTENT_SECRET"];
let folder: string;
let file: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "playgate-dev-vars-"));
	file = join(folder, ".dev.vars");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe(".dev.vars", () => {
	it("is made with three different random secrets, for its owner only", async () => {
		const secrets = await ensureDevVars(file);
		expect(Object.keys(secrets)).toEqual(names);
		expect(new Set(Object.values(secrets)).size).toBe(3);
		for (const secret of Object.values(secrets)) expect(secret).toMatch(/^[\w-]{43}$/);
		expect(parseEnv(readFileSync(file, "utf8"))).toEqual(secrets);
		expect(statSync(file).mode & 0o777).toBe(0o600);
	});

	it("says at its head what it is", async () => {
		await ensureDevVars(file);
		expect(readFileSync(file, "utf8")).toMatch(/^# Secrets of the local gate/);
	});

	it("is read, not made again, the second time", async () => {
		const secrets = await ensureDevVars(file);
		const before = readFileSync(file, "utf8");
		expect(await ensureDevVars(file)).toEqual(secrets);
		expect(readFileSync(file, "utf8")).toBe(before);
	});

	it.each([
		["with a line end", "# mine\nADMIN_TOKEN=chosen\nOTHER=1\n"],
		["without a line end", "# mine\nADMIN_TOKEN=chosen\nOTHER=1"],
		["empty", ""],
	])("gets missing names at its end and keeps the rest (%s)", async (_case, before) => {
		writeFileSync(file, before);
		const secrets = await ensureDevVars(file);
		const after = readFileSync(file, "utf8");
		expect(after.startsWith(before)).toBe(true);
		expect(parseEnv(after)).toEqual({ ...secrets, ...parseEnv(before) });
	});

	it("is refused with an empty secret", async () => {
		writeFileSync(file, "GRANT_SECRET=\n");
		await expect(ensureDevVars(file)).rejects.toThrow("GRANT_SECRET is empty");
		expect(readFileSync(file, "utf8")).toBe("GRANT_SECRET=\n");
	});
});
