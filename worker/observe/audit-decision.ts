import { normaliseAddress, readAddress, readPlace } from "../client-address.ts";
import type { Exchange } from "../exchange.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Hands the decision on to the account's audit: every refusal, and what was allowed to start, to spend or to be read; not what goes on under
 * a start. Requests that name no account of the gate are in the log only.
 */
export function auditDecision(exchange: Exchange, outcome: Outcome): void {
	if (!isAudited(exchange, outcome)) return;
	const { gate, told, headers } = exchange;
	gate.audit.record(
		told.account?.id ?? "",
		{
			atMs: exchange.nowMs,
			decisionId: exchange.decisionId,
			status: outcome.status,
			refusal: outcome.refusal,
			uncounted: told.uncounted === true,
			method: exchange.method,
			path: exchange.path,
			video: told.video,
			tokenId: told.tokenId,
			keyId: told.keyId,
			uid: told.uid,
			address: told.client?.address ?? normaliseAddress(readAddress(headers, gate.settings)),
			userAgent: told.client?.userAgent ?? headers.get("User-Agent") ?? "",
			...placeOf(exchange),
		},
		exchange.waitUntil,
	);
}

function isAudited({ told }: Exchange, { refusal, goesOn }: Outcome): boolean {
	const { account } = told;
	if (!account || account.settings.audit === "none") return false;
	if (!refusal && (account.settings.audit === "refusals" || goesOn === true || told.remembered === true)) return false;
	// Anybody can name an account that nobody has made: that must not make it an object.
	return account.keySet.keys.length > 0 || told.video !== undefined;
}

/** What cannot be read is refused where a right judges it. */
function placeOf({ gate, request, headers }: Exchange): { readonly country: unknown; readonly asn: unknown } {
	const place = readPlace(request, headers, gate.settings);
	return { country: place?.["country"], asn: place?.["asn"] };
}
