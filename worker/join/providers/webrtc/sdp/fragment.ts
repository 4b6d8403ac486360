import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { candidateFault } from "./candidate.ts";
import { type SdpLine, readLines } from "./lines.ts";
import { PASSWORD, UFRAG } from "./security-rules.ts";

/** What a fragment says of the transport; empty where it does not. */
export interface AdmittedFragment {
	readonly ufrag: string;
	readonly password: string;
	readonly candidates: number;
}

/** A section's line stands for its name only: RFC 8840 section 9 has RTP/AVP there, whatever the session uses. */
const SECTION = /^(?:audio|video|application) \d{1,5} [A-Za-z0-9/]{1,64}(?: [!-~]{1,64}){1,64}$/;
const FLAGS: ReadonlySet<string> = new Set(["end-of-candidates", "ice-lite", "rtcp-mux", "bundle-only"]);
/** Attributes with a value, and what it looks like. */
const VALUES: ReadonlyMap<string, RegExp> = new Map([
	["ice-ufrag", UFRAG],
	["ice-pwd", PASSWORD],
	["ice-options", /^[A-Za-z0-9+/, -]{1,256}$/],
	["ice-pacing", /^\d{1,10}$/],
	["group", /^BUNDLE(?: [!-~]{1,64})+$/],
	["mid", /^[!-~]{1,64}$/],
]);
const MOST_CANDIDATES = 200;

/**
 * Judges a fragment of a session description (RFC 8840): ICE credentials and candidates, and nothing that could change what was admitted
 * with the whole one. Refuses `sdp-refused`. Pure.
 */
export function admitFragment(text: string): Decision<AdmittedFragment> {
	const lines = readLines(text);
	if (!lines.allowed) return lines;
	let candidates = 0;
	for (const line of lines.value) {
		const fault = faultOf(line);
		if (fault !== null) return refused(`line ${line.number} ${fault}`);
		if (line.value.startsWith("candidate:")) candidates += 1;
	}
	if (candidates > MOST_CANDIDATES) return refused(`it has more than ${MOST_CANDIDATES} candidates`);
	const [ufrag, ...otherUfrags] = valuesOf(lines.value, "ice-ufrag");
	const [password, ...otherPasswords] = valuesOf(lines.value, "ice-pwd");
	if (otherUfrags.length + otherPasswords.length > 0)
		return refused("it has ICE credentials of more than one transport");
	if ((ufrag === undefined) !== (password === undefined))
		return refused("it has a=ice-ufrag or a=ice-pwd, and not both");
	return allow({ ufrag: ufrag ?? "", password: password ?? "", candidates });
}

function faultOf({ type, value }: SdpLine): string | null {
	if (type === "m") return SECTION.test(value) ? null : "does not name a section";
	if (type !== "a") return "is neither a section nor an attribute";
	if (value.startsWith("candidate:")) return candidateFault(value) === null ? null : "is not a candidate";
	if (FLAGS.has(value)) return null;
	const colon = value.indexOf(":");
	const form = colon < 0 ? undefined : VALUES.get(value.slice(0, colon));
	if (!form) return "has no place in a fragment: it takes ICE credentials and candidates only";
	return form.test(value.slice(colon + 1)) ? null : "has a value of another form";
}

function valuesOf(lines: readonly SdpLine[], name: string): readonly string[] {
	const found = lines.filter(({ type, value }) => type === "a" && value.startsWith(`${name}:`));
	return [...new Set(found.map(({ value }) => value.slice(name.length + 1)))];
}

const refused = (detail: string) => refuse({ reason: "sdp-refused", rule: "fragment", detail });
