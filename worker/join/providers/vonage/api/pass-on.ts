import type { Exchange } from "../../../../exchange.ts";
import { answeredHeaders } from "./headers.ts";

/** The platform's answer as it came, with the decision's id. */
export function passOn(
	{ decisionId, method }: Exchange,
	{ status, headers: own }: Pick<Response, "status" | "headers">,
	body: BodyInit | null,
	more: Readonly<Record<string, string>> = {},
): Response {
	const headers = answeredHeaders(own, { "Cache-Control": "no-store" });
	headers.set("Playgate-Decision", decisionId);
	for (const [name, value] of Object.entries(more)) headers.set(name, value);
	const isBare = method === "HEAD" || status === 204 || status === 205 || status === 304;
	return new Response(isBare ? null : body, { status, headers });
}
