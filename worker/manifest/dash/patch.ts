import { type ReferenceKind, attributeKind, localName, textKind } from "./rules.ts";

/** The end of a selector is enough to tell what it selects. */
const SELECTOR_END = 300;
const LAST_STEPS = /\/([\w.:-]+)(?:\[[^\]]*\])*(?:\/(?:@([\w.:-]+)|(text\(\))(?:\[\d+\])?))?$/;

/**
 * What the text of an `add` or `replace` operation (RFC 5261, in the MPD patches of ISO/IEC 23009-1, 5.15) becomes a URL of; null
 * when it becomes none, as when it adds elements.
 */
export function patchedKind(operation: string, attributes: Readonly<Record<string, string>>): ReferenceKind | null {
	if (operation !== "add" && operation !== "replace") return null;
	const [, element, selected, text] = LAST_STEPS.exec((attributes.sel ?? "").trim().slice(-SELECTOR_END)) ?? [];
	if (element === undefined) return null;
	const added = operation === "add" && attributes.type?.startsWith("@") ? attributes.type.slice(1) : undefined;
	const attribute = selected ?? added;
	if (attribute !== undefined) return attributeKind(localName(element), attribute);
	const kind = text === undefined ? null : textKind(localName(element));
	return kind === "base" ? "media" : kind;
}
