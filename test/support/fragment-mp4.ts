import { type Box, boxIn, changeBoxes, u32, writeBox } from "./mp4-boxes.ts";

/** What a DASH presentation has of a track: what players need first, and its segments. */
export interface FragmentedTrack {
	readonly init: Buffer;
	/** Each begins with a sync sample. */
	readonly segments: readonly Buffer[];
}

interface Sample {
	readonly bytes: Buffer;
	readonly duration: number;
	readonly isSync: boolean;
	/** Its entry of `senc`: how the sample is to be decrypted (ISO/IEC 23001-7, 7.2). */
	readonly encryption: Buffer;
}

const CLEAR_KEY_SYSTEM = Buffer.from("1077efecc0b24d02ace33c1e52e2fb4b", "hex");

/**
 * Cuts the one track of an MP4 that ffmpeg encrypted (`-encryption_scheme cenc-aes-ctr`) into segments: ffmpeg 5.1 encrypts fragments, too,
 * but leaves out of them what players need to decrypt. The encrypted bytes stay as it wrote them. For streams without reordered
 * frames.
 */
export function fragmentTrack(mp4: Buffer, kid: string): FragmentedTrack {
	const moov = boxIn(mp4, "moov");
	const trak = boxIn(moov, "trak");
	const id = boxIn(trak, "tkhd").readUInt32BE(12);
	const header = writeBox("trex", u32(0), u32(id), u32(1), u32(0), u32(0), u32(0));
	// As players want it that read no manifest (W3C "cenc" initialization data, section 4).
	const pssh = writeBox("pssh", u32(0x01000000), CLEAR_KEY_SYSTEM, u32(1), Buffer.from(kid, "hex"), u32(0));
	const init = Buffer.concat([
		writeBox("ftyp", Buffer.from("iso6"), u32(0), Buffer.from("iso6dash")),
		writeBox(
			"moov",
			writeBox("mvhd", boxIn(moov, "mvhd")),
			writeBox("trak", emptied(trak)),
			writeBox("mvex", header),
			pssh,
		),
	]);
	let time = 0;
	const segments = groups(samplesOf(mp4, boxIn(trak, "mdia", "minf", "stbl"))).map((samples, index) => {
		const segment = segmentOf(samples, { id, number: index + 1, time });
		time += samples.reduce((sum, { duration }) => sum + duration, 0);
		return segment;
	});
	return { init, segments };
}

const CONTAINERS: ReadonlySet<string> = new Set(["mdia", "minf", "stbl"]);
/** Tables of samples that a fragmented file has elsewhere, by how many empty words stand for them. */
const EMPTY: ReadonlyMap<string, number> = new Map([
	["stts", 2],
	["stsc", 2],
	["stco", 2],
	["stsz", 3],
]);
const LEFT_OUT: ReadonlySet<string> = new Set(["edts", "stss", "senc", "saio", "saiz", "sgpd", "sbgp"]);

function emptied(content: Buffer): Buffer {
	return changeBoxes({ content }, (box: Box) => {
		if (CONTAINERS.has(box.type)) return writeBox(box.type, emptied(box.content));
		if (LEFT_OUT.has(box.type)) return Buffer.alloc(0);
		const words = EMPTY.get(box.type);
		return writeBox(box.type, words === undefined ? box.content : Buffer.alloc(4 * words));
	});
}

function samplesOf(mp4: Buffer, stbl: Buffer): readonly Sample[] {
	const sizes = table(boxIn(stbl, "stsz"), 8, 1).flat();
	const sync = new Set(table(boxIn(stbl, "stss"), 4, 1).flat());
	const durations = table(boxIn(stbl, "stts"), 4, 2).flatMap(([count = 0, duration = 0]) =>
		Array.from({ length: count }, () => duration),
	);
	const offsets = offsetsOf(stbl, sizes);
	const encryption = encryptionOf(boxIn(stbl, "senc"));
	return sizes.map((size, index) => {
		const at = offsets[index] ?? 0;
		return {
			bytes: mp4.subarray(at, at + size),
			duration: durations[index] ?? 0,
			isSync: sync.has(index + 1),
			encryption: encryption[index] ?? Buffer.alloc(0),
		};
	});
}

/** Rows of a table of 32-bit words, whose number of rows stands at `at`. */
function table(content: Buffer, at: number, columns: number): number[][] {
	const row = (index: number): number[] =>
		Array.from({ length: columns }, (_, column) => content.readUInt32BE(at + 4 + 4 * (index * columns + column)));
	return Array.from({ length: content.readUInt32BE(at) }, (_, index) => row(index));
}

/** Where each sample begins: a chunk has a place in the file, and a number of samples that is said where it changes. */
function offsetsOf(stbl: Buffer, sizes: readonly number[]): readonly number[] {
	const runs = table(boxIn(stbl, "stsc"), 4, 3);
	const offsets: number[] = [];
	for (const [chunk, [start = 0]] of table(boxIn(stbl, "stco"), 4, 1).entries()) {
		const count = runs.findLast(([first = 0]) => first <= chunk + 1)?.[1] ?? 0;
		let at = start;
		for (let sample = 0; sample < count; sample++) {
			offsets.push(at);
			at += sizes[offsets.length - 1] ?? 0;
		}
	}
	return offsets;
}

const IV_BYTES = 8;

function encryptionOf(senc: Buffer): readonly Buffer[] {
	const hasSubsamples = (senc.readUInt32BE(0) & 2) !== 0;
	let at = 8;
	return Array.from({ length: senc.readUInt32BE(4) }, () => {
		const start = at;
		at += IV_BYTES;
		if (hasSubsamples) at += 2 + 6 * senc.readUInt16BE(at);
		return senc.subarray(start, at);
	});
}

function groups(samples: readonly Sample[]): readonly (readonly Sample[])[] {
	const all: Sample[][] = [];
	for (const sample of samples) {
		if (sample.isSync) all.push([]);
		all.at(-1)?.push(sample);
	}
	return all;
}

const KEY_FRAME = 0x02000000;
const OTHER_FRAME = 0x01010000;

function segmentOf(
	samples: readonly Sample[],
	{ id, number, time }: { readonly id: number; readonly number: number; readonly time: number },
): Buffer {
	const entries = samples.map(({ duration, bytes, isSync }) =>
		Buffer.concat([u32(duration), u32(bytes.length), u32(isSync ? KEY_FRAME : OTHER_FRAME)]),
	);
	const information = samples.map(({ encryption }) => encryption);
	const header = writeBox("tfhd", u32(0x020000), u32(id));
	const start = writeBox("tfdt", u32(0x01000000), u32(0), u32(time));
	const sizes = writeBox("saiz", u32(0), Buffer.from([0]), u32(samples.length), Buffer.from(information.map(lengthOf)));
	const senc = writeBox("senc", u32(2), u32(samples.length), ...information);
	const moof = (data: number, auxiliary: number): Buffer => {
		const run = writeBox("trun", u32(0x000701), u32(samples.length), u32(data), ...entries);
		const place = writeBox("saio", u32(0), u32(1), u32(auxiliary));
		return writeBox(
			"moof",
			writeBox("mfhd", u32(0), u32(number)),
			writeBox("traf", header, start, run, sizes, place, senc),
		);
	};
	const size = moof(0, 0).length;
	const first = size - senc.length + 16; // of `senc`, behind its header, flags and count
	return Buffer.concat([moof(size + 8, first), writeBox("mdat", ...samples.map(({ bytes }) => bytes))]);
}

const lengthOf = ({ length }: Buffer): number => length;
