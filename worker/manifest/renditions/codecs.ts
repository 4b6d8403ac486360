/** Sample entries (RFC 6381, the registry of mp4ra.org) and what publishers call them. */
const VIDEO_FAMILIES: Readonly<Record<string, readonly string[]>> = {
	h264: ["avc1", "avc2", "avc3", "avc4"],
	h265: ["hvc1", "hev1", "dvh1", "dvhe"],
	h266: ["vvc1", "vvi1"],
	av1: ["av01", "dav1"],
	vp8: ["vp08", "vp8"],
	vp9: ["vp09", "vp9"],
	mpeg4: ["mp4v"],
};
const AUDIO_FAMILIES: Readonly<Record<string, readonly string[]>> = {
	aac: ["mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68"],
	ac3: ["ac-3"],
	eac3: ["ec-3"],
	ac4: ["ac-4"],
	mp3: ["mp4a.69", "mp4a.6b", "mp3"],
	opus: ["opus"],
	vorbis: ["vorbis"],
	flac: ["flac"],
	alac: ["alac"],
	dts: ["dtsc", "dtsh", "dtsl", "dtse", "dtsx"],
};
const FAMILIES = new Map(Object.entries({ ...VIDEO_FAMILIES, ...AUDIO_FAMILIES }));
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
	["avc", "h264"],
	["h.264", "h264"],
	["hevc", "h265"],
	["h.265", "h265"],
	["vvc", "h266"],
	["ac-3", "ac3"],
	["ec-3", "eac3"],
	["e-ac-3", "eac3"],
	["ac-4", "ac4"],
]);

const entriesOf = (families: Readonly<Record<string, readonly string[]>>): ReadonlySet<string> =>
	new Set(Object.values(families).flatMap((entries) => entries.map((entry) => entry.split(".", 1)[0] ?? "")));
const VIDEO_ENTRIES = entriesOf(VIDEO_FAMILIES);
const AUDIO_ENTRIES = entriesOf(AUDIO_FAMILIES);

/** The part before the first dot, which names the format: "avc1" of "avc1.4d401f". */
export const sampleEntry = (codec: string): string => codec.trim().toLowerCase().split(".", 1)[0] ?? "";

export const isVideoCodec = (codec: string): boolean => VIDEO_ENTRIES.has(sampleEntry(codec));
export const isAudioCodec = (codec: string): boolean => AUDIO_ENTRIES.has(sampleEntry(codec));

/**
 * Whether a codec is of one of the names: the codec itself, the start of it up to a dot (`avc1`, `mp4a.40`), or the name of a
 * family (`h264`, `hevc`, `aac`).
 */
export function isCodecOf(codec: string, names: readonly string[]): boolean {
	return names.some((name) => {
		const lower = name.toLowerCase();
		const family = FAMILIES.get(OTHER_NAMES.get(lower) ?? lower);
		return startsAtDot(codec, lower) || family?.some((entry) => startsAtDot(codec, entry)) === true;
	});
}

function startsAtDot(codec: string, start: string): boolean {
	const whole = codec.trim().toLowerCase();
	const from = start.toLowerCase();
	return whole === from || whole.startsWith(`${from}.`);
}
