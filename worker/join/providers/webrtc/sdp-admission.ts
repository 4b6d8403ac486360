import type { JoinRole } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { type Description, type Direction, describe, live, transportValues } from "./sdp/description.ts";
import { formRules } from "./sdp/form-rules.ts";
import { readLines, textRules } from "./sdp/lines.ts";
import { firstFault } from "./sdp/rule.ts";
import { fingerprintsOf, securityRules } from "./sdp/security-rules.ts";
import { useRules } from "./sdp/use-rules.ts";

/** What a description is sent for. */
export interface SdpUse {
	readonly kind: "offer" | "answer";
	readonly door: "room" | "whip" | "whep";
	/** Of a participant who sends it; null where a provider does. */
	readonly role: JoinRole | null;
	/** Who sends it; a participant unless it says otherwise. */
	readonly from?: "participant" | "provider";
	/** The offer that an answer is to; its sections are compared. */
	readonly offer?: Pick<AdmittedSdp, "media" | "setup">;
}

/** What the gate remembers of a description that it let pass. */
export interface AdmittedSdp {
	/** `sha-256 AB:CD:...`, sorted; none only where every section is rejected. */
	readonly fingerprints: readonly string[];
	/** Of the one transport; empty where every section is rejected. */
	readonly ufrag: string;
	readonly password: string;
	readonly setup: string;
	readonly media: readonly AdmittedMedia[];
}

export interface AdmittedMedia {
	readonly kind: string;
	readonly isLive: boolean;
	readonly direction: Direction;
}

/** Names and sources of all rules, in the order in which they are judged (reference: rtc 4.1). */
export const SDP_RULES: readonly { readonly name: string; readonly source: string }[] = [
	...textRules,
	...formRules,
	...securityRules,
	...useRules,
];

/**
 * Judges a session description before anybody else reads it: DTLS-SRTP only, a strong fingerprint, one transport, and no more than the
 * role and the door allow. Refuses `sdp-refused` with the first rule that it breaks. Pure, and never throws whatever the text is.
 */
export function admitSdp(text: string, use: SdpUse): Decision<AdmittedSdp> {
	const lines = readLines(text);
	if (!lines.allowed) return lines;
	const description = describe(lines.value);
	const fault =
		firstFault(formRules, description) ??
		firstFault(securityRules, { description, kind: use.kind, door: use.door }) ??
		firstFault(useRules, { ...use, description });
	return fault ? refuse({ reason: "sdp-refused", ...fault }) : allow(summary(description));
}

function summary(description: Description): AdmittedSdp {
	const [first] = live(description);
	const values = (name: string): readonly string[] => (first ? transportValues(description, first, name) : []);
	return {
		fingerprints: fingerprintsOf(values("fingerprint")),
		ufrag: values("ice-ufrag")[0] ?? "",
		password: values("ice-pwd")[0] ?? "",
		setup: values("setup")[0] ?? "",
		media: description.media.map(({ kind, isLive, direction }) => ({ kind, isLive, direction })),
	};
}
