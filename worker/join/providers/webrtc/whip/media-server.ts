import type { E2eeSessionRecord } from "../../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Gate } from "../../../../gate.ts";
import { type AdmittedSdp, admitSdp } from "../sdp-admission.ts";
import { admitFragment } from "../sdp/fragment.ts";
import { askUpstream } from "../upstream.ts";
import { type ProviderAnswer, unavailable } from "../../../provider-call.ts";
import type { MediaSession } from "./remembered.ts";

export const SDP = "application/sdp";
export const FRAGMENT = "application/trickle-ice-sdpfrag";
export type Door = "whip" | "whep";

/** Whether a session is one of this door. */
export const isFor =
	(door: Door) =>
	({ provider, webrtc }: E2eeSessionRecord): boolean =>
		provider === "webrtc" && webrtc?.mode === door;

/** What a media server answers to an offer: 201 with its answer, or 406 with an offer of its own (WHEP). */
export interface Negotiated {
	readonly status: 201 | 406;
	readonly sdp: string;
	readonly session: MediaSession;
}

/** Where a session is, and what is sent there; without a token that of the record. */
type SessionPlace = Pick<MediaSession, "url" | "token">;

const PROVIDER = "webrtc";
const MOST_RETRY_SECONDS = 3600;
const USUAL_RETRY_SECONDS = 5;

type Access = Pick<Gate, "catalog" | "sources" | "ports">;

/** Sends an offer to the endpoint of the session's record. Whatever the server gives that the gate would refuse from a client is refused. */
export async function negotiate(
	gate: Access,
	record: E2eeSessionRecord,
	door: Door,
	text: string,
	offer: AdmittedSdp,
): Promise<Decision<Negotiated>> {
	const url = record.webrtc?.endpoint ?? "";
	const headers = { ...authorization(gate, record), "Content-Type": SDP, Accept: SDP };
	const answer = await askUpstream(gate, { provider: PROVIDER, method: "POST", url, headers, body: text });
	if (!answer.allowed) return answer;
	const { status } = answer.value;
	if (status !== 201 && !(status === 406 && door === "whep" && typeOf(answer.value) === SDP))
		return refusalOf(answer.value);
	const where = sessionUrl(answer.value, url);
	const token = record.webrtc?.endpoint_token ?? null;
	const negotiated = where.allowed ? read(answer.value, door, status, { url: where.value, token }, offer) : where;
	if (!negotiated.allowed && where.allowed)
		await deleteSession(gate, record, { url: where.value }).catch(() => undefined);
	return negotiated;
}

function read(
	answer: ProviderAnswer,
	door: Door,
	status: 201 | 406,
	place: SessionPlace,
	offer: AdmittedSdp,
): Decision<Negotiated> {
	if (typeOf(answer) !== SDP) return unavailable(PROVIDER, `its answer is not ${SDP}`);
	const use = status === 406 ? ({ kind: "offer" } as const) : ({ kind: "answer", offer } as const);
	const judged = admitSdp(answer.text, { ...use, door, role: null, from: "provider" });
	if (!judged.allowed) return unacceptable(judged);
	const { setup, media } = judged.value;
	const counter = status === 406 ? { setup, media: [...media] } : null;
	return allow({ status, sdp: answer.text, session: { ...place, etag: etagOf(answer), counter } });
}

/** The session's URL belongs to the endpoint's host, so that no answer sends the gate, with the endpoint's token, anywhere else. */
function sessionUrl({ headers, url: base }: ProviderAnswer, endpoint: string): Decision<string> {
	const location = headers.get("Location");
	const url = location === null ? null : URL.parse(location, base);
	if (!url) return unavailable(PROVIDER, "its answer names no session (Location)");
	return url.host === new URL(endpoint).host
		? allow(url.href)
		: unavailable(PROVIDER, "its session is at another host");
}

export interface Change {
	readonly type: typeof SDP | typeof FRAGMENT;
	readonly text: string;
	/** `*` restarts ICE. */
	readonly ifMatch: string | null;
}

