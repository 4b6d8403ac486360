import { createCipheriv } from "node:crypto";
import { type Box, boxIn, changeBoxes, readBoxes, u16, u32, writeBox } from "./mp4-boxes.ts";

/** Key id and key in hex. */
export interface ContentKey {
	readonly kid: string;
	readonly key: string;
}

export interface EncryptedTrack {
	readonly init: Buffer;
	/** One for each fragment. */
	readonly segments: readonly Buffer[];
}

const IV_BYTES = 8;
/** The length and the header of a NAL unit stay readable. */
const CLEAR_BYTES = 5;
const CLEAR_KEY_SYSTEM = Buffer.from("1077efecc0b24d02ace33c1e52e2fb4b", "hex");

/**
 * Encrypts a fragmented MP4 with one AVC track by Common Encryption, scheme "cenc" (ISO/IEC 23001-7): AES-CTR, with the headers of NAL
 * units left readable.
 */
export function encryptTrack(mp4: Buffer, { kid, key }: ContentKey): EncryptedTrack {
	const boxes = readBoxes(mp4);
	// As players want it that read no manifest (W3C "cenc" initialization data, section 4).
	const pssh = writeBox("pssh", u32(0x01000000), CLEAR_KEY_SYSTEM, u32(1), Buffer.from(kid, "hex"), u32(0));
	const init = boxes.flatMap(({ type, content }) => {
		if (type === "ftyp") return [writeBox(type, content)];
		return type === "moov"
			? [
					writeBox(
						type,
						changeBoxes({ content }, (box) => protectedMovie(box, kid)),
						pssh,
					),
				]
			: [];
	});
	const segments = boxes.flatMap((box, index) => {
		const data = boxes[index + 1];
		return box.type === "moof" && data ? [encryptFragment(box, data, Buffer.from(key, "hex"), index)] : [];
	});
	return { init: Buffer.concat(init), segments };
}

const CONTAINERS: ReadonlySet<string> = new Set(["trak", "mdia", "minf", "stbl"]);

function protectedMovie(box: Box, kid: string): Buffer {
	if (CONTAINERS.has(box.type))
		return writeBox(
			box.type,
			changeBoxes(box, (inner) => protectedMovie(inner, kid)),
		);
	if (box.type !== "stsd") return writeBox(box.type, box.content);
	const [entry] = readBoxes(box.content.subarray(8));
	if (!entry) throw new Error("no sample entry");
	const tenc = writeBox("tenc", u32(0), Buffer.from([0, 0, 1, IV_BYTES]), Buffer.from(kid, "hex"));
	const scheme = writeBox("schm", u32(0), Buffer.from("cenc"), u32(0x00010000));
	const sinf = writeBox("sinf", writeBox("frma", Buffer.from(entry.type)), scheme, writeBox("schi", tenc));
	return writeBox(box.type, box.content.subarray(0, 8), writeBox("encv", entry.content, sinf));
}

function encryptFragment(moof: Box, mdat: Box, key: Buffer, number: number): Buffer {
	const trun = boxIn(moof.content, "traf", "trun");
	const encrypted: Buffer[] = [];
	const information: Buffer[] = [];
	let at = 0;
	for (const [index, size] of sampleSizes(trun).entries()) {
		const iv = Buffer.concat([u32(number), u32(index)]);
		const sample = encryptSample(mdat.content.subarray(at, at + size), key, iv);
		encrypted.push(sample.bytes);
		information.push(Buffer.concat([iv, sample.subsamples]));
		at += size;
	}
	return Buffer.concat([movieFragment(moof, information), writeBox("mdat", ...encrypted)]);
}

/** Of a `trun` whose samples have nothing but sizes. */
function sampleSizes(trun: Buffer): number[] {
	const flags = trun.readUInt32BE(0);
	const optional = (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
	if ((flags & 0xf00) !== 0x200) throw new Error(`a trun with flags ${flags.toString(16)}`);
	return Array.from({ length: trun.readUInt32BE(4) }, (_, index) => trun.readUInt32BE(8 + optional + 4 * index));
}

function encryptSample(
	sample: Buffer,
	key: Buffer,
	iv: Buffer,
): { readonly bytes: Buffer; readonly subsamples: Buffer } {
	const cipher = createCipheriv("aes-128-ctr", key, Buffer.concat([iv, Buffer.alloc(16 - IV_BYTES)]));
	const parts: Buffer[] = [];
	const ranges: Buffer[] = [];
	for (let at = 0; at < sample.length;) {
		const end = at + 4 + sample.readUInt32BE(at);
		parts.push(sample.subarray(at, at + CLEAR_BYTES), cipher.update(sample.subarray(at + CLEAR_BYTES, end)));
		ranges.push(u16(CLEAR_BYTES), u32(end - at - CLEAR_BYTES));
		at = end;
	}
	return { bytes: Buffer.concat(parts), subsamples: Buffer.concat([u16(ranges.length / 2), ...ranges]) };
}

/** The fragment's header with what a player needs to decrypt its samples. */
function movieFragment(moof: Box, information: readonly Buffer[]): Buffer {
	const sizes = writeBox(
		"saiz",
		u32(0),
		Buffer.from([0]),
		u32(information.length),
		Buffer.from(information.map((each) => each.length)),
	);
	const samples = writeBox("senc", u32(2), u32(information.length), ...information);
	const offsets = (offset: number): Buffer => writeBox("saio", u32(0), u32(1), u32(offset));
	const added = sizes.length + samples.length + offsets(0).length;
	const before = moof.content.length + 8 + sizes.length + offsets(0).length;
	const more = Buffer.concat([sizes, offsets(before + 16), samples]);
	return writeBox(
		"moof",
		changeBoxes(moof, ({ type, content }) =>
			type === "traf"
				? writeBox(
						type,
						changeBoxes({ content }, (box) => movedData(box, added)),
						more,
					)
				: writeBox(type, content),
		),
	);
}

/** The media begins later by what was added in front of it. */
function movedData({ type, content }: Box, by: number): Buffer {
	if (type !== "trun") return writeBox(type, content);
	return writeBox(type, content.subarray(0, 8), u32(content.readUInt32BE(8) + by), content.subarray(12));
}
