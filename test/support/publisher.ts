import { exports } from "cloudflare:workers";
import { SignJWT, exportSPKI, generateKeyPair } from "jose";

/** A publisher as the outside sees one: an account of its own, tokens signed with its own keys, everything over HTTP. */
export interface Publisher {
	readonly account: string;
	readonly masterPath: string;
	readonly sign: (claims?: Claims, options?: SignOptions) => Promise<string>;
	/** A management call with the right credential. */
	readonly manage: (method: string, path: string, body?: unknown) => Promise<Response>;
	readonly publishVideo: (id: string, record: Readonly<Record<string, unknown>>) => Promise<void>;
	/** A video `clip` in R2: two renditions, one AES-128 key. */
	readonly publishClip: (media: R2Bucket, record?: Readonly<Record<string, unknown>>) => Promise<void>;
	/** Opens the clip as a player does: multivariant playlist, then the first media playlist. */
	readonly open: (token: string, client?: ClientInit) => Promise<Opened>;
}

export type Claims = Readonly<Record<string, unknown>>;

export interface SignOptions {
	readonly alg?: "RS256" | "ES256";
	readonly key?: CryptoKey;
	readonly header?: Readonly<Record<string, unknown>>;
}

export interface ClientInit {
	readonly ip?: string;
	readonly agent?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly method?: string;
	readonly body?: string | Uint8Array;
}

export interface Opened {
	readonly status: number;
	readonly refusal: RefusalBody | null;
	readonly rendition: string;
	readonly key: string;
	readonly segment: string;
}

export interface RefusalBody {
	readonly error_code: string;
	readonly error_subcode: string;
	readonly message: string;
	readonly reason: string;
	readonly decision_id: string;
}

export const GATE = "https://gate.example";
export const ADMIN = { Authorization: "Bearer test-admin-token" };
export const CONTENT_KEY = new Uint8Array(16).map((_, index) => index + 1);

const pairs = {
	RS256: await generateKeyPair("RS256", { extractable: true }),
	ES256: await generateKeyPair("ES256", { extractable: true }),
};
const publicKeys = { rsa: await exportSPKI(pairs.RS256.publicKey), ec: await exportSPKI(pairs.ES256.publicKey) };

let accounts = 0;

/** Each test has an account of its own, for storage and the isolate's caches outlive it. */
export async function newPublisher(settings: Readonly<Record<string, unknown>> = {}): Promise<Publisher> {
	accounts += 1;
	const account = `acme-${accounts}`;
	const videos = `/manage/v1/accounts/${account}/videos`;
	const masterPath = `/playback/v1/accounts/${account}/videos/clip/master.m3u8`;
	const manage = (method: string, path: string, body?: unknown) =>
		ask(path, { method, headers: ADMIN, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
	const publishVideo = async (id: string, record: Readonly<Record<string, unknown>>) => {
		await expectOk(await manage("PUT", `${videos}/${id}`, record));
	};
	await expectOk(await manage("PUT", `/manage/v1/accounts/${account}/settings`, settings));
	for (const [id, value] of Object.entries(publicKeys)) {
		await expectOk(await manage("POST", `/v1/accounts/${account}/keys`, { id, value }));
	}
	return {
		account,
		masterPath,
		sign: (claims, options) => sign({ accid: account, ...claims }, options),
		manage,
		publishVideo,
		publishClip: async (media, record = {}) => {
			await putClip(media, account);
			await publishVideo("clip", { ...clipRecord(account), ...record });
		},
		open: (token, client) => openClip(masterPath, token, client),
	};
}

async function expectOk(response: Response): Promise<void> {
	if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

/** A token that is valid for an hour, unless the claims say otherwise (`exp: undefined` leaves it out). */
function sign(claims: Claims, options: SignOptions = {}): Promise<string> {
	const nowSeconds = Math.floor(Date.now() / 1000);
	const { alg = "RS256", key = pairs[alg].privateKey, header = {} } = options;
	const payload = { iat: nowSeconds, exp: nowSeconds + 3600, ...claims };
	return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key);
}

/** One request to the gate; the client is named by the headers that a trusted proxy would set. */
export function ask(
	path: string,
	{ ip = "203.0.113.7", agent = "Player/1.0", headers, ...init }: ClientInit = {},
): Promise<Response> {
	const url = path.startsWith("http") ? path : GATE + path;
	const named = { "X-Client-IP": ip, "User-Agent": agent, ...headers };
	return exports.default.fetch(new Request(url, { ...init, headers: named, redirect: "manual" }));
}

/** Text of a body whatever its media type (workerd warns about `text()` of media). */
export async function textOf(response: Response): Promise<string> {
	return new TextDecoder().decode(await response.arrayBuffer());
}

/** The refusal of an answer that is one. */
export async function refusalOf(response: Response): Promise<RefusalBody & { readonly status: number }> {
	const [body] = (await response.json()) as RefusalBody[];
	if (!body) throw new Error(`not a refusal: ${response.status}`);
	return { status: response.status, ...body };
}

/** The URIs of a playlist, absolute: lines that are not tags, and quoted URI attributes. */
export function urisOf(playlist: string, base: string): { readonly lines: string[]; readonly attributes: string[] } {
	const lines = playlist.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
	const attributes = [...playlist.matchAll(/URI="([^"]*)"/g)].map(([, uri]) => uri ?? "");
	const absolute = (uri: string) => new URL(uri, base).href;
	return { lines: lines.map(absolute), attributes: attributes.map(absolute) };
}

const RENDITION = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-KEY:METHOD=AES-128,URI="k1.key",IV=0x00000000000000000000000000000001
#EXTINF:4,
seg0.ts
#EXTINF:4,
seg1.ts
#EXT-X-ENDLIST
`;
const MASTER = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=100000
low/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000
high/index.m3u8
`;

async function putClip(media: R2Bucket, account: string): Promise<void> {
	await media.put(`${account}/clip/master.m3u8`, MASTER);
	for (const rendition of ["low", "high"]) {
		await media.put(`${account}/clip/${rendition}/index.m3u8`, RENDITION);
		for (const name of ["seg0.ts", "seg1.ts"]) {
			await media.put(`${account}/clip/${rendition}/${name}`, `segment ${rendition}/${name}`);
		}
	}
}

function clipRecord(account: string) {
	const key = btoa(String.fromCharCode(...CONTENT_KEY));
	return {
		name: "Clip",
		reference_id: "clip-1",
		tags: ["sport"],
		sources: [
			{
				type: "application/x-mpegURL",
				protection: "aes128",
				src: `r2://MEDIA/${account}/clip/master.m3u8`,
				keys: { "k1.key": key },
			},
		],
	};
}

async function openClip(masterPath: string, token: string, client: ClientInit = {}): Promise<Opened> {
	const masterUrl = `${GATE}${masterPath}?bcov_auth=${token}`;
	const master = await ask(masterUrl, client);
	if (master.status !== 200) {
		return { status: master.status, refusal: await refusalOf(master), rendition: "", key: "", segment: "" };
	}
	const [rendition = ""] = urisOf(await textOf(master), masterUrl).lines;
	const { lines, attributes } = urisOf(await textOf(await ask(rendition, client)), rendition);
	return { status: 200, refusal: null, rendition, key: attributes[0] ?? "", segment: lines[0] ?? "" };
}
