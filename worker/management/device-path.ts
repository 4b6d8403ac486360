import { type Decision, allow, refuse } from "../decision/decision.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../limits/device-contract.ts";
import { UID_PATTERN, UID_RULE } from "../token/claims.ts";

/** What a path of the Devices API names; `device` is null for all devices of the viewer. */
export interface DevicePath {
	readonly uid: string;
	readonly device: string | null;
}

const SEGMENTS_BEFORE_UID = "/v1/accounts/{account}/users/".split("/").length - 1;

/**
 * Reads `/v1/accounts/{a}/users/{uid}/devices` and `.../devices/{device}`. Names of viewers and devices may have "/" in them and should come
 * percent-encoded; a plain "/" is taken for part of a name where only one reading is possible. `path` as it was sent, not decoded.
 */
export function readDevicePath(path: string): Decision<DevicePath> {
	const segments = path.split("/").slice(SEGMENTS_BEFORE_UID);
	const places = segments.flatMap((segment, place) => (segment === "devices" && place > 0 ? [place] : []));
	const [place, another] = segments.length <= 3 && places[0] === 1 ? [1] : places;
	if (place === undefined) return refuse({ reason: "resource-not-found" });
	if (another !== undefined) return mistaken('The path can be read in more than one way: send "/" in names as %2F.');
	const uid = decoded(segments.slice(0, place));
	if (uid === null || !UID_PATTERN.test(uid)) return mistaken(`The user id in the path must be ${UID_RULE}.`);
	if (place === segments.length - 1) return allow({ uid, device: null });
	const device = decoded(segments.slice(place + 1));
	if (device === null || !DEVICE_ID_PATTERN.test(device))
		return mistaken(`The device id in the path must be ${DEVICE_ID_RULE}.`);
	return allow({ uid, device });
}

const mistaken = (detail: string) => refuse({ reason: "bad-request", detail });

/** Null when it is not percent-encoded UTF-8. */
function decoded(segments: readonly string[]): string | null {
	try {
		return decodeURIComponent(segments.join("/"));
	} catch {
		return null;
	}
}
