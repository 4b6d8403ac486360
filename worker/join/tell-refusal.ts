import { LRUCache } from "lru-cache";
import type { Refusal } from "../decision/refusals.ts";
import { wireError } from "../decision/wire.ts";
import type { Exchange } from "../exchange.ts";
import { wire } from "../limits/contract.ts";
import { rulesOf } from "./room/client.ts";
import { type RoomCall, roomObjectName } from "./room/contract.ts";
import type { RefusedJoin } from "./room/events.ts";

/** Anybody can be refused as often as they like: beyond this many in a minute, an isolate tells a room of none. */
const MOST_A_MINUTE = 30;
const told = new LRUCache<string, { minute: number; count: number }>({ max: 2000 });

/** Has the publisher's webhook told of a refused join, where the session exists and the token is one of the account's. Behind the answer. */
export function tellRefusal(exchange: Exchange, asked: { readonly session: string }, refusal: Refusal): void {
	const { account, tokenId } = exchange.told;
	if (!account || tokenId === undefined || !isToTell(roomObjectName(account.id, asked.session), exchange.nowMs)) return;
	exchange.waitUntil(send(exchange, asked.session, refusal));
}

function isToTell(room: string, nowMs: number): boolean {
	const minute = Math.floor(nowMs / 60_000);
	const before = told.get(room);
	const count = before?.minute === minute ? before.count + 1 : 1;
	told.set(room, { minute, count });
	return count <= MOST_A_MINUTE;
}

async function send(exchange: Exchange, session: string, refusal: Refusal): Promise<void> {
	const { gate, nowMs, decisionId: decision } = exchange;
	const { account, uid = null, tokenId = null } = exchange.told;
	try {
		const record = account && (await gate.catalog.e2eeSession(account, session, nowMs));
		if (!record) return;
		const rules = await rulesOf(gate, account, record);
		if (rules.webhook === false) return;
		const { reason, status } = wireError(refusal, "problem");
		const ask: RefusedJoin = { reason, status, uid, tokenId, decision };
		await gate.sessionRooms
			.getByName(roomObjectName(rules.account, rules.session))
			.refusal(wire<RoomCall<RefusedJoin>>({ rules, ask }));
	} catch (fault) {
		gate.ports.log({ event: "fault", where: "join-refusal", decision, message: String(fault) });
	}
}
