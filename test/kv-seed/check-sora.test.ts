import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { checkSora } from "../../kv-seed/check-sora.ts";
import { judgeSoraConf } from "../../kv-seed/local/sora-conf.ts";

const folder = mkdtempSync(join(tmpdir(), "playgate-sora-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ALL = ["e2ee", "signaling_notify", "signaling_notify_connection_id", "signaling_notify_metadata"];
const wrongIn = (text: string): string[] =>
	judgeSoraConf(text)
		.filter(({ isRight }) => !isRight)
		.map(({ name }) => name);

describe("a sora.conf", () => {
	it.each<[string, string, string[]]>([
		["with e2ee alone", "e2ee = true\n", []],
		["with all four", ALL.map((name) => `${name}=true`).join("\r\n"), []],
		["that is empty", "", ["e2ee"]],
		["with e2ee in a comment", "# e2ee = true\n; e2ee = true", ["e2ee"]],
		["with e2ee off", "e2ee = false", ["e2ee"]],
		["with all four off", ALL.map((name) => `${name} = false`).join("\n"), ALL],
		["without notifications", "e2ee = true\nsignaling_notify = false", ["signaling_notify"]],
		["without ids", "e2ee = true\nsignaling_notify_connection_id=false", ["signaling_notify_connection_id"]],
		["without metadata", "\tsignaling_notify_metadata =false\ne2ee=true", ["signaling_notify_metadata"]],
		["with a comment behind the value", "e2ee = true # since June\nsignaling_notify = true ; yes", []],
		["with sections, blanks and other settings", "[sora]\n\n  e2ee  =  true  \nlabel = a=b#c\nbroken line", []],
		["with a mark of byte order", "\uFEFFe2ee = true", []],
		["with names that only begin alike", "e2ee_x = true\nxe2ee = true\nE2EE = true", ["e2ee"]],
		["with a value that is no truth", 'e2ee = "true"\nsignaling_notify = on', ["e2ee", "signaling_notify"]],
		["with a space of another script, which is a part of the value", "e2ee =\u3000true\u00A0", ["e2ee"]],
		["with an empty value", "e2ee =", ["e2ee"]],
		["that says two things", "e2ee = true\ne2ee = false", ["e2ee"]],
		["that says one thing twice", "e2ee = true\nsignaling_notify = true\ne2ee = true", []],
	])("%s", (_, text, wrong) => {
		expect(wrongIn(text)).toEqual(wrong);
	});

	it("is told what to write, and in which line it is wrong", () => {
		const details = judgeSoraConf("\nsignaling_notify = false").map(({ detail }) => detail);
		expect(details.slice(0, 2)).toEqual([
			"missing, false by default: clients that encrypt are cut off. Add: e2ee = true",
			"is false, line 2: clients hear nothing of each other. Write: signaling_notify = true",
		]);
		const [spaced] = judgeSoraConf("e2ee =\u3000true");
		expect(spaced?.detail).toMatch(/^is "\\u3000true", which is neither true nor false, line 1/);
	});
});

describe("check-sora", () => {
	const [large, binary] = [join(folder, "large"), join(folder, "binary")];
	writeFileSync(large, "a = b\n".repeat(1_000_000));
	writeFileSync(binary, Buffer.from("e2ee = true", "utf16le"));

	it.each<[string, number]>([
		["e2ee = true", 0],
		["", 1],
	])("of %j ends with %i", async (text, code) => {
		const file = join(folder, "sora.conf");
		writeFileSync(file, text);
		const command = join(import.meta.dirname, "../../kv-seed/check-sora.ts");
		const ended = await promisify(execFile)(process.execPath, [command, file]).then(
			({ stdout }) => ({ code: 0, stdout }),
			(fault: { code: number; stdout: string }) => fault,
		);
		expect(ended.code).toBe(code);
		expect(ended.stdout).toContain(code === 0 ? "can carry" : "1 of 4 settings");
	});

	it.each([
		[[], "One argument is wanted"],
		[["a", "b"], "One argument is wanted"],
		[["--file"], "Unknown flag --file."],
		[[join(folder, "nowhere")], "cannot be read: there is no such file"],
		[[folder], "cannot be read: it is a directory"],
		[[large], "larger than 1 MiB"],
		[[binary], "not text in UTF-8"],
	])("%j is refused: %s", async (args, message) => {
		await expect(checkSora(args)).rejects.toThrow(message);
	});

	it("explains itself", async () => {
		expect((await checkSora(["--help"])).text).toContain("npm run check-sora");
	});
});
