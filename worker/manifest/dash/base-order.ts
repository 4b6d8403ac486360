import { type Edit, applyEdits, preferredFirst, reorder } from "../renditions/edits.ts";
import { isPreferredHost } from "../renditions/host.ts";
import type { HostPreference } from "../renditions/rules.ts";
import { type OutlineElement, childrenOf } from "./outline.ts";
import { attributeRanges } from "./xml.ts";

/** The document with the places that are preferred in front: of several BaseURLs at one level players take the first. */
export function basesInOrder(text: string, root: OutlineElement | null, host: HostPreference): string {
	if (root === null) return text;
	return applyEdits(text, [...baseOrder(text, root, host), ...firstLocation(text, root, host)]);
}

function baseOrder(text: string, element: OutlineElement, host: HostPreference): Edit[] {
	const order = preferredFirst(childrenOf(element, "BaseURL"), (base) => isPreferred(base, host));
	return [...reorder(text, order), ...element.children.flatMap((child) => baseOrder(text, child, host))];
}

/** Players that follow content steering start with the location that it names, whatever comes first. */
function firstLocation(text: string, root: OutlineElement, host: HostPreference): Edit[] {
	const preferred = childrenOf(root, "BaseURL").find((base) => isPreferred(base, host));
	const location = preferred && rangeOf(text, preferred, "serviceLocation");
	const [steering] = childrenOf(root, "ContentSteering");
	const named = steering && rangeOf(text, steering, "defaultServiceLocation");
	if (!location || !named) return [];
	const written = text.slice(location.start, location.end);
	const isWritable = !written.includes(text.charAt(named.end)); // the quote around it may be of the other kind
	return isWritable ? [{ ...named, text: written }] : [];
}

const rangeOf = (text: string, element: OutlineElement, attribute: string) =>
	attributeRanges(text, element.contentStart).get(attribute);

const isPreferred = (base: OutlineElement, host: HostPreference): boolean => isPreferredHost(base.text.trim(), host);
