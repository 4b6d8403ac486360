import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { keygen } from "../../kv-seed/keygen.ts";
import { readSigningKey } from "../../kv-seed/tokens/key-pair.ts";
import { importPublicKey } from "../../worker/token/public-key.ts";

const folder = mkdtempSync(join(tmpdir(), "playgate-keygen-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("keygen", () => {
	it.each(["RS256", "ES256"])("makes an %s pair whose public key the gate takes", async (alg) => {
		const file = join(folder, "keys", `${alg}.pem`);
		const printed = (await keygen(["--out", file, "--alg", alg, "--kid", "key-7"])).split("\n");
		const body = JSON.parse(printed.at(3) ?? "") as { value: string };
		expect(await importPublicKey(body.value)).toMatchObject({ ok: true, algorithm: alg });
		expect(JSON.parse(printed.at(-1) ?? "")).toEqual({ id: "key-7", value: body.value });
		expect(await readSigningKey(file)).toMatchObject({ algorithm: alg, publicValue: body.value });
	});

	it("keeps the private key to its owner, and does not print it", async () => {
		const file = join(folder, "private.pem");
		const printed = await keygen(["--out", file]);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(printed).not.toContain("PRIVATE");
	});

	it("never overwrites a file", async () => {
		const file = join(folder, "kept.pem");
		await keygen(["--out", file]);
		const before = readFileSync(file, "utf8");
		await expect(keygen(["--out", file])).rejects.toThrow(`${file} exists, and a private key is never overwritten`);
		expect(readFileSync(file, "utf8")).toBe(before);
	});

	it.each([
		[[], "--out is required: the file for the private key."],
		[["--out", "x.pem", "--alg", "HS256"], '--alg must be RS256 or ES256, not "HS256".'],
		[["--output", "x.pem"], "Unknown flag --output."],
	])("%j is refused: %s", async (args, message) => {
		await expect(keygen(args)).rejects.toThrow(message);
	});
});
