import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { logDecision } from "../observe/decision-log.ts";
import { isDash } from "../manifest/dash.ts";
import { isHls } from "../manifest/hls.ts";
import { judgeLimits } from "./admit.ts";
import type { Asker } from "./limit-ask.ts";
import { isKnownMedia, saysManifest } from "./content-type.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import { deliveryBelow } from "./delivery.ts";
import { KEY_BYTES } from "./key.ts";
import { type LimitedBody, readUpTo } from "./limited-body.ts";
import type { Manifest } from "./manifest.ts";
import { passedHeaders, readFile } from "./source-file.ts";
import { isHlsSource } from "./sources.ts";

/** Something below a directory of the source, as a player asks for it under a grant. */
export interface MediaAsk {
	/** Address at the source, with the player's query. */
	readonly url: string;
	/** The directory that its relative URIs may stay in. */
	readonly dir: string;
	/** From the document to `/g/<grant>/`: "../../". */
	readonly base: string;
	readonly sourceIndex: number;
}

/** Enough to find the first element of an MPD after a comment. */
const XML_START_BYTES = 4096;
const MANIFEST = Symbol("manifest");

/** Serves a media playlist, segment or other resource: a renewal of the session. */
export async function serveMedia(exchange: Exchange, asker: Asker, ask: MediaAsk): Promise<Decision<Response>> {
	const admission = await judgeLimits(exchange, asker, { intent: "renew", use: false });
	if (!admission.allowed) return admission;
	const path = pathOf(ask.url);
	const served = saysManifest(path, null)
		? await serveManifest(exchange, asker, ask)
		: await serveFile(exchange, asker, ask, path);
	if (served.allowed) logDecision(exchange, { status: served.value.status, goesOn: true });
	return served;
}

async function serveManifest(exchange: Exchange, asker: Asker, ask: MediaAsk): Promise<Decision<Response>> {
	const source = asker.video.record.sources[ask.sourceIndex];
	if (!source) return refuse({ reason: "resource-not-found" });
	const { manifests } = exchange.gate;
	const delivery = await deliveryBelow(exchange, asker, source);
	if (!delivery.allowed) return delivery;
	const manifest = await manifests.read({
		video: asker.video,
		source,
		url: ask.url,
		servedBelow: { dir: ask.dir },
		delivery: delivery.value,
	});
	if (!manifest.allowed) return manifest;
	// An MPD needs an absolute base (see `DashTemplate.parts`); a playlist a relative one, to be the same for every viewer.
	const base = isHlsSource(source) ? ask.base : grantBase(exchange);
	return allow(manifestResponse(exchange, manifest.value, base));
}

/** `https://<gate>/g/<grant>/` of a request under a grant. */
function grantBase({ url, path }: Exchange): string {
	return new URL(url).origin + path.slice(0, path.indexOf("/", "/g/".length) + 1);
}

function manifestResponse(exchange: Exchange, manifest: Manifest, base: string): Response {
	const headers = decisionHeaders(answerContext(exchange));
	const etag = manifest.etag(base);
	if (etag !== null) headers["ETag"] = etag;
	const known = exchange.headers.get("If-None-Match");
	if (etag !== null && known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)) {
		return new Response(null, { status: 304, headers });
	}
	headers["Content-Type"] = manifest.contentType;
	return new Response(manifest.body(base), { headers });
}

async function serveFile(exchange: Exchange, asker: Asker, ask: MediaAsk, path: string): Promise<Decision<Response>> {
	const known = isKnownMedia(path);
	const read = await readFile(exchange, asker, ask.url, known);
	if (!read.allowed) return read;
	const source = read.value;
	if (saysManifest(path, source.headers.get("Content-Type")) && source.status === 200) {
		await source.body?.cancel();
		return serveManifest(exchange, asker, ask);
	}
	if (mayBeKey(source, known)) {
		await source.body?.cancel();
		return refuse({ reason: "resource-not-found" });
	}
	const body =
		known || source.status !== 200 || exchange.method === "HEAD" ? allow(source.body) : await inspect(source);
	if (!body.allowed) return body;
	if (body.value === MANIFEST) return serveManifest(exchange, asker, ask);
	return allow(new Response(body.value, { status: source.status, headers: passedHeaders(exchange, source) }));
}

/** A key beside the media must not be had as a segment, past `maxu`: no segment is as short as a key. */
function mayBeKey({ status, headers }: Response, known: boolean): boolean {
	if (status !== 206) return headers.get("Content-Length") === String(KEY_BYTES);
	const total = headers.get("Content-Range")?.split("/")[1] ?? "*";
	return total === String(KEY_BYTES) || (total === "*" && !known); // a part of we do not know what
}

/** A file whose name says nothing may be a manifest under another name, or a key of a source that names no length. */
async function inspect(source: Response): Promise<Decision<Uint8Array | ReadableStream | typeof MANIFEST>> {
	const start = await readStart(source);
	if (!start.allowed) return start;
	const { bytes, rest } = start.value;
	if (rest === null && bytes.byteLength === KEY_BYTES) return refuse({ reason: "resource-not-found" });
	const head = textOf(bytes);
	if (isHls(head) || isDash(head)) {
		await rest?.cancel();
		return allow(MANIFEST);
	}
	if (rest === null) return allow(bytes);
	const { readable, writable } = new IdentityTransformStream();
	void (async () => {
		const writer = writable.getWriter();
		await writer.write(bytes);
		writer.releaseLock();
		await rest.pipeTo(writable);
	})().catch(() => {}); // the player went away
	return allow(readable);
}

/** As little as tells what it is, for the rest may be slow to come: more only where it begins like XML. */
async function readStart(source: Response): Promise<Decision<LimitedBody>> {
	const start = await readUpTo(source, KEY_BYTES + 1);
	if (!start.allowed || start.value.rest === null || !/^\s*</.test(textOf(start.value.bytes))) return start;
	const more = await readUpTo({ body: start.value.rest }, XML_START_BYTES);
	if (!more.allowed) return more;
	return allow({ bytes: Buffer.concat([start.value.bytes, more.value.bytes]), rest: more.value.rest });
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, XML_START_BYTES));
const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] ?? url;
