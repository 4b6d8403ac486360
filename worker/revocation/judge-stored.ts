import type { RevokedBy } from "../decision/refusals.ts";
import type { RevocableFacts } from "./snapshot.ts";

/** What `RevocationSnapshot.judge` says of a copy, asked of the list itself. */
export function judgeStored(
	sql: SqlStorage,
	facts: readonly RevocableFacts[],
	nowSeconds: number,
): (RevokedBy | null)[] {
	const [before] = sql
		.exec<{ before: number }>(
			`SELECT before FROM revocations WHERE kind = 'issued-before' AND value = '' AND before IS NOT NULL AND ${LIVE}`,
			nowSeconds,
		)
		.toArray();
	return facts.map((fact) => {
		if (before && (fact.issuedAt ?? 0) < before.before) return "issued-before";
		const found = namedBy(fact).find(([kind, value]) => isListed(sql, kind, value, nowSeconds));
		return found?.[0] ?? null;
	});
}

const LIVE = "removed_at IS NULL AND (expires_at IS NULL OR expires_at > ?)";

function isListed(sql: SqlStorage, kind: RevokedBy, value: string, nowSeconds: number): boolean {
	const query = `SELECT 1 FROM revocations WHERE kind = ? AND value = ? AND ${LIVE}`;
	return sql.exec(query, kind, value, nowSeconds).toArray().length > 0;
}

function namedBy({ tokenId, jti, uid, sid, keyId, video }: RevocableFacts): [RevokedBy, string][] {
	const named: [RevokedBy, string | undefined][] = [
		["token", tokenId],
		["jti", jti],
		["uid", uid],
		["sid", sid],
		["key", keyId],
		["video", video],
	];
	return named.flatMap(([kind, value]) => (value === undefined ? [] : [[kind, value] satisfies [RevokedBy, string]]));
}
