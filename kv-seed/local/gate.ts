import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import type { V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { buildGate, bundleModules } from "./bundle.ts";
import { projectDir } from "./paths.ts";
import { watchRuntimeChild } from "./runtime-child.ts";
import { siteWorker } from "./site.ts";
import type { DemoLink } from "./site.ts";

const host = "127.0.0.1";

export interface GateSecrets {
	readonly ADMIN_TOKEN: string;
	readonly GRANT_SECRET: string;
	readonly CONTENT_SECRET: string;
}

export interface GateOptions {
	/** Folder that keeps KV, R2 and Durable Objects, laid out as by `wrangler dev --persist-to`. */
	readonly stateDir: string;
	readonly secrets: GateSecrets;
	/** 0, the default, takes any free port. */
	readonly port?: number;
	/** `DECISION_LOG` of the Worker; "none" by default. */
	readonly decisionLog?: "all" | "decisions" | "refusals" | "none";
	/** Other variables of wrangler.toml, in place of what stands there. */
	readonly vars?: Readonly<Record<string, string>>;
	/** A folder that `buildGate` filled before; without it the Worker is built now. */
	readonly bundleDir?: string;
	/** Serves the demo pages at `/demo/`, in front of the gate. */
	readonly demo?: boolean;
	/** Runs a second isolate on the same KV, R2 and objects, as another place of the network does. */
	readonly elsewhere?: boolean;
	/** What the start page of the demo offers. */
	readonly demoLinks?: readonly DemoLink[];
	/** Hears each line of the Worker's log. Without it, errors go to standard error and the rest nowhere. */
	readonly onLog?: (level: string, message: string) => void;
}

export interface RunningGate {
	/** `http://127.0.0.1:PORT`, without a slash at the end. */
	readonly url: string;
	/** The same of the second isolate; null without one. */
	readonly elsewhereUrl: string | null;
	/** For the bindings, to seed in process: `miniflare.getKVNamespace("CATALOG")`, `getR2Bucket("MEDIA")`. */
	readonly miniflare: Miniflare;
	/** Process id of the runtime. Miniflare starts a killed one again, on the same port, with a new id. */
	readonly pid: () => number;
	readonly stop: () => Promise<void>;
}

/**
 * Runs the Worker on 127.0.0.1, as wrangler.toml describes it, with the settings of the local environment.
 *
 * Viewers connect to the Worker's own socket: unlike `wrangler dev`, nothing stands in between, and nothing adds
 * `CF-Connecting-IP` or `request.cf`. With `demo` the demo site stands in front, and adds the address.
 *
 * @throws Error with one line, when the port is in use; with the build's output, when the Worker does not build
 */
export async function startGate(options: GateOptions): Promise<RunningGate> {
	await assertPortFree(options.port ?? 0);
	const scratchDir = await mkdtemp(join(tmpdir(), "playgate-"));
	const child = watchRuntimeChild();
	let miniflare: Miniflare | undefined;
	const stop = async (): Promise<void> => {
		await miniflare?.dispose();
		child.forget();
		await rm(scratchDir, { recursive: true, force: true });
	};
	try {
		const bundleDir = options.bundleDir ?? scratchDir;
		if (options.bundleDir === undefined) await buildGate(bundleDir);
		const workers = await workersOf(options, bundleDir);
		miniflare = new Miniflare(
			convertV4MiniflareOptions({
				workers,
				resourcePersistencePath: join(options.stateDir, "v3"), // the sub-folder that wrangler uses
				cf: false, // otherwise Miniflare fetches an example of `request.cf`
				log: new Log(LogLevel.ERROR),
				logRequests: false,
				handleStructuredLogs: ({ level, message }) => (options.onLog ?? logErrors)(level, message),
				unsafeRuntimeEnv: { ...child.env },
			}),
		);
		const url = await miniflare.unsafeGetDirectURL(options.demo === true ? siteName : undefined);
		const elsewhere = options.elsewhere === true ? await miniflare.unsafeGetDirectURL(elsewhereName) : null;
		return { url: url.origin, elsewhereUrl: elsewhere?.origin ?? null, miniflare, pid: child.pid, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

const siteName = "playgate-demo-site";
const elsewhereName = "playgate-elsewhere";

async function workersOf(options: GateOptions, bundleDir: string): Promise<V4WorkerOptions[]> {
	const door = [{ host, port: options.port ?? 0 }];
	const gate = await gateWorker(options, bundleDir);
	if (options.elsewhere === true) return [{ ...gate, unsafeDirectSockets: door }, twinOf(gate)];
	if (options.demo !== true) return [{ ...gate, unsafeDirectSockets: door }];
	const site = await siteWorker({ name: siteName, gate: gate.name, links: options.demoLinks ?? [] });
	return [gate, { ...site, unsafeDirectSockets: door }];
}

async function gateWorker(options: GateOptions, bundleDir: string): Promise<V4WorkerOptions & { name: string }> {
	const config = unstable_readConfig({ config: join(projectDir, "wrangler.toml") });
	const name = config.name ?? "playgate";
	// As if the configuration lay in the state folder: secrets come from the caller, never from a .dev.vars or .env nearby.
	const userConfigPath = join(options.stateDir, "wrangler.toml");
	const { workerOptions } = unstable_getMiniflareWorkerOptions({ ...config, userConfigPath, secrets: undefined });
	const { modulesRules: _sources, ...described } = workerOptions; // the bundle's modules are known one by one
	return {
		...described,
		name,
		rootPath: bundleDir,
		modulesRoot: bundleDir,
		modules: await bundleModules(bundleDir),
		bindings: {
			...config.vars,
			ENVIRONMENT: "local",
			TRUST_CLIENT_HEADERS: "true",
			DECISION_LOG: options.decisionLog ?? "none",
			...options.vars,
			...options.secrets,
		},
	};
}

/** The same Worker under another name, which makes it an isolate of its own; its objects are those of the first. */
function twinOf(gate: V4WorkerOptions & { name: string }): V4WorkerOptions {
	const classes = Object.entries(gate.durableObjects ?? {}).map(([binding, designator]) => {
		const className = typeof designator === "string" ? designator : designator.className;
		return [binding, { className, scriptName: gate.name }];
	});
	return {
		...gate,
		name: elsewhereName,
		durableObjects: Object.fromEntries(classes),
		unsafeDirectSockets: [{ host, port: 0 }],
	};
}

/** The runtime itself would report a taken port as a failure of several lines, after the build. */
async function assertPortFree(port: number): Promise<void> {
	const server = createServer();
	await new Promise<void>((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			const inUse = `Port ${port} on ${host} is in use: stop what runs there, or choose another with PORT=<number>.`;
			reject(error.code === "EADDRINUSE" ? new Error(inUse, { cause: error }) : error);
		});
		server.listen(port, host, () => server.close(() => resolve()));
	});
}

function logErrors(level: string, message: string): void {
	if (level === "error") console.error(message);
}
