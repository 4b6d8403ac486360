import type { Account } from "../catalog/catalog.ts";
import type { E2eeSessionRecord, JoinRole } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { sha256 } from "../hash.ts";
import type { Admission } from "../limits/contract.ts";
import { judgeLimits, refundUse } from "../playback/admit.ts";
import { type Identified, identifyHolder, judgeVideo } from "../playback/authorize.ts";
import { type Asker, type LimitAsk, admitRequest, deviceOf } from "../playback/limit-ask.ts";
import { rightOf } from "../playback/rights.ts";
import { JOIN_AUDIENCES } from "../token/audience.ts";
import type { JoinWishes } from "./asked.ts";
import { contentOf, judgeWindow } from "./content.ts";
import type { JoinProvider } from "./provider.ts";
import { providers } from "./providers/index.ts";
import { guardEnvelope } from "./secret-guard.ts";
import { judgeSupport } from "./support/support.ts";
import { roleOf } from "./role.ts";
import { askRoom, endViewerSession, rulesOf } from "./room/client.ts";
import type { Hold, JoinAsk, Participant, RoomRules } from "./room/contract.ts";
import { newParticipantId, participantIdOf } from "./participant-id.ts";
import { stayOf } from "./stay.ts";
import { tellSession } from "./tell-session.ts";
import { tellRefusal } from "./tell-refusal.ts";

/** Who asks to join what, through whichever door. */
export interface Asked extends JoinWishes {
	readonly account: string;
	readonly session: string;
	/** The token, where it does not travel in the request's own carriers. */
	readonly token?: string;
	/** What the provider calls the connection, where the door does not see the client: then each connection is a session of its own. */
	readonly connection?: string;
	/** Whether the session is one of this door, where it is a provider's own. */
	readonly isFor?: (record: E2eeSessionRecord) => boolean;
	/** A browser follows a link: the session must have a page to send it to. */
	readonly needsPage?: true;
}

/** A join that nothing forbids, before anything is spent. */
interface Judged {
	readonly asker: Asker;
	readonly record: E2eeSessionRecord;
	readonly provider: JoinProvider;
	readonly rules: RoomRules;
	readonly role: JoinRole;
}

/** A participant, let in or into the lobby. */
export interface Joined {
	readonly account: Account;
	readonly asker: Asker;
	readonly record: E2eeSessionRecord;
	readonly provider: JoinProvider;
	readonly rules: RoomRules;
	readonly participant: Participant;
	/** Opens the participant's connection once, within the record's `ticket_seconds`. */
	readonly ticket: string;
	/** Gives back the place, the session and the use: nothing came of the join. */
	readonly undo: () => Promise<void>;
}

/**
 * The whole decision about one join: token, claims, policy, window, right, revocation, client, provider, room, limits, and then the place.
 * What can be judged without spending comes first. A refusal is told to the publisher's webhook; answering it is the door's.
 */
export async function decideJoin(exchange: Exchange, asked: Asked): Promise<Decision<Joined>> {
	const judged = await judge(exchange, asked);
	const joined = judged.allowed ? await enter(exchange, asked, judged.value) : judged;
	if (!joined.allowed) tellRefusal(exchange, asked, joined.refusal);
	return joined;
}

/** The same decision, with nothing spent and nobody let in. */
export async function previewJoin(exchange: Exchange, asked: Asked): Promise<Decision> {
	const judged = await judge(exchange, asked);
	if (!judged.allowed) return judged;
	const admission = await judgeLimits(exchange, judged.value.asker, limitAskOf(judged.value.asker, asked));
	return admission.allowed ? allow() : admission;
}

/** The steps up to the limits. */
async function judge(exchange: Exchange, asked: Asked): Promise<Decision<Judged>> {
	const { gate, headers, nowMs } = exchange;
	const guarded = guardEnvelope(exchange);
	if (!guarded.allowed) return guarded;
	const identified = await identifyHolder(exchange, asked.account, JOIN_AUDIENCES, asked.token);
	if (!identified.allowed) return identified;
	const record = await gate.catalog.e2eeSession(identified.value.account, asked.session, nowMs);
	if (!record) return refuse({ reason: "e2ee-session-not-found" });
	const authorized = await authorizeContent(exchange, withDevice(identified.value, asked), record);
	if (!authorized.allowed) return authorized;
	const able = judgeSupport(headers, record, asked.client);
	if (!able.allowed) return able;
	const asker = authorized.value;
	const { claims, tokenId } = asker.subject.subject;
	const role = roleOf(record, claims.join_role, asked.role);
	if (!role.allowed) return role;
	if (asked.needsPage && record.join_url === null) return refuse({ reason: "join-url-missing" });
	if (asked.isFor?.(record) === false) return refuse({ reason: "resource-not-found" });
	const provider = providers[record.provider];
	const offered = await provider.judge(exchange, record);
	if (!offered.allowed) return offered;
	const rules = await rulesOf(gate, asker.account, record);
	const id = idOf(asker, asked);
	const who = { uid: claims.uid ?? null, tokenId, role: role.value, through: record.provider };
	const room = await askRoom(gate, rules, "check", id === null ? who : { ...who, id });
	return room.allowed ? allow({ asker, record, provider, rules, role: role.value }) : room;
}

