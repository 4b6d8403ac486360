import { exports } from "cloudflare:workers";
import { SignJWT, exportSPKI, generateKeyPair } from "jose";

/** A publisher as the outside sees one: signs tokens with a key of its own and manages its account over HTTP. */

export const GATE = "https://gate.example";
export const ADMIN = { Authorization: "Bearer test-admin-token" };

export const rsa = await generateKeyPair("RS256", { extractable: true });
export const ec = await generateKeyPair("ES256", { extractable: true });

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export interface SignOptions {
	readonly key?: CryptoKey;
	readonly alg?: "RS256" | "ES256";
	readonly header?: Readonly<Record<string, unknown>>;
}

/** A token that is valid for an hour, unless the claims say otherwise (`exp: undefined` leaves it out). */
export function sign(claims: Readonly<Record<string, unknown>> = {}, options: SignOptions = {}): Promise<string> {
	const payload = { accid: "acme", iat: nowSeconds(), exp: nowSeconds() + 3600, ...claims };
	const { alg = "RS256", key = alg === "RS256" ? rsa.privateKey : ec.privateKey, header = {} } = options;
	return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key);
}

/** One request to the gate; the client is named by the headers that a trusted proxy would set. */
export function ask(path: string, init: RequestInit & { ip?: string; agent?: string } = {}): Promise<Response> {
	const { ip = "203.0.113.7", agent = "Player/1.0", ...rest } = init;
	const headers = new Headers(rest.headers);
	headers.set("X-Client-IP", ip);
	headers.set("User-Agent", agent);
	return exports.default.fetch(new Request(path.startsWith("http") ? path : GATE + path, { ...rest, headers, redirect: "manual" }));
}

export async function manage(method: string, path: string, body?: unknown): Promise<Response> {
	return ask(path, { method, headers: ADMIN, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

export interface RefusalBody {
	readonly error_code: string;
	readonly error_subcode: string;
	readonly message: string;
	readonly reason: string;
	readonly decision_id: string;
}

/** The refusal of an answer that is one. */
export async function refusalOf(response: Response): Promise<RefusalBody & { readonly status: number }> {
	const [body] = (await response.json()) as RefusalBody[];
	if (!body) throw new Error(`not a refusal: ${response.status}`);
	return { status: response.status, ...body };
}

/** An account `acme` with an RSA and an EC key. */
export async function openAccount(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
	await manage("PUT", "/manage/v1/accounts/acme/settings", settings);
	for (const [id, pair] of Object.entries({ rsa, ec })) {
		await manage("POST", "/v1/accounts/acme/keys", { id, value: await exportSPKI(pair.publicKey) });
	}
}

export const CONTENT_KEY = new Uint8Array(16).map((_, index) => index + 1);
const CONTENT_KEY_BASE64 = btoa(String.fromCharCode(...CONTENT_KEY));

export const MASTER_PATH = "/playback/v1/accounts/acme/videos/clip/master.m3u8";

/** A video `clip` in R2: two renditions, one media playlist each, AES-128 with one key. */
export async function publishClip(media: R2Bucket, record: Readonly<Record<string, unknown>> = {}): Promise<void> {
	const rendition = [
		"#EXTM3U",
		"#EXT-X-TARGETDURATION:4",
		'#EXT-X-KEY:METHOD=AES-128,URI="k1.key",IV=0x00000000000000000000000000000001',
		"#EXTINF:4,",
		"seg0.ts",
		"#EXTINF:4,",
		"seg1.ts",
		"#EXT-X-ENDLIST",
		"",
	].join("\n");
	await media.put("clip/low/index.m3u8", rendition);
	await media.put("clip/high/index.m3u8", rendition);
	for (const name of ["low/seg0.ts", "low/seg1.ts", "high/seg0.ts", "high/seg1.ts"]) await media.put(`clip/${name}`, `segment ${name}`);
	await media.put(
		"clip/master.m3u8",
		"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nlow/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=300000\nhigh/index.m3u8\n",
	);
	await publishVideo("clip", {
		name: "Clip",
		reference_id: "clip-1",
		tags: ["sport"],
		sources: [
			{
				type: "application/x-mpegURL",
				protection: "aes128",
				src: "r2://MEDIA/clip/master.m3u8",
				keys: { "k1.key": CONTENT_KEY_BASE64 },
			},
		],
		...record,
	});
}

export async function publishVideo(id: string, record: Readonly<Record<string, unknown>>): Promise<void> {
	const response = await manage("PUT", `/manage/v1/accounts/acme/videos/${id}`, record);
	if (!response.ok) throw new Error(await response.text());
}

/** The URIs of a playlist, absolute: lines that are not tags, and quoted URI attributes. */
export function urisOf(playlist: string, base: string): { readonly lines: string[]; readonly attributes: string[] } {
	const lines = playlist.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
	const attributes = [...playlist.matchAll(/URI="([^"]*)"/g)].map(([, uri]) => uri ?? "");
	const absolute = (uri: string) => new URL(uri, base).href;
	return { lines: lines.map(absolute), attributes: attributes.map(absolute) };
}

/** Opens the clip as a player does. */
export async function open(token: string, client: { ip?: string; agent?: string } = {}) {
	const masterUrl = `${GATE}${MASTER_PATH}?bcov_auth=${token}`;
	const master = await ask(masterUrl, client);
	if (master.status !== 200) return { status: master.status, refusal: await refusalOf(master), rendition: "", key: "", segment: "" };
	const [rendition = ""] = urisOf(await master.text(), masterUrl).lines;
	const playlist = await (await ask(rendition, client)).text();
	const { lines, attributes } = urisOf(playlist, rendition);
	return { status: 200, refusal: null, rendition, key: attributes[0] ?? "", segment: lines[0] ?? "" };
}
