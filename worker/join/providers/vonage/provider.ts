import type { E2eeSessionRecord } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { signPlatformToken } from "../../../token/platform-token.ts";
import type { AdmittedJoin, JoinMaterial, JoinProvider } from "../../provider.ts";
import { askPlatform } from "./api/platform.ts";
import { mintClientToken } from "./client-token.ts";
import {
	NO_CREDENTIALS,
	type Project,
	SESSION,
	type VonageAccess,
	type VonageSession,
	notConfigured,
	projectOf,
	vonageAccess,
	vonageSession,
} from "./vonage-account.ts";
import { PROXY_ROOT } from "./web/paths.ts";

/** Vonage Video (design 8): the gate makes the client's token, and is the proxy through which the client connects. */
export const vonageProvider: JoinProvider = {
	name: "vonage",
	presence: () => true,
	judge: judgeJoin,
	material: materialOf,
	eject: disconnect,
};

/** A session of Vonage whose project the account has the credentials of. */
export interface OpenProject {
	readonly session: VonageSession;
	readonly access: VonageAccess;
	readonly project: Project;
}

/** @throws CatalogUnavailable */
export async function openProject(
	{ gate, nowMs }: Pick<Exchange, "gate" | "nowMs">,
	record: E2eeSessionRecord,
): Promise<Decision<OpenProject>> {
	const session = vonageSession(record);
	if (!session) return notConfigured("the session has no vonage part");
	const account = await gate.catalog.account(record.account_id, nowMs);
	const access = await vonageAccess(gate, account, nowMs);
	if (!access) return NO_CREDENTIALS;
	const project = projectOf(access, session);
	return project
		? allow({ session, access, project })
		: notConfigured("the account's credentials are of another project than the session");
}

async function judgeJoin(exchange: Exchange, record: E2eeSessionRecord): Promise<Decision> {
	const opened = await openProject(exchange, record);
	return opened.allowed ? allow() : opened;
}

async function materialOf(admitted: AdmittedJoin): Promise<Decision<JoinMaterial>> {
	const { exchange, record, participant, ticket, origin } = admitted;
	const opened = await openProject(exchange, record);
	if (!opened.allowed) return opened;
	const { project, session } = opened.value;
	const { decisionId, nowMs, gate } = exchange;
	const sessionId = session.vonage.session_id;
	const ask = { project, sessionId, participant, decisionId, nowMs, id: gate.ports.newId() };
	const join = {
		...(project.kind === "opentok" ? { api_key: project.id } : { application_id: project.id }),
		session_id: sessionId,
		token: await mintClientToken(ask),
		proxy_url: `${origin}${PROXY_ROOT}${ticket}`,
	};
	return allow({ join });
}

type Ejection = Parameters<NonNullable<JoinProvider["eject"]>>[0];

const TOKEN_SECONDS = 300;
const GONE: ReadonlySet<number> = new Set([200, 204, 404]);

/** Whatever connection the participant has at the platform ends there too. @throws so that it is tried again */
async function disconnect({ gate, record, participant }: Ejection): Promise<void> {
	const { connection_id: connection, [SESSION]: joined } = participant.provider;
	if (typeof connection !== "string") return;
	const nowMs = gate.ports.now();
	const opened = await openProject({ gate, nowMs }, record);
	if (!opened.allowed) return;
	const { access, project, session } = opened.value;
	const sessionId = typeof joined === "string" ? joined : session.vonage.session_id;
	const path = [project.id, "session", sessionId, "connection", connection];
	const url = `${access.apiUrl(project)}/v2/project/${path.map(encodeURIComponent).join("/")}`;
	const headers = new Headers(await credentialsFor(project, nowMs, gate.ports.newId()));
	const answer = await askPlatform(gate, { method: "DELETE", url, headers });
	if (!answer.allowed || !GONE.has(answer.value.status))
		throw new Error(`the connection of ${participant.id} was not ended`);
}

/** As the platform's SDKs sign their calls (reference: rtc 1.1). */
async function credentialsFor({ kind, id, key }: Project, nowMs: number, jti: string): Promise<Record<string, string>> {
	const iat = Math.floor(nowMs / 1000);
	const times = { iat, exp: iat + TOKEN_SECONDS, jti };
	if (kind === "opentok")
		return { "X-OPENTOK-AUTH": await signPlatformToken({ iss: id, ist: "project", ...times }, key) };
	return { Authorization: `Bearer ${await signPlatformToken({ application_id: id, ...times }, key)}` };
}