/** Policy, window, right and revocation, as for a video of the same id. */
export function authorizeContent(
	exchange: Exchange,
	identified: Identified,
	record: E2eeSessionRecord,
): Promise<Decision<Asker>> {
	tellSession(exchange, record);
	const content = contentOf(record);
	const { account, subject } = identified;
	return judgeVideo(exchange, identified, content, async () => {
		const window = judgeWindow(record, Math.floor(exchange.nowMs / 1000));
		return window.allowed ? rightOf(exchange, account, content, subject.subject.claims) : window;
	});
}

/** A device that the client names in the body counts as one that it names in a header. */
function withDevice(identified: Identified, { deviceId }: JoinWishes): Identified {
	if (deviceId === null) return identified;
	return { ...identified, client: { ...identified.client, deviceId } };
}

/** Each join is a use, and a session of its own kind: not that of a player that happens to play a video of the same id. */
function limitAskOf(asker: Asker, asked: Pick<Asked, "connection">): LimitAsk {
	const { connection = asker.client.print() } = asked;
	const ownKey = `auto:${sha256(`join\n${connection}\n${asker.video.record.id}`)}`;
	const question = idOf(asker, asked);
	const ask = { intent: "start", use: true, counting: "requests", ownKey } as const;
	return question === null ? ask : { ...ask, question };
}

/** The steps that spend. Whatever fails here gives back what was spent before. */
async function enter(exchange: Exchange, asked: Asked, judged: Judged): Promise<Decision<Joined>> {
	const { gate } = exchange;
	const { asker, record, provider, rules } = judged;
	const ask = limitAskOf(asker, asked);
	const admission = await judgeLimits(exchange, asker, ask);
	if (!admission.allowed) return admission;
	const joining = joinAsk(exchange, asked, judged, admission.value);
	const seated = await askRoom(gate, rules, "admit", joining);
	if (!seated.allowed) {
		await refundUse(exchange, asker, ask);
		if (seated.refusal.reason === "room-unavailable") await endStarted(exchange, joining.hold);
		return seated;
	}
	const { participant, ticket: number } = seated.value;
	const opensUntil = Math.ceil(exchange.nowMs / 1000) + record.ticket_seconds; // whole seconds, none of them lost
	const { account, session } = rules;
	const ticket = gate.tickets.sign({ account, session, participant: participant.id, number, opensUntil });
	const undo = async (): Promise<void> => {
		await askRoom(gate, rules, "takeBack", { participant: participant.id, spent: joining.tokenId });
		await refundUse(exchange, asker, ask);
	};
	return allow({ account: asker.account, asker, record, provider, rules, participant, ticket, undo });
}

/** The room cannot say whether another of its participants has the session: what began before this join is left alone. */
async function endStarted({ gate, nowMs }: Exchange, hold: Hold | null): Promise<void> {
	if (hold && hold.startedAt >= nowMs) await endViewerSession(gate, hold);
}

function joinAsk(exchange: Exchange, asked: Asked, { asker, record, role }: Judged, admission: Admission): JoinAsk {
	const { subject } = asker.subject;
	return {
		id: idOf(asker, asked) ?? newParticipantId(),
		name: asked.name,
		role,
		uid: subject.claims.uid ?? null,
		tokenId: subject.tokenId,
		device: deviceOf(subject, asker.client),
		sdk: asked.client?.sdk ?? null,
		version: asked.client?.version ?? null,
		...stayOf(asker, record, exchange.nowMs, exchange.nowMs),
		through: record.provider,
		hold: holdOf(exchange, asker, asked, admission),
		displaced: admission.ended,
		decision: exchange.decisionId,
	};
}

/** A provider may ask twice at once about the same connection: it is let in once, and one use is spent. Null where there is no connection yet. */
function idOf({ video, subject }: Asker, { connection }: Pick<Asked, "connection">): string | null {
	const { account_id, id } = video.record;
	return connection === undefined ? null : participantIdOf(account_id, id, subject.subject.tokenId, connection);
}

const SHORTEST_TOUCH_SECONDS = 1;

/** The session of the limits, where the token keeps one, and what renews it as long as the participant is there. */
function holdOf(exchange: Exchange, asker: Asker, asked: Asked, { session }: Admission): Hold | null {
	if (session === null) return null;
	const { settings } = asker.account;
	const renewal = admitRequest(exchange, asker, { ...limitAskOf(asker, asked), intent: "renew", use: false });
	const touchSeconds = Math.min(settings.touch_seconds, settings.session_ttl_seconds / 3);
	return {
		viewer: asker.subject.subject.viewer(),
		...session,
		renewal: { ...renewal, session: renewal.session && { ...renewal.session, ...session } },
		everyMs: Math.max(touchSeconds, SHORTEST_TOUCH_SECONDS) * 1000,
	};
}
