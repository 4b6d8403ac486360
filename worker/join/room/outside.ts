import type { E2eeSessionRecord } from "../../catalog/e2ee-session-record.ts";
import { type Gate, createGate } from "../../gate.ts";
import { type AdmitAnswer, unwire, wire } from "../../limits/contract.ts";
import { realPorts } from "../../ports.ts";
import { parseSettings } from "../../settings.ts";
import { providers } from "../providers/index.ts";
import { type Hold, type Participant, type Released, type RoomRules, roomObjectName } from "./contract.ts";
import type { Errand, ErrandOutcome } from "./errands.ts";
import type { Member } from "./state.ts";
import { sendWebhook } from "./webhook.ts";

// One for all rooms of an isolate, as the Worker has one for all requests.
let shared: Gate | undefined;
export const gateOf = (env: Env): Gate => (shared ??= createGate(env, parseSettings({ ...env }), realPorts));

/** Of a room, as it is when an errand is done. */
interface RoomNow {
	readonly members: ReadonlyMap<string, Member>;
	readonly record: { readonly former: E2eeSessionRecord | null };
}

/** Does one errand of a room. @throws what went wrong: it is done again later. */
export async function doErrand(
	env: Env,
	rules: RoomRules,
	errand: Errand,
	roomNow: () => RoomNow,
): Promise<ErrandOutcome> {
	switch (errand.kind) {
		case "webhook":
			return tellPublisher(env, rules, errand);
		case "eject":
			return eject(env, rules, JSON.parse(errand.body) as Ejected, roomNow().record.former);
		case "release":
			return release(env, JSON.parse(errand.body) as Released, roomNow().members);
		case "watch":
			return watch(env, rules, () => roomNow().members.size > 0);
	}
}

async function tellPublisher(env: Env, { account: id }: RoomRules, errand: Errand): Promise<ErrandOutcome> {
	const { catalog, ports } = gateOf(env);
	const account = await catalog.account(id, ports.now());
	const webhook = await catalog.joinWebhook(account, ports.now());
	return webhook ? sendWebhook(ports, webhook, errand.id, errand.body) : "done";
}

/** As it was stored when it went. */
type Ejected = Participant & Pick<Member, "through">;

/** By the record that it came by: the session's own, or, where that is gone or another provider's since, the one before. */
async function eject(
	env: Env,
	rules: RoomRules,
	participant: Ejected,
	former: E2eeSessionRecord | null,
): Promise<ErrandOutcome> {
	const { through = rules.provider } = participant;
	const provider = providers[through];
	if (!provider?.eject) return "done";
	const gate = gateOf(env);
	const account = await gate.catalog.account(rules.account, gate.ports.now());
	const current = await gate.catalog.e2eeSession(account, rules.session, gate.ports.now());
	const record = [current, former].find((one) => one?.provider === through);
	if (record) await provider.eject({ gate, account, record, participant });
	return "done";
}

/** Somebody may have come again since, as the same session of the same viewer. */
async function release(env: Env, released: Released, present: ReadonlyMap<string, Member>): Promise<ErrandOutcome> {
	const { viewer, key, startedAt } = released;
	if ([...present.values()].some(({ hold }) => hold?.viewer === viewer && hold.key === key)) return "done";
	await env.VIEWER_LIMITS.getByName(viewer).endSessions(key, "player", startedAt);
	return "done";
}

async function watch(env: Env, { account, session }: RoomRules, wanted: () => boolean): Promise<ErrandOutcome> {
	const list = env.REVOCATION_LIST.getByName(account);
	const room = roomObjectName(account, session);
	const asked = wanted();
	await (asked ? list.watch(room) : list.unwatch(room));
	return asked === wanted() ? "done" : "again";
}

/** Renews the viewer's session: false when the limits have ended it. @throws when they cannot be asked */
export async function renewHold(env: Env, { viewer, renewal }: Hold): Promise<boolean> {
	const request = wire({ ...renewal, id: crypto.randomUUID() });
	const answer = unwire<AdmitAnswer>(await env.VIEWER_LIMITS.getByName(viewer).admit(request));
	return answer.allowed;
}

/** Those of the participants whose token is revoked. @throws when the list cannot be asked */
export async function revokedOf(
	env: Env,
	{ account, session }: RoomRules,
	members: readonly Member[],
): Promise<Member[]> {
	const facts = members.map((member) => ({ ...member.facts, video: session }));
	const verdicts = await env.REVOCATION_LIST.getByName(account).judge(wire(facts));
	return members.filter((_member, index) => verdicts[index] !== null);
}
