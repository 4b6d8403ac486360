import type { ReadRecord } from "../catalog/bulk-reader.ts";
import type { Account, Video } from "../catalog/catalog.ts";
import type { Right } from "../catalog/rights.ts";
import { CLIENT_GEO, readPlace } from "../client-address.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { type Geo, readGeo } from "../policy/rights/facts.ts";
import { judgeRight, nameRight } from "../policy/rights/rights.ts";
import type { Claims } from "../token/claims.ts";
import type { ClientFacts } from "./client.ts";

/**
 * The right that applies: named by the token, else by the video, else the account's default; null when there is none. Tokens of
 * accounts that keep no rights here may still name one (`prid`): it is not looked at, as where the option for it is off
 * (reference: wire facts 2.3). One that is missing among others is a mistake, and refused.
 */
export async function rightOf(
	exchange: Exchange,
	account: Account,
	video: Video,
	claims: Claims,
	read?: ReadRecord,
): Promise<Decision<Right | null>> {
	const { gate, nowMs } = exchange;
	const named = nameRight(claims, video.record);
	if (!named) return allow(await gate.catalog.defaultRight(account, nowMs));
	const right = await gate.catalog.right(account, named.id, nowMs, read);
	if (right) return allow(right);
	if (named.namedBy === "prid" && !(await gate.catalog.usesRights(account, nowMs))) {
		return rightOf(exchange, account, video, {}, read);
	}
	return refuse({ reason: "rights-missing", namedBy: named.namedBy });
}

/** Judges a playback right on this request. */
export function judgeRightOf(exchange: Exchange, right: Right | null, claims: Claims, client: ClientFacts): Decision {
	if (!right) return allow();
	const geo = geoOf(exchange);
	if (!geo.allowed) return geo;
	return judgeRight(right.record, {
		nowSeconds: Math.floor(exchange.nowMs / 1000),
		geoAddress: claims.ip ?? client.fullAddress,
		geo: geo.value,
		origin: exchange.headers.get("Origin"),
		referer: exchange.headers.get("Referer"),
	});
}

export function geoOf({ gate, request, headers }: Exchange): Decision<Geo> {
	const place = readPlace(request, headers, gate.settings);
	if (place) return allow(readGeo(place));
	return refuse({ reason: "bad-request", detail: `${CLIENT_GEO} is not a JSON object.` });
}
