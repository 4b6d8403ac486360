import { createHmac } from "node:crypto";
import * as v from "valibot";
import type { Account } from "../../../catalog/catalog.ts";
import type { IceServer } from "../../../catalog/e2ee-session-record.ts";
import type { ProviderCredentials } from "../../../catalog/provider-credentials-schema.ts";
import { type Decision, allow } from "../../../decision/decision.ts";
import type { Gate } from "../../../gate.ts";
import { jsonOf } from "../../../token/json-object.ts";
import { askUpstream } from "./upstream.ts";
import { type ProviderAnswer, unavailable } from "../../provider-call.ts";

type TurnCredentials = ProviderCredentials["turn"];
type Access = Pick<Gate, "catalog" | "sources" | "ports">;

/** For whom, and until when at most (milliseconds since the epoch). */
export interface TurnAsk {
	readonly participant: string;
	readonly untilMs: number;
}

/** `revocable`: user names that can be revoked before their time is over. */
export interface TurnServers {
	readonly servers: readonly IceServer[];
	readonly revocable: readonly string[];
}

const NONE: TurnServers = { servers: [], revocable: [] };
const LEAST_TTL_SECONDS = 1;
/** Browsers do not connect to it; others are asked for what was made for browsers, too. */
const BLOCKED_PORT = /:53(?:\?|$)/;

/**
 * ICE servers with credentials of one participant, as the account has set them up (`providers/turn`); none where it has not. They end with
 * the participant's stay at the latest. Refuses what a provider does wrong.
 */
export async function turnServers(gate: Access, account: Account, ask: TurnAsk): Promise<Decision<TurnServers>> {
	const now = gate.ports.now();
	const credentials = await gate.catalog.providerCredentials(account, "turn", now);
	if (!credentials) return allow(NONE);
	const rest = Math.floor((ask.untilMs - now) / 1000);
	const ttl = Math.max(LEAST_TTL_SECONDS, Math.min(credentials.ttl_seconds, rest));
	if (credentials.kind === "cloudflare") return askCloudflare(gate, credentials, ttl);
	const expiry = Math.floor(now / 1000) + ttl;
	return allow({ servers: restServers(credentials, `${expiry}:${ask.participant}`), revocable: [] });
}

/** What a TURN server with a shared secret takes (draft-uberti-behave-turn-rest-00 section 2.2; coturn's `use-auth-secret`). */
function restServers(
	{ secret, urls }: Extract<TurnCredentials, { kind: "rest" }>,
	username: string,
): readonly IceServer[] {
	const credential = createHmac("sha1", secret).update(username).digest("base64");
	const [stun, turn] = [urls.filter((url) => !isTurn(url)), urls.filter(isTurn)];
	return open([{ urls: stun }, { urls: turn, username, credential }]);
}

const isTurn = (url: string): boolean => /^turns?:/i.test(url);

/** Without what browsers do not reach. */
function open(servers: readonly IceServer[]): readonly IceServer[] {
	return servers
		.map((server) => ({ ...server, urls: server.urls.filter((url) => !BLOCKED_PORT.test(url)) }))
		.filter(({ urls }) => urls.length > 0);
}

const PROVIDER = "turn";
const urlOf = v.pipe(v.string(), v.maxLength(512), v.regex(/^(?:stun|turn)s?:[!-~]+$/i));
const server = v.object({
	urls: v.union([
		v.pipe(
			urlOf,
			v.transform((url) => [url]),
		),
		v.pipe(v.array(urlOf), v.maxLength(32)),
	]),
	username: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))),
	credential: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))),
});
/** An answer of `generate-ice-servers`; that of the older `generate` has one server and no list. */
const cloudflareAnswer = v.object({
	iceServers: v.union([
		v.pipe(v.array(server), v.maxLength(16)),
		v.pipe(
			server,
			v.transform((one) => [one]),
		),
	]),
});

async function askCloudflare(
	gate: Access,
	credentials: Extract<TurnCredentials, { kind: "cloudflare" }>,
	ttl: number,
): Promise<Decision<TurnServers>> {
	const answer = await askUpstream(gate, {
		provider: PROVIDER,
		method: "POST",
		url: `${keyUrl(credentials)}/generate-ice-servers`,
		headers: { ...bearer(credentials), "Content-Type": "application/json" },
		body: JSON.stringify({ ttl }),
	});
	return answer.allowed ? readCloudflare(answer.value) : answer;
}

function readCloudflare({ status, text }: ProviderAnswer): Decision<TurnServers> {
	if (status !== 201 && status !== 200) return unavailable(PROVIDER, `it answered ${status}`);
	const parsed = v.safeParse(cloudflareAnswer, jsonOf(text));
	if (!parsed.success) return unavailable(PROVIDER, "its answer names no ICE servers");
	const { iceServers } = parsed.output;
	const revocable = new Set(iceServers.flatMap(({ username }) => (username === undefined ? [] : [username])));
	return allow({ servers: open(iceServers), revocable: [...revocable] });
}

/** Credentials of participants who are out. One that is unknown, or over, is revoked already. @throws when the provider did not do it */
export async function revokeTurn(gate: Access, account: Account, usernames: readonly string[]): Promise<void> {
	const credentials = await gate.catalog.providerCredentials(account, "turn", gate.ports.now());
	if (credentials?.kind !== "cloudflare") return;
	for (const username of usernames) {
		const answer = await askUpstream(gate, {
			provider: PROVIDER,
			method: "POST",
			url: `${keyUrl(credentials)}/${encodeURIComponent(username)}/revoke`,
			headers: bearer(credentials),
		});
		const done = answer.allowed && (answer.value.status < 300 || answer.value.status === 404);
		if (!done)
			throw new Error(
				`TURN credentials were not revoked: ${answer.allowed ? answer.value.status : answer.refusal.reason}`,
			);
	}
}

type Cloudflare = Extract<TurnCredentials, { kind: "cloudflare" }>;
const keyUrl = ({ api_url, key_id }: Cloudflare): string => `${api_url}/keys/${encodeURIComponent(key_id)}/credentials`;
const bearer = ({ api_token }: Cloudflare) => ({ Authorization: `Bearer ${api_token}` });
