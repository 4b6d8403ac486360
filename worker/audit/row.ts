import { safePath } from "../safe-path.ts";
import { type AuditedDecision, COLUMNS, type Cell, type Column, type Row } from "./contract.ts";

const MOST_DETAIL_CHARACTERS = 300;
const UNCOUNTED = '{"uncounted":true}';
const MOST_AGENT_CHARACTERS = 256;

/** What is kept of a decision: no token, no secret, and of the address its network only. */
export function rowOf(decision: AuditedDecision): Row {
	const cells = cellsOf(decision);
	return COLUMNS.map((column) => cells[column]);
}

function cellsOf(decision: AuditedDecision): Readonly<Record<Column, Cell>> {
	const { refusal } = decision;
	return {
		time: new Date(decision.atMs).toISOString(),
		decision_id: decision.decisionId,
		allowed: refusal === undefined,
		status: decision.status,
		reason: refusal?.reason ?? null,
		detail: refusal === undefined ? (decision.uncounted === true ? UNCOUNTED : null) : detailOf(refusal),
		method: decision.method,
		path: safePath(decision.path),
		video_id: decision.video ?? null,
		token_id: decision.tokenId ?? null,
		key_id: decision.keyId ?? null,
		uid: decision.uid ?? null,
		country: countryOf(decision.country),
		asn: typeof decision.asn === "number" ? decision.asn : null,
		address: networkOf(decision.address),
		user_agent: decision.userAgent.slice(0, MOST_AGENT_CHARACTERS),
	};
}

/** What the refusal tells beside its reason, as JSON; null where that is nothing. */
function detailOf({ reason: _reason, ...told }: Readonly<Record<string, unknown>>): string | null {
	return Object.keys(told).length === 0 ? null : JSON.stringify(told).slice(0, MOST_DETAIL_CHARACTERS);
}

function countryOf(country: unknown): string | null {
	return typeof country === "string" && /^[A-Z][A-Z0-9]$/i.test(country) ? country.toUpperCase() : null;
}

/** Tells networks apart, not households: the /24 of an IPv4 address, the /48 of an IPv6 one. */
function networkOf(address: string | null): string | null {
	if (address?.includes(":") === true) return `${address.split(":").slice(0, 3).join(":")}::/48`;
	return address?.includes(".") === true ? `${address.slice(0, address.lastIndexOf("."))}.0/24` : null;
}
