/** A box of ISO/IEC 14496-12: its type and what follows its header. */
export interface Box {
	readonly type: string;
	readonly content: Buffer;
}

export function readBoxes(bytes: Buffer): Box[] {
	const boxes: Box[] = [];
	for (let at = 0; at < bytes.length;) {
		const size = bytes.readUInt32BE(at);
		boxes.push({ type: bytes.toString("latin1", at + 4, at + 8), content: bytes.subarray(at + 8, at + size) });
		at += size;
	}
	return boxes;
}

export function writeBox(type: string, ...content: readonly Uint8Array[]): Buffer {
	const size = content.reduce((sum, part) => sum + part.length, 8);
	return Buffer.concat([u32(size), Buffer.from(type, "latin1"), ...content]);
}

export const u32 = (value: number): Buffer =>
	Buffer.from([value >>> 24, ...[16, 8, 0].map((by) => (value >>> by) & 0xff)]);

/** The box again, with those inside of a container changed. */
export function changeBoxes({ content }: Pick<Box, "content">, change: (box: Box) => Buffer): Buffer {
	return Buffer.concat(readBoxes(content).map(change));
}

/** @throws Error when there is none */
export function boxIn(content: Buffer, ...path: readonly string[]): Buffer {
	return path.reduce((inside, wanted) => {
		const found = readBoxes(inside).find(({ type }) => type === wanted);
		if (!found) throw new Error(`no ${wanted} in ${path.join("/")}`);
		return found.content;
	}, content);
}
