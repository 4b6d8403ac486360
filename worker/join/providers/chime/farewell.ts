import type { Refusal } from "../../../decision/refusals.ts";
import { wireError } from "../../../decision/wire.ts";
import { audioStatusFrame, joinRefusedFrame } from "./frames.ts";

/**
 * How a client hears that it may not go on: a frame that its SDK reports as a status that is final, and the close that follows. Without a
 * frame the close comes at once, and the SDK tries again (reference: rtc 3.3).
 */
export interface Farewell {
	readonly frame: ((nowMs: number) => Uint8Array) | null;
	readonly code: number;
	/** At most 123 bytes, as a close frame has room for. */
	readonly why: string;
}

/** Numbers of AUDIO_STATUS, and what amazon-chime-sdk-js makes of them. */
const AUDIO = {
	/** AudioJoinedFromAnotherDevice */
	otherDevice: 301,
	/** AudioAuthenticationRejected */
	rejected: 403,
	/** AudioCallAtCapacity */
	atCapacity: 409,
	/** MeetingEnded */
	ended: 410,
	/** AudioAttendeeRemoved */
	removed: 411,
} as const;

/** Close codes of the service: 4410 is reported as MeetingEnded, another of 44xx as bad request, 45xx is tried again. */
const CLOSE = { rejected: 4403, ended: 4410, unavailable: 4503 } as const;
const FORBIDDEN = 403;

/** What became of a participant, as `GoneBecause` of join/room/contract.ts has it; others are removed. */
const OF_GONE: Readonly<Partial<Record<string, number>>> = {
	"session-ended": AUDIO.ended,
	replaced: AUDIO.otherDevice,
	"token-expired": AUDIO.rejected,
	"token-revoked": AUDIO.rejected,
	"viewer-session-ended": AUDIO.rejected,
};

/** To one that is put out of the session while it is in. */
export function farewellOfGone(because: string): Farewell {
	return ofAudio(OF_GONE[because] ?? AUDIO.removed, because);
}

/** To one that is not let in. */
export function farewellOfRefusal(refusal: Refusal): Farewell {
	const { status, reason, message } = wireError(refusal, "problem");
	if (status >= 500) return { frame: null, code: CLOSE.unavailable, why: reason };
	if (refusal.reason === "e2ee-session-full") return ofAudio(AUDIO.atCapacity, reason);
	if (refusal.reason === "e2ee-session-ended") return ofAudio(AUDIO.ended, reason);
	if (refusal.reason === "participant-gone") return farewellOfGone(refusal.because);
	const frame = (nowMs: number): Uint8Array => joinRefusedFrame(FORBIDDEN, message, nowMs);
	return { frame, code: CLOSE.rejected, why: reason };
}

function ofAudio(status: number, why: string): Farewell {
	const code = status === AUDIO.ended ? CLOSE.ended : CLOSE.rejected;
	return { frame: (nowMs) => audioStatusFrame(status, nowMs), code, why };
}
