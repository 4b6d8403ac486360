import type { Account } from "./catalog/catalog.ts";
import type { Refusal } from "./decision/refusals.ts";
import { type AnswerContext, refusalResponse } from "./decision/response.ts";
import { type Dialect, wireError } from "./decision/wire.ts";
import type { Gate } from "./gate.ts";
import { logDecision } from "./observe/decision-log.ts";

/** One request and the decision it ends in. */
export interface Exchange {
	readonly gate: Gate;
	readonly request: Request;
	/** Of the request, read once: each access to them goes through the runtime. */
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	/** Path of the request as it was sent: not decoded, dot segments and all. */
	readonly path: string;
	/** "?..." or "". */
	readonly search: string;
	/** Parsed when it is first looked at. */
	readonly query: URLSearchParams;
	readonly decisionId: string;
	readonly nowMs: number;
	readonly waitUntil: (work: Promise<unknown>) => void;
	/** Filled in as the story goes on; what is known goes into the log. */
	readonly told: Told;
}

export interface Told {
	account?: Account;
	video?: string;
	tokenId?: string;
	keyId?: string;
	uid?: string | undefined;
	/** True when this decision only repeats one that the isolate remembers: not logged again. */
	remembered?: boolean;
}

export function answerContext({ headers, method, decisionId, told }: Exchange): AnswerContext {
	const allowedOrigins = told.account?.settings.allowed_origins ?? ANY_ORIGIN;
	return { decisionId, origin: () => headers.get("Origin"), allowedOrigins, method };
}

const ANY_ORIGIN = ["*"];

/** Ends the exchange with a refusal: logged with its internal reason, answered with its public one. */
export function refused(exchange: Exchange, refusal: Refusal, dialect: Dialect): Response {
	logDecision(exchange, { refusal, status: wireError(refusal, dialect).status });
	return refusalResponse(refusal, dialect, answerContext(exchange));
}
