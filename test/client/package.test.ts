import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// What an application gets: the package as npm packs it, unpacked into a project that knows nothing of this one.
const project = join(import.meta.dirname, "../..");
const run = promisify(execFile);
let app = "";
let installed = "";

beforeAll(async () => {
	app = await mkdtemp(join(tmpdir(), "playgate-app-"));
	installed = join(app, "node_modules/playgate");
	await mkdir(installed, { recursive: true });
	const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", app], { cwd: project });
	const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ filename: string }];
	await run("tar", ["xzf", join(app, packed.filename), "-C", installed, "--strip-components=1"]);
	await writeFile(join(app, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(app, { recursive: true, force: true }));

const filesOf = async (): Promise<string[]> =>
	(await readdir(installed, { recursive: true, withFileTypes: true }))
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));

describe("the package", () => {
	it("is the client and nothing else", async () => {
		const files = await filesOf();
		expect(files.filter((file) => !file.startsWith("dist/client/")).toSorted()).toEqual([
			"LICENSE",
			"README.md",
			"package.json",
		]);
		expect(files).toEqual(expect.arrayContaining(["dist/client/index.js", "dist/client/index.d.ts"]));
	});

	it("depends on nothing: every import is of a file beside", async () => {
		const files = (await filesOf()).filter((file) => file.endsWith(".js"));
		for (const file of files) {
			const text = await readFile(join(installed, file), "utf8");
			const imports = [...text.matchAll(/^(?:import|export) (?:.* from )?"([^"]+)";|\bimport\("([^"]+)"\)/gm)].map(
				([, path, late]) => path ?? late ?? "",
			);
			expect(imports.filter((path) => !/^\.\.?\/[\w/-]+\.js$/.test(path))).toEqual([]);
		}
	});

	it("loads in Node, where a back end may check a secret, too", async () => {
		const script =
			'import { checkSecret, JoinError } from "playgate/client"; console.log(checkSecret("short"), JoinError.name);';
		const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: app });
		expect(stdout.trim()).toBe("too-short JoinError");
	});

	it("is bundled for a page, with its worker", async () => {
		const bundle = async (entry: string): Promise<string> => {
			const stdin = { contents: `export * from "${entry}";`, resolveDir: app };
			const built = await build({
				stdin,
				bundle: true,
				write: false,
				format: "esm",
				platform: "browser",
				logLevel: "error",
			});
			return built.outputFiles[0]?.text ?? "";
		};
		expect(await bundle("playgate/client")).toContain("RTCRtpScriptTransform");
		expect(await bundle("playgate/client/frames-worker")).toContain("rtctransform");
	});

	it.each(["bundler", "nodenext"])("has types (%s)", async (resolution) => {
		const page = join(app, `page-${resolution}.ts`);
		await writeFile(
			page,
			`import { Call, FrameEncryption, JoinError, checkSecret, join, type Joined, type SecretProblem } from "playgate/client";
			const problem: SecretProblem | null = checkSecret("x");
			const frames = new FrameEncryption(new Worker("/frames.js"), (event) => console.log(event.type));
			const joined: Joined = await join({ gate: "https://gate.example", account: "a", session: "s", token: "t", role: "publisher" });
			new Call({ url: joined.join.url ?? "", media: null, frames, events: { track: () => undefined, closed: (reason: string) => console.log(reason, problem) } });
			// @ts-expect-error there is no such role
			await join({ gate: "https://gate.example", account: "a", session: "s", token: "t", role: "boss" });
			export const reason = (error: unknown): string => (error instanceof JoinError ? error.reason : "");`,
		);
		const module = resolution === "nodenext" ? "nodenext" : "esnext";
		const options = ["--noEmit", "--strict", "--target", "es2024", "--lib", "es2024,dom,dom.iterable", "--types", ""];
		const tsc = join(project, "node_modules/.bin/tsc");
		const checked = run(tsc, [...options, "--module", module, "--moduleResolution", resolution, page], { cwd: app });
		expect((await checked.catch((error: { stdout: string }) => error)).stdout).toBe("");
	});
});
