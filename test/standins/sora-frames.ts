/** Bytes that stay readable before the header: of a VP8 key frame, of its other frames, of Opus (reference: rtc 2.3). */
const CLEAR = { key: 10, delta: 3, audio: 1 } as const;
const ID_CHARACTERS = 26;

/**
 * Whether the frame that begins in an RTP packet is encrypted by this connection's SDK: readable bytes, header of SFrame, connection id,
 * ciphertext. Null where no frame begins, or where it is one of the SDK's own black pictures and silences.
 */
export function readSoraFrame(kind: "audio" | "video", payload: Buffer, connection: string): boolean | null {
	const frame = kind === "audio" ? payload : vp8FrameOf(payload);
	if (!frame || frame.length < 8) return null;
	const clear = kind === "audio" ? CLEAR.audio : (frame[0] ?? 0) & 1 ? CLEAR.delta : CLEAR.key;
	const header = frame[clear] ?? 0;
	const idAt = clear + 1 + (header & 7) + ((header >> 4) & 7);
	return (header & 8) !== 0 && frame.subarray(idAt, idAt + ID_CHARACTERS).toString("latin1") === connection;
}

/** The payload after its descriptor, where a frame begins (RFC 7741 section 4.2). */
function vp8FrameOf(payload: Buffer): Buffer | null {
	const first = payload[0] ?? 0;
	if ((first & 0x10) === 0 || (first & 0x07) !== 0) return null;
	if ((first & 0x80) === 0) return payload.subarray(1);
	const extension = payload[1] ?? 0;
	let at = 2;
	if (extension & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
	if (extension & 0x40) at += 1;
	if (extension & 0x30) at += 1;
	return payload.subarray(at);
}
