import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext } from "../exchange.ts";

/** A management call that was let in. `id` is the last path parameter, where the route has one. */
export interface ManagedCall {
	readonly exchange: Exchange;
	readonly account: string;
	readonly id: string;
}

export type ManagedHandler = (call: ManagedCall) => Promise<Decision<Response>>;

/** 200 with JSON, or the status given. */
export function json(
	{ exchange }: ManagedCall,
	value: unknown,
	status = 200,
	extra: Readonly<Record<string, string>> = {},
) {
	const headers = decisionHeaders(answerContext(exchange));
	headers["Content-Type"] = "application/json; charset=utf-8";
	for (const [name, text] of Object.entries(extra)) headers[name] = text;
	return allow(new Response(JSON.stringify(value), { status, headers }));
}

export function noContent({ exchange }: ManagedCall): Decision<Response> {
	return allow(new Response(null, { status: 204, headers: decisionHeaders(answerContext(exchange)) }));
}

export async function readJson({ exchange }: ManagedCall): Promise<Decision<unknown>> {
	try {
		return allow(await exchange.request.json());
	} catch {
		return refuse({ reason: "record-invalid", issues: ["the body: must be JSON"] });
	}
}
