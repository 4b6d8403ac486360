import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { startGate } from "../../kv-seed/local/gate.ts";
import type { RunningGate } from "../../kv-seed/local/gate.ts";
import { projectDir } from "../../kv-seed/local/paths.ts";
import { buildBaseline } from "./baseline/build.ts";
import type { CaseName } from "./cases.ts";
import { askOnce, inTurn } from "./load.ts";
import type { Target } from "./load.ts";
import { CONTENT_SECRET, openPublisher, publish } from "./publisher.ts";
import type { Publisher } from "./publisher.ts";
import { startOrigin } from "./origin.ts";
import type { Origin } from "./origin.ts";
import { type GatePaths, gatePaths } from "./viewers.ts";

const secrets = {
	ADMIN_TOKEN: "admin-token-of-the-benchmark",
	GRANT_SECRET: "grant-secret-of-the-benchmark",
	CONTENT_SECRET,
};

/** The gate, the baselines and the origin, running, and what to ask of them. */
export interface World {
	readonly targets: Readonly<Record<CaseName, Target>>;
	readonly stop: () => Promise<void>;
}

/**
 * Starts everything on 127.0.0.1. State lies in the project's `.wrangler` folder, on a disk: commits shall cost what they cost.
 *
 * @param bundleDir a built Worker to measure; without it the Worker is built now
 */
export async function openWorld(bundleDir: string | undefined): Promise<World> {
	const root = join(projectDir, ".wrangler");
	await mkdir(root, { recursive: true });
	const dir = await mkdtemp(join(root, "bench-"));
	process.once("exit", () => rmSync(dir, { recursive: true, force: true })); // also when it is broken off
	const closers: (() => Promise<void>)[] = [];
	const stop = async (): Promise<void> => {
		for (const close of closers.toReversed()) await close();
	};
	try {
		const origin = await startOrigin();
		closers.push(async () => void (await origin.stop()));
		const publisher = await openPublisher(dir);
		const gate = await startGate({
			stateDir: join(dir, "gate"),
			secrets,
			...(bundleDir === undefined ? {} : { bundleDir }),
		});
		closers.push(gate.stop);
		await publish(gate.miniflare, publisher, origin.url);
		const paths = await gatePaths(gate, publisher);
		const baseline = await startBaseline(dir, { gate, publisher, origin, paths });
		closers.push(baseline.stop);
		return { targets: { ...gateTargets(gate, paths), ...baselineTargets(baseline, paths) }, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

interface Known {
	readonly gate: RunningGate;
	readonly publisher: Publisher;
	readonly origin: Origin;
	readonly paths: GatePaths;
}

/** The baselines return the bytes that the gate returns, so they are built after it has answered. */
async function startBaseline(dir: string, { gate, publisher, origin, paths }: Known): Promise<RunningGate> {
	const bodyOf = async (path: string, status: number): Promise<Buffer> =>
		Buffer.from(await (await askOnce(gate, path, status)).arrayBuffer());
	const pem = (value: string) => `-----BEGIN PUBLIC KEY-----\n${value}\n-----END PUBLIC KEY-----`;
	const { RS256, ES256 } = publisher.keys;
	const fixtures = {
		manifest: (await bodyOf(paths.manifest, 200)).toString(),
		refusal: (await bodyOf(paths.refused, 403)).toString(),
		key: (await bodyOf(paths.key, 200)).toString("base64"),
		publicKeys: { RS256: pem(RS256.publicValue), ES256: pem(ES256.publicValue) },
		origin: origin.url,
	};
	const segment = await bodyOf(paths.segmentBucket, 200);
	const bundleDir = join(dir, "baseline-bundle");
	await mkdir(bundleDir);
	await buildBaseline(bundleDir, fixtures, await bodyOf(paths.playlist, 200));
	const baseline = await startGate({ stateDir: join(dir, "baseline"), secrets, bundleDir });
	await (await baseline.miniflare.getR2Bucket("MEDIA")).put("segment.ts", segment);
	return baseline;
}

type GateCase =
	| "manifest"
	| `manifest-${string}`
	| `limits-${string}`
	| "refused"
	| "key"
	| `segment-${string}`
	| "playlist";

function gateTargets(gate: RunningGate, paths: GatePaths): Readonly<Record<Extract<CaseName, GateCase>, Target>> {
	const ask = (path: string, status = 200): Target => ({ server: gate, path, status });
	const each = (all: readonly string[]): Target => ({ server: gate, path: inTurn(all), status: 200 });
	return {
		manifest: ask(paths.manifest),
		"manifest-rs256": each(paths.newRs256),
		"manifest-es256": each(paths.newEs256),
		"limits-hot": ask(paths.limitsHot),
		"limits-sharded": { ...ask(paths.limitsSharded), addresses: 1000 },
		"limits-spread": each(paths.limitsSpread),
		refused: ask(paths.refused, 403),
		key: ask(paths.key),
		"segment-bucket": ask(paths.segmentBucket),
		"segment-origin": ask(paths.segmentOrigin),
		playlist: ask(paths.playlist),
	};
}

/** Each baseline gets a request of the same size as the case beside it: the gate's path stands in the query. */
function baselineTargets(
	baseline: RunningGate,
	paths: GatePaths,
): Readonly<Record<Exclude<CaseName, GateCase>, Target>> {
	const ask = (route: string, like: string, status = 200): Target => ({
		server: baseline,
		path: `${route}?like=${like}`,
		status,
	});
	const each = (all: readonly string[], routeOf: (index: number) => string): Target => {
		const paths = all.map((like, index) => routeOf(index) + like.slice(like.indexOf("?")));
		return { server: baseline, path: inTurn(paths), status: 200 };
	};
	return {
		"bare-manifest": ask("/manifest", paths.manifest),
		"jose-rs256": each(paths.newRs256, () => "/verify/RS256"),
		"jose-es256": each(paths.newEs256, () => "/verify/ES256"),
		"call-hot": ask("/call/object", paths.limitsHot),
		"count-hot": ask("/count/object", paths.limitsHot),
		"call-spread": each(paths.limitsSpread, (index) => `/call/object-${index}`),
		"count-spread": each(paths.limitsSpread, (index) => `/count/object-${index}`),
		"bare-refusal": ask("/refusal", paths.refused, 403),
		"bare-key": ask("/key", paths.key),
		"bucket-segment": ask("/bucket/segment.ts", paths.segmentBucket),
		"origin-segment": ask("/origin/remote/segment.ts", paths.segmentOrigin),
		"origin-playlist": ask("/origin/remote/index.m3u8", paths.playlist),
		"bare-playlist": ask("/playlist", paths.playlist),
	};
}
