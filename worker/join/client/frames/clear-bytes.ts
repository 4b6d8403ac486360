/** What a frame is, as far as its clear part depends on it. */
export interface FrameKind {
	readonly media: "audio" | "video";
	/** Key frames of VP8 begin with a longer header. */
	readonly keyFrame: boolean;
}

/**
 * How many bytes at the begin of a frame stay readable. Packetisers and media servers look there: at the header of VP8 (RFC 6386, section 9.1:
 * 3 bytes, 10 in a key frame) and at the TOC byte of Opus (RFC 6716, section 3.1). They are authenticated all the same.
 */
export function clearBytesOf({ media, keyFrame }: FrameKind): number {
	if (media === "audio") return 1;
	return keyFrame ? 10 : 3;
}
