import type { Account } from "../catalog/catalog.ts";
import type { ActionProperties, Condition } from "../catalog/delivery-schema.ts";
import { ID_PATTERN, type Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import { deviceGroupOf } from "../delivery/device-group.ts";
import { type DeliveryEffect, effectOf, mediaEffect } from "../delivery/effect.ts";
import { actionsOf, merged, needsPlace } from "../delivery/resolve.ts";
import type { Exchange } from "../exchange.ts";
import type { Asker } from "./limit-ask.ts";
import type { Identified } from "./authorize.ts";
import { geoOf } from "./rights.ts";
import { isDashSource } from "./sources.ts";

const CONFIG_ID = "config_id";
const NO_EFFECT = allow<DeliveryEffect | null>(null);

/** Actions that are asked for by name, and by whom. */
interface Named {
	readonly by: "drules" | typeof CONFIG_ID;
	readonly ids: readonly string[];
}

/**
 * What the account's delivery rules make of the manifests of this request (reference: brightcove 8): its conditions in turn, then the
 * `config_id` of the request, in place of which the token may have `drules`. Null when they change nothing.
 */
export function deliveryOf(
	exchange: Exchange,
	asker: Identified,
): Decision<DeliveryEffect | null> | Promise<Decision<DeliveryEffect | null>> {
	const { account } = asker;
	const conditions = exchange.gate.catalog.deliveryRules.conditions(account, exchange.nowMs);
	const named = namedActions(exchange, asker);
	if (named === null && !(conditions instanceof Promise) && conditions.length === 0) return NO_EFFECT;
	return resolve(exchange, asker, conditions, named);
}

/**
 * The same for what lies below a manifest: the parts of an MPD have renditions like the MPD; playlists have theirs chosen already, and
 * only where players fetch segments themselves is there something left to change.
 */
export async function deliveryBelow(
	exchange: Exchange,
	asker: Asker,
	source: Source,
): Promise<Decision<DeliveryEffect | null>> {
	const isDash = isDashSource(source);
	if (!isDash && asker.video.record.segments !== "direct") return NO_EFFECT;
	const effect = await deliveryOf(exchange, asker);
	return isDash || !effect.allowed || effect.value === null ? effect : allow(mediaEffect(effect.value));
}

async function resolve(
	exchange: Exchange,
	asker: Identified,
	conditions: readonly Condition[] | Promise<readonly Condition[]>,
	named: Named | null,
): Promise<Decision<DeliveryEffect | null>> {
	const met = metActions(exchange, asker, await conditions);
	if (!met.allowed) return met;
	const ofAccount = await Promise.all(met.value.map((id) => propertiesOf(exchange, asker.account, id)));
	const ofRequest = await namedProperties(exchange, asker.account, named);
	if (!ofRequest.allowed) return ofRequest;
	// An action that was deleted since the conditions were written has nothing to say.
	const found = ofAccount.filter((properties) => properties !== null);
	return allow(effectOf(merged([...found, ...ofRequest.value])));
}

function metActions(exchange: Exchange, { client }: Identified, conditions: readonly Condition[]) {
	if (conditions.length === 0) return allow<readonly string[]>([]);
	const geo = needsPlace(conditions) ? geoOf(exchange) : allow({ country: null, continent: null });
	if (!geo.allowed) return geo;
	const { country, continent } = geo.value;
	return allow(actionsOf(conditions, { deviceGroup: deviceGroupOf(client.userAgent), country, continent }));
}

async function namedProperties(
	exchange: Exchange,
	account: Account,
	named: Named | null,
): Promise<Decision<readonly ActionProperties[]>> {
	const found: ActionProperties[] = [];
	for (const id of named?.ids ?? []) {
		const properties = await propertiesOf(exchange, account, id);
		if (properties !== null) found.push(properties);
		// Where an account keeps no actions here, what its tokens and pages name is not looked at, as with `prid`.
		else if (named && (await exchange.gate.catalog.deliveryRules.areUsed(account, exchange.nowMs))) {
			return refuse(missing(named.by));
		}
	}
	return allow(found);
}

function missing(by: Named["by"]): Refusal {
	return by === "drules"
		? { reason: "delivery-rule-missing" }
		: { reason: "bad-request", detail: `${CONFIG_ID} names no delivery rule action of the account.` };
}

async function propertiesOf(exchange: Exchange, account: Account, id: string): Promise<ActionProperties | null> {
	const action = await exchange.gate.catalog.deliveryRules.action(account, id, exchange.nowMs);
	return action?.properties ?? null;
}

function namedActions(exchange: Exchange, asker: Identified): Named | null {
	const { drules } = asker.subject.subject.claims;
	if (drules) return { by: "drules", ids: drules };
	const id = configIdOf(exchange, asker);
	return id === null ? null : { by: CONFIG_ID, ids: [id] };
}

/** The `config_id` that the request names, or that its grant was given with; null for none. */
export function configIdOf(exchange: Exchange, { subject: { subject } }: Identified): string | null {
	if (subject.grant) return subject.grant.configId ?? null;
	return exchange.search.includes(CONFIG_ID) ? exchange.query.get(CONFIG_ID) || null : null;
}

/** The one that a grant carries on: where the token has `drules` it counts for nothing, and what is no id names no action. */
export function lastingConfigId(exchange: Exchange, asker: Identified): string | null {
	const id = asker.subject.subject.claims.drules ? null : configIdOf(exchange, asker);
	return id !== null && ID_PATTERN.test(id) ? id : null;
}
