import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import { wireError } from "../../../decision/wire.ts";
import { Exchange, jsonResponse } from "../../../exchange.ts";
import { refusalOfFault } from "../../../fault.ts";
import { SingleFlight } from "../../../flight.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { readWebhookAsk } from "./asked.ts";
import { type ConnectAsk, type Connecting, decideConnect } from "./connect.ts";
import { ON_ITS_SOCKET } from "./session.ts";
import type { SoraClient } from "./sora-client.ts";
import { readWebhookBody } from "./webhook-body.ts";

/** Some releases of Sora tell the metadata twice, which a connect message of the most that the gate takes may have for the most part. */
const MOST_BODY_BYTES = 524_288;

/**
 * Sora asks whether a client may connect, and takes any status but 2xx for a failure of its own: the answer is 200, yes or no. It says
 * nothing of signaling_notify and its metadata, by which the clients agree on their keys, nor of codecs (reference: rtc 2.1).
 */
export async function handleAuthWebhook(exchange: Exchange, account: string): Promise<Response> {
	try {
		const ask = await readAuthAsk(exchange);
		if (!ask.allowed) return refusedBySora(exchange, ask.refusal);
		const viewer = viewerOf(exchange, ask.value.client);
		if (exchange.told.account) viewer.told.account = exchange.told.account;
		const decided = await decideOnce(viewer, { ...ask.value, account });
		return decided.allowed ? admitted(viewer, decided.value) : refusedBySora(viewer, decided.refusal);
	} catch (fault) {
		return refusedBySora(exchange, refusalOfFault(exchange, "sora-auth-webhook", fault));
	}
}

const MOST_WAIT_MS = 5000;
const asked = new SingleFlight<Decision<Connecting>>(MOST_WAIT_MS);

/** The same question twice at once, as a server between Sora and the gate may send it, has one answer, and spends one use. */
function decideOnce(viewer: Exchange, ask: ConnectAsk): Promise<Decision<Connecting>> {
	return asked.share(JSON.stringify(ask), () => decideConnect(viewer, ask), viewer.waitUntil);
}

async function readAuthAsk(exchange: Exchange): Promise<Decision<Omit<ConnectAsk, "account">>> {
	const body = await readWebhookBody(exchange, MOST_BODY_BYTES);
	if (!body.allowed) return body;
	const ask = readWebhookAsk(body.value);
	if (!ask.allowed) return ask;
	// Without one there is nothing to decide: the request's own carriers are Sora's.
	return ask.value.ticket === null && ask.value.token === undefined
		? refuse({ reason: "token-required" })
		: allow(ask.value);
}

/** The request is Sora's: of the client it tells the browser only. Its address and its place count as not known. */
function viewerOf(exchange: Exchange, { environment }: SoraClient): Exchange {
	const headers = new Headers();
	if (environment !== null) headers.set("User-Agent", environment.replaceAll(/[^ -~]/g, "?"));
	const url = new URL(exchange.path, exchange.url);
	return new Exchange(exchange.gate, new Request(url, { method: "POST", headers }), () => exchange);
}

function admitted(viewer: Exchange, { session, participant }: Connecting): Response {
	const event_metadata = { decision_id: viewer.decisionId, session_id: session.id, participant_id: participant.id };
	logDecision(viewer, { status: 200 });
	return jsonResponse(viewer, {
		allowed: true,
		event_metadata,
		...(session.sora.mode === "proxy" ? ON_ITS_SOCKET : {}),
	});
}

/** The reason is what the client's SDK reports: it is the end of its connection. */
function refusedBySora(viewer: Exchange, refusal: Refusal): Response {
	logDecision(viewer, { refusal, status: 200 });
	return jsonResponse(viewer, { allowed: false, reason: wireError(refusal, "problem").reason });
}
