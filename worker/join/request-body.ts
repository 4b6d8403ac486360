import { type Decision, allow, refuse } from "../decision/decision.ts";
import { readUpTo } from "../playback/limited-body.ts";

/** The whole body of a request; refused when it is longer, and then what is left is not read. */
export async function readBytes(request: Request, mostBytes: number): Promise<Decision<Uint8Array>> {
	const read = await readUpTo(request, mostBytes);
	if (!read.allowed) return refuse({ reason: "bad-request", detail: "The body broke off." });
	const { bytes, rest } = read.value;
	if (rest === null) return allow(bytes);
	await rest.cancel();
	return refuse({ reason: "record-too-large", maxBytes: mostBytes });
}
