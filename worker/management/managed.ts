import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Identity } from "../credentials/identity.ts";
import { type Exchange, emptyResponse, jsonResponse } from "../exchange.ts";

/** A management call that was let in. `id` is the last path parameter, where the route has one. */
export interface ManagedCall {
	readonly exchange: Exchange;
	readonly account: string;
	readonly id: string;
	readonly identity: Identity;
}

export type ManagedHandler = (call: ManagedCall) => Promise<Decision<Response>>;

/** 200 with JSON, or the status given. */
export function json({ exchange }: ManagedCall, ...answer: AnswerOf<typeof jsonResponse>): Decision<Response> {
	return allow(jsonResponse(exchange, ...answer));
}

type AnswerOf<F> = F extends (exchange: Exchange, ...answer: infer A) => Response ? A : never;

export function noContent({ exchange }: ManagedCall): Decision<Response> {
	return allow(emptyResponse(exchange));
}

export async function readJson({ exchange }: ManagedCall): Promise<Decision<unknown>> {
	try {
		return allow(await exchange.request.json());
	} catch {
		return refuse({ reason: "record-invalid", issues: ["the body: must be JSON"] });
	}
}
