import { type Decision, allow } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext, jsonResponse } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { rememberDevice } from "../playback/master.ts";
import type { Joined } from "./join.ts";
import type { JoinMaterial } from "./provider.ts";
import { askRoom } from "./room/client.ts";
import { requirementsOf } from "./support/support.ts";

type Seat = Pick<Joined, "record" | "provider" | "rules" | "participant" | "ticket">;

const NO_MATERIAL: JoinMaterial = { join: {} };

/** What the participant joins with, made by the provider; and what the provider wants to find again is remembered. */
export async function materialOf(exchange: Exchange, seat: Seat): Promise<Decision<JoinMaterial>> {
	const { record, provider, rules, participant, ticket } = seat;
	const { origin } = new URL(exchange.url);
	if (participant.status === "waiting") return allow(rules.speaks === true ? waitingRoom(origin, ticket) : NO_MATERIAL);
	const material = await provider.material({ exchange, record, participant, ticket, origin });
	if (!material.allowed || !material.value.remember) return material;
	const ask = { participant: participant.id, provider: material.value.remember };
	const remembered = await askRoom(exchange.gate, rules, "remember", ask);
	return remembered.allowed ? material : remembered;
}

/** Where a client of the room waits: nothing else is made for it before it is let in. */
function waitingRoom(origin: string, ticket: string): JoinMaterial {
	return { join: { url: `${origin.replace(/^http/, "ws")}/join/v1/rooms/${ticket}` } };
}

/** The answer of a join (design 8): 202 in the lobby, else `status`. */
export function joinAnswer(exchange: Exchange, seat: Seat, { join }: JoinMaterial, status: number): Response {
	const { record, participant, ticket } = seat;
	const waits = participant.status === "waiting";
	const body = {
		participant_id: participant.id,
		session_id: record.id,
		provider: record.provider,
		role: participant.role,
		status: waits ? "waiting" : "admitted",
		expires_at: Math.floor(participant.expiresAt / 1000),
		ticket,
		join,
		e2ee: requirementsOf(record),
	};
	return jsonResponse(exchange, body, waits ? 202 : status);
}

/** Sends a browser to the session's page, with the ticket where no server and no log sees it. */
export function redirectTo(page: string, { participant, ticket }: Joined): Record<string, string> {
	const url = new URL(page);
	const before = url.hash.length > 1 ? `${url.hash}&` : "#";
	url.hash = "";
	return {
		Location: `${url.href.replace(/#$/, "")}${before}ticket=${ticket}&participant=${participant.id}`,
		"Referrer-Policy": "no-referrer",
	};
}

export function redirectAnswer(exchange: Exchange, joined: Joined, page: string): Response {
	const headers = { ...decisionHeaders(answerContext(exchange)), ...redirectTo(page, joined) };
	return new Response(null, { status: 303, headers });
}

/** The same answer, with the device that was counted in a cookie, where it is counted. */
export function withDeviceCookie(exchange: Exchange, { asker }: Joined, answer: Response): Response {
	const headers: Record<string, string> = {};
	rememberDevice(exchange, asker, headers);
	for (const [name, value] of Object.entries(headers)) answer.headers.append(name, value);
	logDecision(exchange, { status: answer.status });
	return answer;
}
