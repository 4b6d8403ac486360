import type { Refusal } from "../decision/refusals.ts";
import type { Exchange } from "../exchange.ts";

interface Outcome {
	readonly status: number;
	/** Absent when allowed. */
	readonly refusal?: Refusal;
}

/** A JWT, wherever a mistaken client put it in a path. */
const TOKEN = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g;

/** Path without what could be a grant or a token. */
function safePath(path: string): string {
	return path
		.replace(/^\/g\/[^/]*/, "/g/*")
		.replace(/(\/blacklist\/tokens\/).*/, "$1*")
		.replace(TOKEN, "*")
		.slice(0, 300);
}

/**
 * One structured line a decision (design 9). It names token and key by id and the viewer's uid; never the token, a secret or the client's
 * address. The refusal is the internal one, which tells more than the answer did.
 */
export function logDecision(exchange: Exchange, { status, refusal }: Outcome): void {
	const { gate, told, method, path } = exchange;
	const mode = gate.settings.decisionLog;
	if (mode === "none" || (mode === "refusals" && !refusal) || (told.remembered === true && !refusal)) return;
	gate.ports.log({
		event: "decision",
		decision: exchange.decisionId,
		allowed: refusal === undefined,
		status,
		...(refusal ? { refusal } : {}),
		method,
		path: safePath(path),
		account: told.account?.id,
		video: told.video,
		token: told.tokenId,
		key: told.keyId,
		uid: told.uid,
		actor: told.actor,
		ms: gate.ports.now() - exchange.nowMs,
	});
}
