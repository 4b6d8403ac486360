import type { Sealer } from "../sealing.ts";
import { type E2eeSessionInput, e2eeSessionSchema } from "./e2ee-session-schema.ts";
import { type E2eeSessionRecord, type IceServer, type WebrtcPart } from "./e2ee-session-record.ts";
import { type Parsed, parse } from "./issues.ts";
import { kvKeys } from "./kv-keys.ts";
import { SECRET_MASK, type Sealing, openValue, sealValue } from "./sealed-value.ts";
import { readStored, writeStored } from "./stored.ts";
import { PART_RULES, providerIdOf } from "./session-parts.ts";
import { openUrlIssues } from "./url-fields.ts";

/** Keys apart from those of content: what was sealed for a session opens nowhere else. */
export const SESSION_PURPOSE = "catalog session secrets";

/** Where a session lives, and what it replaces; `nowMs` is when its status changed, if it did. */
export interface E2eeSessionPlace {
	readonly account: string;
	readonly id: string;
	/** Its place in a file that holds several. */
	readonly at?: string;
	readonly local: boolean;
	readonly stored?: E2eeSessionRecord | null;
	readonly nowMs: number;
}

/** Validates a user's session and seals its secrets. Issues name the place within the body (or below `place.at`). */
export function acceptE2eeSession(input: unknown, place: E2eeSessionPlace, sealer: Sealer): Parsed<E2eeSessionRecord> {
	const parsed = validate(input, place, sealer);
	if (!parsed.ok) return parsed;
	const { stored, nowMs } = place;
	const changedAt = stored?.status === parsed.value.status ? stored.status_changed_at : nowMs;
	return { ok: true, value: recordOf(parsed.value, place, changedAt) };
}

const recordOf = (session: E2eeSessionInput, { account, id }: E2eeSessionPlace, changedAt: number) => ({
	...session,
	id,
	account_id: account,
	status_changed_at: changedAt,
});

function validate(input: unknown, place: E2eeSessionPlace, sealer: Sealer): Parsed<E2eeSessionInput> {
	const at = place.at ?? "";
	const parsed = parse(e2eeSessionSchema, input, at);
	if (!parsed.ok) return parsed;
	const session = withDefaults(parsed.value);
	const prefix = at === "" ? "" : `${at}.`;
	const issues = [
		...outlineIssues(session, place),
		...partIssues(session),
		...openUrlIssues(urlsOf(session), place.local),
	].map((issue) => prefix + issue);
	const { account, id, stored } = place;
	const complain = (issue: string): void => void issues.push(prefix + issue);
	const sealing: Sealing = { sealer, context: `${account}/${id}`, kind: "session", complain };
	const webrtc = session.webrtc && sealed(session.webrtc, stored?.webrtc ?? null, sealing);
	if (issues.length > 0) return { ok: false, issues };
	return { ok: true, value: { ...session, webrtc } };
}

/** Parts in which nothing is required may be left out. */
function withDefaults(session: E2eeSessionInput): E2eeSessionInput {
	if (session[session.provider] !== null) return session;
	const blank = parse(e2eeSessionSchema, { provider: session.provider, [session.provider]: {} });
	return blank.ok ? { ...session, [session.provider]: blank.value[session.provider] } : session;
}

function outlineIssues(session: E2eeSessionInput, { id, account }: E2eeSessionPlace): string[] {
	const issues: string[] = [];
	const { starts_at: from, ends_at: to } = session;
	if (session.id !== undefined && session.id !== id) issues.push(`id: must be "${id}", as in the path`);
	if (session.account_id !== undefined && session.account_id !== account)
		issues.push(`account_id: must be "${account}", as in the path`);
	if (from !== null && to !== null && to <= from) issues.push("ends_at: must be after starts_at");
	return issues;
}

function partIssues(session: E2eeSessionInput): string[] {
	const { provider } = session;
	const missing = session[provider] === null ? [`${provider}: is missing`] : [];
	return [...missing, ...Object.values(PART_RULES).flatMap(({ issues }) => issues(session))];
}

