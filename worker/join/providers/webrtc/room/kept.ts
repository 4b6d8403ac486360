import { parse } from "../../../../catalog/issues.ts";
import type { Effect, Seat } from "../../../room/protocol.ts";
import type { AdmittedSdp } from "../sdp-admission.ts";
import { keptSchema } from "./messages.ts";

/** What a participant last said of itself to one peer. */
export type Pin = Pick<AdmittedSdp, "fingerprints" | "ufrag" | "password">;

/** An offer that waits for its answer. `restart`: it began a new transport (RFC 8839 section 4.4.1). */
export type PendingOffer = Pick<AdmittedSdp, "media" | "setup"> & { readonly restart: boolean };

/** What the room keeps of a participant between messages. */
export interface Kept {
	readonly pins: Readonly<Record<string, Pin>>;
	readonly offers: Readonly<Record<string, PendingOffer>>;
	readonly muted: { readonly audio: boolean; readonly video: boolean } | null;
	readonly greeting: Readonly<Record<string, unknown>>;
}

const NOTHING: Kept = { pins: {}, offers: {}, muted: null, greeting: {} };

/** What cannot be read is forgotten: pins come again with the next description. */
export function keptOf({ kept }: Seat): Kept {
	const parsed = parse(keptSchema, kept);
	return parsed.ok ? parsed.value : NOTHING;
}

export function keep(participant: string, kept: Kept): Effect {
	return { effect: "keep", participant, kept: { ...kept } };
}

export function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
	const { [name]: _gone, ...others } = record;
	return others;
}
