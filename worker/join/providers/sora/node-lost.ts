import type { Account } from "../../../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { retried } from "../../../retry.ts";
import { askRoom, rulesOf } from "../../room/client.ts";
import { sessionOfRoom } from "../../room/contract.ts";
import type { NodeLost } from "./events.ts";
import { soraSession } from "./session.ts";

const MOST_AT_ONCE = 50;

/** Every room of the account in which somebody is loses who was on the node before. */
export async function followNodeLost(exchange: Exchange, account: Account, event: NodeLost): Promise<Decision> {
	const rooms = await roomsOf(exchange, account);
	if (!rooms.allowed) return rooms;
	for (let start = 0; start < rooms.value.length; start += MOST_AT_ONCE) {
		const some = rooms.value.slice(start, start + MOST_AT_ONCE);
		const outcomes = await Promise.all(some.map((room) => dropFrom(exchange, account, room, event)));
		const failed = outcomes.find((outcome) => !outcome.allowed);
		if (failed) return failed;
	}
	return allow();
}

async function roomsOf({ gate }: Exchange, { id }: Account): Promise<Decision<readonly string[]>> {
	const onFault = (fault: unknown): void =>
		gate.ports.log({ event: "fault", where: "sora-node-lost", message: String(fault) });
	try {
		return allow(await retried(() => gate.revocationLists.getByName(id).rooms(), onFault));
	} catch {
		return refuse({ reason: "room-unavailable" });
	}
}

async function dropFrom(
	{ gate, nowMs }: Exchange,
	account: Account,
	room: string,
	{ node: name, at }: NodeLost,
): Promise<Decision<unknown>> {
	const session = soraSession(await gate.catalog.e2eeSession(account, sessionOfRoom(room), nowMs));
	if (!session) return allow();
	const ask = {
		connection: null,
		providerSession: null,
		providerNode: { name, before: at },
		sparesCarried: session.sora.mode === "proxy",
		because: "connection-lost",
	} as const;
	return askRoom(gate, await rulesOf(gate, account, session), "drop", ask);
}
