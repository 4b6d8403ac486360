import type { Exchange } from "../exchange.ts";
import { safePath } from "../safe-path.ts";
import { auditDecision } from "./audit-decision.ts";
import type { Outcome } from "./outcome.ts";

/**
 * One structured line a decision (design 9). It names token and key by id and the viewer's uid; never the token, a secret or the client's
 * address. The refusal is the internal one, which tells more than the answer did. Those of accounts are kept for their reports too.
 */
export function logDecision(exchange: Exchange, outcome: Outcome): void {
	auditDecision(exchange, outcome);
	const { status, refusal } = outcome;
	const { gate, told, method, path } = exchange;
	if (!isLogged(exchange, outcome)) return;
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
		provider: told.provider,
		token: told.tokenId,
		key: told.keyId,
		uid: told.uid,
		actor: told.actor,
		uncounted: told.uncounted,
		ms: gate.ports.now() - exchange.nowMs,
	});
}

function isLogged({ gate, told }: Exchange, { refusal, goesOn }: Outcome): boolean {
	const mode = gate.settings.decisionLog;
	if (refusal) return mode !== "none";
	if (told.remembered === true) return false;
	return mode === "all" || (mode === "decisions" && goesOn !== true);
}