/** 204 for candidates or an answer, 200 with the server's new ICE credentials after a restart. */
export interface Changed {
	readonly status: 200 | 204;
	readonly fragment: string | null;
	readonly etag: string | null;
}

/** Passes a change of a session on. `resource-not-found`: the server does not know the session any more. */
export async function change(
	gate: Access,
	record: E2eeSessionRecord,
	{ url, token }: SessionPlace,
	{ type, text, ifMatch }: Change,
): Promise<Decision<Changed>> {
	const headers = {
		...authorization(gate, record, token),
		"Content-Type": type,
		...(ifMatch === null ? {} : { "If-Match": ifMatch }),
	};
	const answer = await askUpstream(gate, { provider: PROVIDER, method: "PATCH", url, headers, body: text });
	if (!answer.allowed) return answer;
	const { status } = answer.value;
	if (status === 204 || (status === 200 && answer.value.text === ""))
		return allow({ status: 204, fragment: null, etag: etagOf(answer.value) });
	if (status !== 200)
		return status === 404 || status === 410 ? refuse({ reason: "resource-not-found" }) : refusalOf(answer.value);
	if (typeOf(answer.value) !== FRAGMENT) return unavailable(PROVIDER, `its answer is not ${FRAGMENT}`);
	const judged = admitFragment(answer.value.text);
	return judged.allowed
		? allow({ status, fragment: answer.value.text, etag: etagOf(answer.value) })
		: unacceptable(judged);
}

/** Ends a session; one that the server does not know is over. @throws when the server did not do it */
export async function deleteSession(
	gate: Access,
	record: E2eeSessionRecord,
	{ url, token }: SessionPlace,
): Promise<void> {
	const answer = await askUpstream(gate, {
		provider: PROVIDER,
		method: "DELETE",
		url,
		headers: authorization(gate, record, token),
	});
	if (!answer.allowed) throw new Error(`the media server did not end the session: ${answer.refusal.reason}`);
	const { status } = answer.value;
	if (status >= 300 && status !== 404 && status !== 410)
		throw new Error(`the media server did not end the session: ${status}`);
}

function authorization(
	{ catalog }: Access,
	record: E2eeSessionRecord,
	sealed?: string | null,
): Readonly<Record<string, string>> {
	const token = catalog.endpointToken(record, sealed);
	return token === null ? {} : { Authorization: `Bearer ${token}` };
}

const typeOf = ({ headers }: ProviderAnswer): string =>
	headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** A strong one only (RFC 9725 section 4.3.1), that can stand in a header of ours. */
function etagOf({ headers }: ProviderAnswer): string | null {
	const etag = headers.get("ETag");
	return etag !== null && /^"[!#-~]{0,256}"$/.test(etag) ? etag : null;
}

function unacceptable({ refusal }: Extract<Decision<never>, { allowed: false }>) {
	const rule = refusal.reason === "sdp-refused" ? refusal.rule : refusal.reason;
	return unavailable(PROVIDER, `its description is refused (${rule})`);
}

/** Statuses that mean something to a client; what the server said with them stays here. */
function refusalOf({ status, headers }: ProviderAnswer) {
	const retryAfterSeconds = retryAfter(headers);
	switch (status) {
		case 409:
			return refuse({ reason: "stream-not-live", retryAfterSeconds });
		case 412:
			return refuse({ reason: "precondition-failed" });
		case 428:
			return refuse({ reason: "precondition-required" });
		case 429:
		case 503:
			return refuse({ reason: "media-server-busy", retryAfterSeconds });
		case 400:
		case 405:
		case 406:
		case 415:
		case 422:
		case 501:
			return refuse({ reason: "media-server-refused" });
		default:
			return unavailable(PROVIDER, `it answered ${status}`);
	}
}

function retryAfter(headers: Headers): number {
	const seconds = Number(/^\d{1,9}$/.exec(headers.get("Retry-After") ?? "")?.[0] ?? USUAL_RETRY_SECONDS);
	return Math.min(seconds, MOST_RETRY_SECONDS);
}
