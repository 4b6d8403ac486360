import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { readBytes } from "../../../request-body.ts";
import { guardEnvelope } from "../../../secret-guard.ts";
import { MOST_SDP_BYTES } from "../sdp/lines.ts";

export interface TypedBody<T extends string> {
	readonly type: T;
	readonly text: string;
}

/** The body of a request, of one of these media types, in UTF-8. */
export async function readTyped<T extends string>(
	exchange: Exchange,
	expected: readonly T[],
): Promise<Decision<TypedBody<T>>> {
	const guarded = guardEnvelope(exchange);
	if (!guarded.allowed) return guarded;
	const { request, headers } = exchange;
	const given = headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase();
	const type = expected.find((each) => each === given);
	if (type === undefined) return refuse({ reason: "media-type-unsupported", expected });
	const read = await readBytes(request, MOST_SDP_BYTES);
	if (!read.allowed) return read;
	const bytes = read.value;
	try {
		return allow({ type, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) });
	} catch {
		return refuse({ reason: "sdp-refused", rule: "characters", detail: "it is not UTF-8" });
	}
}
