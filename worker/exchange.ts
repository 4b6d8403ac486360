import type { Account } from "./catalog/catalog.ts";
import type { Refusal } from "./decision/refusals.ts";
import { type AnswerContext, decisionHeaders, refusalResponse } from "./decision/response.ts";
import { type Dialect, wireError } from "./decision/wire.ts";
import type { Gate } from "./gate.ts";
import { logDecision } from "./observe/decision-log.ts";

/** Work that goes on after the answer; hono's and the runtime's execution contexts both do it. */
interface Lifetime {
	readonly waitUntil: (work: Promise<unknown>) => void;
}

/** One request and the decision it ends in. What is here of the request is read once: each access to it goes through the runtime. */
export class Exchange {
	readonly gate: Gate;
	readonly request: Request;
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	/** Path of the request as it was sent: not decoded, dot segments and all. */
	readonly path: string;
	/** "?..." or "". */
	readonly search: string;
	readonly decisionId: string;
	readonly nowMs: number;
	/** Filled in as the story goes on; what is known goes into the log. */
	readonly told: Told = {};
	readonly #lifetime: () => Lifetime;
	#query: URLSearchParams | undefined;

	constructor(gate: Gate, request: Request, lifetime: () => Lifetime) {
		this.gate = gate;
		this.request = request;
		this.method = request.method;
		this.url = request.url;
		this.headers = request.headers;
		const mark = this.url.indexOf("?");
		this.search = mark < 0 ? "" : this.url.slice(mark);
		const start = this.url.indexOf("/", this.url.indexOf("://") + 3);
		this.path = this.url.slice(start, mark < 0 ? undefined : mark);
		this.decisionId = gate.ports.newId();
		this.nowMs = gate.ports.now();
		this.#lifetime = lifetime;
	}

	/** Parsed when it is first looked at. */
	get query(): URLSearchParams {
		return (this.#query ??= new URLSearchParams(this.search));
	}

	readonly waitUntil = (work: Promise<unknown>): void => this.#lifetime().waitUntil(work);
}

export interface Told {
	account?: Account;
	video?: string;
	/** What the end-to-end encrypted session runs on, where it is about one. */
	provider?: string;
	tokenId?: string;
	keyId?: string;
	uid?: string | undefined;
	/** Who makes a management call. */
	actor?: string;
	client?: { readonly address: string; readonly userAgent: string };
	/** True when this decision only repeats one that the isolate remembers: not logged again. */
	remembered?: boolean;
	/** True when no object could be asked, and the account lets such requests through (`when_counters_fail`). */
	uncounted?: boolean;
}

export function answerContext({ headers, method, decisionId, told }: Exchange): AnswerContext {
	const allowedOrigins = told.account?.settings.allowed_origins ?? ANY_ORIGIN;
	return { decisionId, origin: () => headers.get("Origin"), allowedOrigins, method };
}

const ANY_ORIGIN = ["*"];

/** An answer with JSON, 200 unless another status is given. */
export function jsonResponse(
	exchange: Exchange,
	value: unknown,
	status = 200,
	extra: Readonly<Record<string, string>> = {},
): Response {
	const headers = {
		...decisionHeaders(answerContext(exchange)),
		"Content-Type": "application/json; charset=utf-8",
		...extra,
	};
	return new Response(JSON.stringify(value), { status, headers });
}

/** An answer without a body: 204. */
export function emptyResponse(exchange: Exchange): Response {
	return new Response(null, { status: 204, headers: decisionHeaders(answerContext(exchange)) });
}

/** Ends the exchange with a refusal: logged with its internal reason, answered with its public one. */
export function refused(exchange: Exchange, refusal: Refusal, dialect: Dialect): Response {
	const error = wireError(refusal, dialect);
	logDecision(exchange, { refusal: withoutConflicts(refusal), status: error.status });
	return refusalResponse(error, dialect, answerContext(exchange));
}

/** What else the viewer plays is for the client alone. */
function withoutConflicts(refusal: Refusal): Refusal {
	if (!("conflicts" in refusal)) return refusal;
	const { conflicts: _, ...told } = refusal;
	return told;
}
