import * as v from "valibot";
import type { Catalog, Video } from "../catalog/catalog.ts";
import { parse } from "../catalog/issues.ts";
import type { Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";

/** Sixteen bytes in base64url without padding; the bits beyond them are zero (RFC 4648 section 3.5). */
const KEY_ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const MOST_KEYS = 100;
const FORM = 'must be JSON: {"kids": ["<key id in base64url>"], "type": "temporary"}';

/** The licence request of Clear Key (W3C Encrypted Media Extensions, section 9.1.3); other members are ignored. */
export const clearKeySchema = v.object(
	{
		kids: v.pipe(
			v.array(
				v.pipe(
					v.string("must be a string"),
					v.regex(KEY_ID, "must be the 16 bytes of a key id in base64url, without padding"),
				),
				"must be a list of key ids",
			),
			v.minLength(1, "must not be empty"),
			v.maxLength(MOST_KEYS, `must have at most ${MOST_KEYS} entries`),
		),
		type: v.optional(
			v.literal("temporary", 'must be "temporary": licences that are stored are not given'),
			"temporary",
		),
	},
	FORM,
);

/** A licence of Clear Key: a JWK set (section 9.1.4). */
export interface ClearKeyLicense {
	readonly keys: readonly { readonly kty: "oct"; readonly kid: string; readonly k: string }[];
	readonly type: "temporary";
}

/** Key ids that a request names, each once, in base64url. */
export function readKeyIds(body: Uint8Array): Decision<readonly string[]> {
	let json: unknown;
	try {
		json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
	} catch {
		return refuse({ reason: "bad-request", detail: `The licence request ${FORM}.` });
	}
	const parsed = parse(clearKeySchema, json);
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: `The licence request: ${parsed.issues.join("; ")}` });
	return allow([...new Set(parsed.value.kids)]);
}

/** The keys that the sources hold of those ids; `resource-not-found` when they hold none. @throws when a key cannot be unsealed */
export function clearKeyLicense(
	catalog: Catalog,
	video: Video,
	sources: readonly Source[],
	keyIds: readonly string[],
): Decision<ClearKeyLicense> {
	const keys = keyIds.flatMap((kid) => {
		const key = keyOf(catalog, video, sources, Buffer.from(kid, "base64url").toString("hex"));
		return key === null ? [] : [{ kty: "oct" as const, kid, k: Buffer.from(key).toString("base64url") }];
	});
	return keys.length === 0 ? refuse({ reason: "resource-not-found" }) : allow({ keys, type: "temporary" });
}

function keyOf(catalog: Catalog, video: Video, sources: readonly Source[], keyId: string): Uint8Array | null {
	for (const source of sources) {
		if (source.protection !== "clearkey") continue;
		const name = Object.keys(source.keys).find((each) => each.toLowerCase() === keyId);
		if (name !== undefined) return catalog.contentKey(video, source, name);
	}
	return null;
}
