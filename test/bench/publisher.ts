import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { toRecords } from "../../kv-seed/records.ts";
import { makeSigningKey } from "../../kv-seed/tokens/key-pair.ts";
import type { SigningAlgorithm, SigningKey } from "../../kv-seed/tokens/key-pair.ts";
import { signToken } from "../../kv-seed/tokens/sign.ts";
import type { RawClaims } from "../../kv-seed/tokens/sign.ts";
import { mediaPlaylist, multivariantPlaylist, segment, urisOf } from "./media.ts";

export const ACCOUNT = "bench";
export const CONTENT_SECRET = "content-secret-of-the-benchmark";

/** A publisher with one key of each algorithm; its tokens hold for six hours. */
export interface Publisher {
	readonly keys: Readonly<Record<SigningAlgorithm, SigningKey>>;
	readonly sign: (claims: RawClaims, algorithm?: SigningAlgorithm) => Promise<string>;
}

/** Makes the keys in `keyDir`. */
export async function openPublisher(keyDir: string): Promise<Publisher> {
	const make = (algorithm: SigningAlgorithm) => makeSigningKey(join(keyDir, `${algorithm}.pem`), algorithm);
	const keys = { RS256: await make("RS256"), ES256: await make("ES256") };
	const now = Math.floor(Date.now() / 1000);
	return {
		keys,
		sign: (claims, algorithm = "RS256") =>
			signToken(keys[algorithm], { accid: ACCOUNT, iat: now, exp: now + 21_600, ...claims }, algorithm),
	};
}

const KEY_NAME = "k1.key";
const KEY = Buffer.alloc(16, 7).toString("base64");
const HLS = "application/x-mpegURL";

/** Puts the account and its three videos where the gate reads them: `clear` and `vault` (AES-128) in R2, `remote` at the origin. */
export async function publish(miniflare: Miniflare, publisher: Publisher, originUrl: string): Promise<void> {
	const video = (id: string, src: string, more: object = {}) => ({
		id,
		name: id,
		sources: [{ type: HLS, src, protection: "", ...more }],
	});
	const seed = {
		accounts: [
			{
				id: ACCOUNT,
				keys: Object.entries(publisher.keys).map(([id, { publicValue }]) => ({ id, value: publicValue })),
				videos: [
					video("clear", "r2://MEDIA/clear/master.m3u8"),
					video("vault", "r2://MEDIA/vault/master.m3u8", { protection: "aes128", keys: { [KEY_NAME]: KEY } }),
					video("remote", `${originUrl}/remote/master.m3u8`),
				],
			},
		],
	};
	const result = await toRecords(seed, { contentSecret: CONTENT_SECRET, local: true });
	if (!result.ok) throw new Error(result.issues.join("\n"));
	const catalog = await miniflare.getKVNamespace("CATALOG");
	for (const { key, value, metadata } of result.records) {
		await catalog.put(key, value, metadata === undefined ? {} : { metadata });
	}
	await putMedia(miniflare, "clear/", null);
	await putMedia(miniflare, "vault/", KEY_NAME);
}

async function putMedia(miniflare: Miniflare, prefix: string, keyUri: string | null): Promise<void> {
	const bucket = await miniflare.getR2Bucket("MEDIA");
	const multivariant = multivariantPlaylist();
	const playlist = mediaPlaylist(keyUri);
	await bucket.put(`${prefix}master.m3u8`, multivariant);
	const base = `r2://MEDIA/${prefix}`;
	const [rendition = ""] = urisOf(multivariant, base);
	const file = urisOf(playlist, rendition).find((uri) => uri.endsWith(".ts")) ?? "";
	await bucket.put(keyOf(rendition), playlist);
	await bucket.put(keyOf(file), segment(), { httpMetadata: { contentType: "video/mp2t" } });
}

const keyOf = (url: string): string => new URL(url).pathname.slice(1);
