import { type Decision, allow, refuse } from "../../../../decision/decision.ts";

/** The form of a session's creation, as the platform shall get it. */
export interface CreateForm {
	readonly body: string;
	readonly encrypted: boolean;
}

const E2EE = "e2ee";
const PREFERENCE = "p2p.preference";
const ARCHIVE = "archiveMode";
const KNOWN: readonly string[] = [E2EE, PREFERENCE, ARCHIVE];

const YES = /^(?:true|1)$/i;
const NO = /^(?:false|0|null)?$/i;
/** By the names of the API, or those of its SDKs: @vonage/video passes on what it is given. */
const ROUTED = /^(?:disabled|routed)$/i;
const RELAYED = /^(?:enabled|always|relayed)$/i;

/**
 * Turns encryption on where the account's policy says so, and refuses what the platform cannot encrypt: relayed sessions, which SDKs ask
 * for when nothing is said, and those that are always archived (reference: rtc 1.1). Everything else stays as it came, in its place.
 */
export function encryptForm(body: string, policy: "require" | "allow"): Decision<CreateForm> {
	const form = new URLSearchParams(body);
	const repeated = [...form.keys()].find((name) => isAmbiguous(form, name));
	if (repeated !== undefined) return odd(`The form has ${repeated} twice, or in another spelling.`);
	const asked = form.get(E2EE);
	if (asked !== null && !YES.test(asked) && !NO.test(asked)) return odd("e2ee must be true or false.");
	const encrypted = policy === "require" || YES.test(asked ?? "");
	if (!encrypted) return allow({ body, encrypted });
	const preference = form.get(PREFERENCE);
	if (preference !== null && RELAYED.test(preference)) return odd(RELAYED_MESSAGE);
	if (preference !== null && !ROUTED.test(preference))
		return odd("p2p.preference must be disabled, which is routed media.");
	const archive = form.get(ARCHIVE);
	if (archive !== null && /^always$/i.test(archive)) return odd(ARCHIVED_MESSAGE);
	if (archive !== null && !/^manual$/i.test(archive)) return odd("archiveMode must be manual.");
	form.set(E2EE, "true");
	form.set(PREFERENCE, "disabled");
	form.set(ARCHIVE, "manual");
	return allow({ body: form.toString(), encrypted });
}

const RELAYED_MESSAGE =
	"MediaMode must be routed in order to enable E2EE: create the session with mediaMode routed (p2p.preference=disabled).";
const ARCHIVED_MESSAGE =
	"ArchiveMode cannot be set to always when using E2EE: create the session with archiveMode manual.";

/** Options belong into the form: a platform may read them from either, and prefer the other. */
export function judgeQuery(query: URLSearchParams): Decision {
	const misplaced = [...query.keys()].find((name) => knownAs(name) !== undefined);
	return misplaced === undefined ? allow() : odd(`The query has ${misplaced}: options of a session go into the form.`);
}

const knownAs = (name: string): string | undefined =>
	KNOWN.find((one) => one.toLowerCase() === name.trim().toLowerCase());

function isAmbiguous(form: URLSearchParams, name: string): boolean {
	const known = knownAs(name);
	return known !== undefined && (known !== name || form.getAll(name).length > 1);
}

const odd = (detail: string) => refuse({ reason: "vonage-session-options", detail });
