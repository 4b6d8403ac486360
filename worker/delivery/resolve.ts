import type { ActionProperties, Condition, DeviceGroup } from "../catalog/delivery-schema.ts";

/** What conditions are judged on. Null is what is not known: it meets no list. */
export interface DeliveryFacts {
	readonly deviceGroup: DeviceGroup;
	/** ISO 3166-1 alpha-2, in capitals. */
	readonly country: string | null;
	readonly continent: string | null;
}

/** The actions of every condition that the facts meet, in the order in which they are applied: the last time is what counts. */
export function actionsOf(conditions: readonly Condition[], facts: DeliveryFacts): readonly string[] {
	const met = conditions.filter((condition) => isMet(condition, facts)).flatMap(({ then }) => then);
	return [...new Set(met.toReversed())].toReversed();
}

function isMet({ if: criteria }: Condition, { deviceGroup, country, continent }: DeliveryFacts): boolean {
	return (
		holds(criteria.device_group, deviceGroup) &&
		holds(criteria.request_country, country) &&
		holds(criteria.request_continent, continent)
	);
}

const holds = (list: readonly string[] | undefined, value: string | null): boolean =>
	list === undefined || list.length === 0 || (value !== null && list.includes(value));

/** Whether judging the conditions needs to know where the client is. */
export function needsPlace(conditions: readonly Condition[]): boolean {
	return conditions.some(({ if: criteria }) => criteria.request_country?.length || criteria.request_continent?.length);
}

/** A later action overrides what an earlier one says about the same property. */
export function merged(actions: readonly ActionProperties[]): ActionProperties {
	return Object.assign({}, ...actions) as ActionProperties;
}
