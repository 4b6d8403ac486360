import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { refuseRepeated } from "../token/locate.ts";
import { joinAnswer, materialOf, redirectAnswer, withDeviceCookie } from "./answer.ts";
import { type JoinWishes, queriedWishes, readWishes } from "./asked.ts";
import { type Asked, type Joined, decideJoin, previewJoin } from "./join.ts";

export interface SessionPath {
	readonly account: string;
	readonly session: string;
}

/** `POST`: joins, and answers what to join with. */
export async function handleJoin(exchange: Exchange, path: SessionPath): Promise<Response> {
	return ended(exchange, await join(exchange, path, readWishes));
}

/** `GET`: joins as a browser that follows a link, and is sent on to the session's page; for who wants JSON the same as `POST`. */
export async function handleLink(exchange: Exchange, path: SessionPath): Promise<Response> {
	if (exchange.method === "HEAD") return ended(exchange, await preview(exchange, path));
	const wishes = (begun: Exchange) => queriedWishes(begun);
	if (wantsJson(exchange)) return ended(exchange, await join(exchange, path, wishes));
	return ended(exchange, await follow(exchange, path));
}

function wantsJson({ headers }: Exchange): boolean {
	const accept = headers.get("Accept")?.toLowerCase() ?? "";
	return accept.includes("json") && !accept.includes("text/html");
}

type ReadWishes = (exchange: Exchange) => Decision<JoinWishes> | Promise<Decision<JoinWishes>>;

async function askedOf(exchange: Exchange, path: SessionPath, read: ReadWishes): Promise<Decision<Asked>> {
	const wishes = refuseRepeated(exchange.query) ?? (await read(exchange));
	return wishes.allowed ? allow({ ...path, ...wishes.value }) : wishes;
}

async function join(exchange: Exchange, path: SessionPath, read: ReadWishes): Promise<Decision<Response>> {
	const asked = await askedOf(exchange, path, read);
	if (!asked.allowed) return asked;
	const joined = await decideJoin(exchange, asked.value);
	if (!joined.allowed) return joined;
	const answer = await answerWith(exchange, joined.value);
	return answer.allowed ? allow(withDeviceCookie(exchange, joined.value, answer.value)) : answer;
}

async function answerWith(exchange: Exchange, joined: Joined): Promise<Decision<Response>> {
	try {
		const material = await materialOf(exchange, joined);
		if (material.allowed) return allow(joinAnswer(exchange, joined, material.value, 201));
		await joined.undo();
		return material;
	} catch (fault) {
		await joined.undo();
		throw fault;
	}
}

/** The page redeems the ticket by itself, so nothing of the provider is made here. */
async function follow(exchange: Exchange, path: SessionPath): Promise<Decision<Response>> {
	const asked = await askedOf(exchange, path, queriedWishes);
	if (!asked.allowed) return asked;
	const joined = await decideJoin(exchange, { ...asked.value, needsPage: true });
	if (!joined.allowed) return joined;
	const page = joined.value.record.join_url;
	if (page === null) return refuse({ reason: "join-url-missing" });
	return allow(withDeviceCookie(exchange, joined.value, redirectAnswer(exchange, joined.value, page)));
}

async function preview(exchange: Exchange, path: SessionPath): Promise<Decision<Response>> {
	const asked = await askedOf(exchange, path, queriedWishes);
	if (!asked.allowed) return asked;
	const judged = await previewJoin(exchange, wantsJson(exchange) ? asked.value : { ...asked.value, needsPage: true });
	if (!judged.allowed) return judged;
	logDecision(exchange, { status: 200 });
	return allow(new Response(null, { headers: decisionHeaders(answerContext(exchange)) }));
}

/** An answer, or its refusal as a problem (RFC 9457). */
export function ended(exchange: Exchange, outcome: Decision<Response>): Response {
	return outcome.allowed ? outcome.value : refused(exchange, outcome.refusal, "problem");
}
