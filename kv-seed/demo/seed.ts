import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Miniflare } from "miniflare";
import { toRecords } from "../records.ts";

const demoDir = import.meta.dirname;
const clipDir = join(demoDir, "clip");
const clipPrefix = "clip/"; // `src` of the video in demo.json

/** What the demo needs, and where to put it. */
export interface DemoState {
	readonly miniflare: Miniflare;
	readonly stateDir: string;
	/** Public key that the demo's tokens are signed for, base64 of SPKI. */
	readonly publicValue: string;
	readonly contentSecret: string;
}

/**
 * Puts the clip into R2 and the demo account into KV. What is there and unchanged is left alone, so that a second start is
 * fast and keeps what was changed through the API; nothing is ever removed.
 *
 * @throws Error with the issues of the seed, each with its path
 */
export async function seedDemo(state: DemoState): Promise<void> {
	await putClip(state.miniflare);
	await putRecords(state);
}

const contentTypes: Readonly<Record<string, string>> = {
	".m3u8": "application/vnd.apple.mpegurl",
	".mpegts": "video/mp2t",
};

async function putClip(miniflare: Miniflare): Promise<void> {
	const bucket = await miniflare.getR2Bucket("MEDIA");
	const { objects } = await bucket.list({ prefix: clipPrefix });
	const stored = new Map(objects.map(({ key, etag }) => [key, etag]));
	for (const name of await readdir(clipDir)) {
		const body = await readFile(join(clipDir, name));
		const key = clipPrefix + name;
		if (stored.get(key) === createHash("md5").update(body).digest("hex")) continue; // R2's etag of a single upload
		const contentType = contentTypes[extname(name)] ?? "application/octet-stream";
		await bucket.put(key, body, { httpMetadata: { contentType } });
	}
}

async function putRecords({ miniflare, stateDir, publicValue, contentSecret }: DemoState): Promise<void> {
	const seed = withKey(JSON.parse(await readFile(join(demoDir, "demo.json"), "utf8")), publicValue);
	const result = await toRecords(seed, { contentSecret, local: true });
	if (!result.ok) throw new Error(`The demo seed is wrong:\n${result.issues.join("\n")}`);
	const catalog = await miniflare.getKVNamespace("CATALOG");
	// Records hold sealed secrets that differ each time, so what they were made from is compared instead.
	const fingerprint = createHash("sha256").update(contentSecret).update(JSON.stringify(seed)).digest("hex");
	const fingerprintFile = join(stateDir, "demo-seed.sha256");
	const unchanged = (await readFile(fingerprintFile, "utf8").catch(() => "")) === fingerprint;
	for (const { key, value, metadata } of result.records) {
		if (unchanged && (await catalog.get(key)) !== null) continue;
		await catalog.put(key, value, metadata === undefined ? {} : { metadata });
	}
	await writeFile(fingerprintFile, fingerprint);
}

interface Seed {
	readonly accounts: readonly { readonly keys: readonly unknown[] }[];
}

/** The key pair is made on each machine, so that no private key is ever committed. */
function withKey(seed: Seed, publicValue: string): Seed {
	const accounts = seed.accounts.map((account) => ({ ...account, keys: [{ id: demoKeyId, value: publicValue }] }));
	return { ...seed, accounts };
}

/** `kid` of the demo's tokens. */
export const demoKeyId = "demo-key";