const urlsOf = (session: E2eeSessionInput): readonly (readonly [string, string | null])[] => [
	["join_url", session.join_url],
	...Object.values(PART_RULES).flatMap(({ urls }) => urls(session)),
];

function sealed(
	part: NonNullable<E2eeSessionInput["webrtc"]>,
	stored: WebrtcPart | null,
	sealing: Sealing,
): NonNullable<E2eeSessionInput["webrtc"]> {
	const token = part.endpoint_token;
	return {
		...part,
		endpoint_token: token === null ? null : sealValue(token, "webrtc.endpoint_token", stored?.endpoint_token, sealing),
		ice_servers: eachCredential(part.ice_servers, (credential, server, index) =>
			sealValue(
				credential,
				`webrtc.ice_servers[${index}].credential`,
				storedServer(stored, server)?.credential,
				sealing,
			),
		),
	};
}

/** A masked credential is found again by the server's URLs and user, which stay when servers are reordered. */
function storedServer(stored: WebrtcPart | null, server: IceServer): IceServer | undefined {
	const nameOf = ({ urls, username }: IceServer): string => JSON.stringify([urls, username]);
	return stored?.ice_servers.find((other) => nameOf(other) === nameOf(server));
}

function eachCredential<S extends IceServer>(
	servers: readonly S[],
	change: (credential: string, server: S, index: number) => string,
): S[] {
	return servers.map((server, index) =>
		server.credential === undefined ? server : { ...server, credential: change(server.credential, server, index) },
	);
}

/** Parses what KV holds, by the same rules as what users write; secrets stay sealed. */
export function readE2eeSession(text: string, sealer: Sealer): Parsed<E2eeSessionRecord> {
	const opened = readStored(text, "session");
	if (!opened.ok) return opened;
	const { account, id, record } = opened.value;
	const place = { account, id, at: "session", local: true, nowMs: 0 };
	const session = validate(record, place, sealer);
	if (!session.ok) return session;
	return { ok: true, value: recordOf(session.value, place, session.value.status_changed_at ?? 0) };
}

export function writeE2eeSession(session: E2eeSessionRecord): string {
	return writeStored({ account: session.account_id, id: session.id }, "session", session);
}

/** The record as the management API shows it: secrets never come back. */
export function maskE2eeSession(session: E2eeSessionRecord): E2eeSessionRecord {
	const { webrtc } = session;
	if (!webrtc) return session;
	return {
		...session,
		webrtc: {
			...webrtc,
			endpoint_token: webrtc.endpoint_token === null ? null : SECRET_MASK,
			ice_servers: eachCredential(webrtc.ice_servers, () => SECRET_MASK),
		},
	};
}

/** A secret of the session's record. @throws when it was sealed with another CONTENT_SECRET. */
export function openSessionSecret(value: string, { account_id, id }: E2eeSessionRecord, sealer: Sealer): string {
	const secret = openValue(value, sealer, `${account_id}/${id}`);
	if (secret === null)
		throw new Error(`a secret of session ${account_id}/${id} was sealed with another CONTENT_SECRET`);
	return secret;
}

/** The record with the credentials of its ICE servers open, for participants get those. @throws as `openSessionSecret` */
export function openIceServers(session: E2eeSessionRecord, sealer: Sealer): E2eeSessionRecord {
	const { webrtc } = session;
	if (!webrtc) return session;
	const servers = eachCredential(webrtc.ice_servers, (credential) => openSessionSecret(credential, session, sealer));
	return { ...session, webrtc: { ...webrtc, ice_servers: servers } };
}

/** The key of KV under which a provider's own name finds the session; null where it has no such name. */
export function providerKeyOf(session: E2eeSessionRecord): string | null {
	const providerId = providerIdOf(session);
	return providerId === null ? null : kvKeys.e2eeProviderId(session.account_id, session.provider, providerId);
}
