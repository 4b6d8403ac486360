import type { Gate } from "../../../../gate.ts";
import { askRoom } from "../../../room/client.ts";
import type { Participant, RoomRules } from "../../../room/contract.ts";

/*
 * A platform that is about to restart a server asks its clients to move ("serverRotation"). The SDK then asks for the particulars again, opens
 * a second connection under the name of the first, and hangs the first one up after 20 s (`MIGRATION_TIMEOUT` of @opentok/client 2.35.2).
 */
const MOST_MS = 30_000;
const LOOK_EVERY_MS = 2000;

/** Whether particulars are asked for by a connection that is there. */
export function isMoving({ status, provider }: Participant, connectionId: string | null): boolean {
	return status === "connected" && connectionId !== null && provider["connection_id"] === connectionId;
}

export interface Replaced {
	readonly gate: Gate;
	readonly rules: RoomRules;
	readonly participant: string;
	/** The name of the connection that another one has replaced. */
	readonly connectionId: string | null;
	readonly isOver: () => boolean;
}

/** Why a connection that was replaced must go, when it must: at once, or, where its client moves, in the end. */
export async function whenMoved({ gate, rules, participant, connectionId, isOver }: Replaced): Promise<string> {
	const until = gate.ports.now() + MOST_MS;
	while (!isOver() && gate.ports.now() < until) {
		const found = await askRoom(gate, rules, "look", { participant });
		if (!found.allowed) break;
		const { status, because, provider } = found.value;
		if (status === "gone") return because ?? REPLACED;
		if (provider["moving"] !== true || provider["connection_id"] !== connectionId) break;
		await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
	}
	return REPLACED;
}

export const REPLACED = "replaced";
