import type { Video } from "../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import type { LicenseSystem } from "../manifest/dash.ts";
import { logDecision } from "../observe/decision-log.ts";
import { judgeLimits, refundUse } from "./admit.ts";
import type { Asker, LimitAsk } from "./limit-ask.ts";
import { clearKeyLicense, readKeyIds } from "./clear-key.ts";
import type { License } from "./license-server.ts";
import type { LicenseScope, ServerSystem } from "./license-systems.ts";
import { readUpTo } from "./limited-body.ts";
import { rememberDevice } from "./master.ts";

const MOST_REQUEST_BYTES = 65_536;

/** Headers of the player's request that a licence server gets; nothing else of the viewer. */
const PASSED_HEADERS: Readonly<Record<ServerSystem, readonly string[]>> = {
	widevine: ["Content-Type"],
	playready: ["Content-Type", "SOAPAction"],
	fairplay: ["Content-Type"],
};
/** The licence server's own token for live streams, which players put into the licence URL (reference: wire facts 6.1). */
const PASSED_PARAMETER = "token";

/**
 * Serves a licence: a use for `maxu`, a device for `dlimit`, a start or renewal for `climit`. What was asked is read before the limits are
 * judged, and the limits before a licence server is asked: nobody who is refused makes it issue anything.
 */
export async function serveLicense(
	exchange: Exchange,
	asker: Asker,
	system: LicenseSystem,
	scope: LicenseScope,
	intent: LimitAsk["intent"],
): Promise<Decision<Response>> {
	if (!scope.includes(system)) return refuse({ reason: "resource-not-found" });
	const body = await readRequest(exchange);
	if (!body.allowed) return body;
	const license =
		system === "clearkey"
			? await giveClearKey(exchange, asker, scope, body.value, intent)
			: await forward(exchange, asker, system, body.value, intent);
	if (!license.allowed) return license;
	const headers = decisionHeaders(answerContext(exchange));
	headers["Content-Type"] = license.value.contentType;
	rememberDevice(exchange, asker, headers);
	logDecision(exchange, { status: 200 });
	return allow(new Response(license.value.bytes, { headers }));
}

/** The body whatever its media type: players send all kinds. */
async function readRequest({ request }: Exchange): Promise<Decision<Uint8Array>> {
	const read = await readUpTo(request, MOST_REQUEST_BYTES);
	if (!read.allowed) return refuse({ reason: "bad-request", detail: "The licence request broke off." });
	const { bytes, rest } = read.value;
	if (rest !== null) {
		await rest.cancel();
		return refuse({
			reason: "bad-request",
			detail: `The licence request is larger than ${MOST_REQUEST_BYTES} bytes.`,
		});
	}
	if (bytes.byteLength > 0) return allow(bytes);
	return refuse({ reason: "bad-request", detail: "The licence request is empty: send what the player's CDM made." });
}

async function giveClearKey(
	exchange: Exchange,
	asker: Asker,
	scope: LicenseScope,
	body: Uint8Array,
	intent: LimitAsk["intent"],
): Promise<Decision<License>> {
	const keyIds = readKeyIds(body);
	if (!keyIds.allowed) return keyIds;
	const license = clearKeyLicense(exchange.gate.catalog, asker.video, scope.sources, keyIds.value);
	if (!license.allowed) return license;
	const admission = await judgeLimits(exchange, asker, { intent, use: true });
	if (!admission.allowed) return admission;
	return allow({ bytes: new TextEncoder().encode(JSON.stringify(license.value)), contentType: "application/json" });
}

async function forward(
	exchange: Exchange,
	asker: Asker,
	system: ServerSystem,
	body: Uint8Array,
	intent: LimitAsk["intent"],
): Promise<Decision<License>> {
	const server = serverOf(exchange, asker.video, system);
	if (!server) return refuse({ reason: "resource-not-found" });
	const ask = { intent, use: !(system === "widevine" && isCertificateRequest(body)) };
	const admission = await judgeLimits(exchange, asker, ask);
	if (!admission.allowed) return admission;
	const redirectHosts = asker.video.record.allowed_hosts;
	const license = await exchange.gate.licenseServers.request({ ...server, body, redirectHosts });
	if (!license.allowed) await refundUse(exchange, asker, ask);
	return license;
}

/** Address and headers of the record's licence server, with the little of the player's request that is for it. */
function serverOf(exchange: Exchange, video: Video, system: ServerSystem): { url: URL; headers: Headers } | null {
	const address = video.record.licenses[system]?.url;
	if (address === undefined) return null;
	const url = new URL(address);
	const passed = exchange.query.get(PASSED_PARAMETER);
	if (passed !== null && !url.searchParams.has(PASSED_PARAMETER)) url.searchParams.set(PASSED_PARAMETER, passed);
	const headers = new Headers({ "Content-Type": "application/octet-stream" });
	for (const name of PASSED_HEADERS[system]) {
		const value = exchange.headers.get(name);
		if (value !== null) headers.set(name, value);
	}
	for (const [name, value] of exchange.gate.catalog.licenseHeaders(video, system)) headers.set(name, value);
	return { url, headers };
}

/**
 * Before its first licence, a Widevine player asks the server for the certificate that it encrypts its requests with: a message of type 4
 * and nothing else. No key comes of it, so it is no use.
 */
function isCertificateRequest(body: Uint8Array): boolean {
	return body.byteLength === 2 && body[0] === 0x08 && body[1] === 0x04;
}
