/** Types of frames that the messaging service and its clients send (reference: rtc 1.4). */
export const RUMOR = {
	subscribe: 0,
	unsubscribe: 1,
	message: 2,
	connect: 3,
	disconnect: 4,
	ping: 7,
	pong: 8,
	status: 9,
} as const;

/** One frame of the messaging protocol, Rumor. */
export interface RumorFrame {
	readonly type: number;
	readonly addresses: readonly string[];
	readonly headers: ReadonlyMap<string, string>;
	readonly data: string;
}

/** Length of all that follows, two bytes that are reserved, type, number of addresses. */
const HEAD_BYTES = 8;
const LENGTH_BYTES = 4;
const MOST_HEADERS = 255;
const MOST_TEXT_BYTES = 0xff_ff;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads a frame; null where it is none: its length, one of its parts, or its text is wrong. A header that is named twice makes it none. */
export function readRumor(bytes: Uint8Array): RumorFrame | null {
	try {
		return new Reader(bytes).frame();
	} catch {
		return null;
	}
}

class Reader {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	/** @throws RangeError or TypeError where the frame ends too early, or is not UTF-8 */
	frame(): RumorFrame | null {
		if (this.#view.getUint32(0) !== this.#bytes.length - LENGTH_BYTES || this.#view.getUint16(LENGTH_BYTES) !== 0)
			return null;
		this.#at = HEAD_BYTES - 2;
		const type = this.#byte();
		const addresses = Array.from({ length: this.#byte() }, () => this.#text());
		const pairs = Array.from({ length: this.#byte() }, () => [this.#text(), this.#text()] as const);
		const headers = new Map(pairs);
		if (headers.size !== pairs.length) return null;
		return { type, addresses, headers, data: decoder.decode(this.#bytes.subarray(this.#at)) };
	}

	#byte(): number {
		const value = this.#view.getUint8(this.#at);
		this.#at += 1;
		return value;
	}

	#text(): string {
		const length = this.#view.getUint16(this.#at);
		const start = this.#at + 2;
		if (start + length > this.#bytes.length) throw new RangeError("the frame ends within a text");
		this.#at = start + length;
		return decoder.decode(this.#bytes.subarray(start, this.#at));
	}
}

/** @throws RangeError where an address or a header is too long for the protocol */
export function writeRumor({ type, addresses, headers, data }: RumorFrame): Uint8Array {
	const texts = [...addresses].map(withLength);
	const pairs = [...headers].flatMap(([name, value]) => [withLength(name), withLength(value)]);
	if (addresses.length > MOST_HEADERS || headers.size > MOST_HEADERS) throw new RangeError("too many parts");
	const body = [Uint8Array.of(0, 0, type, addresses.length), ...texts, Uint8Array.of(headers.size), ...pairs];
	body.push(encoder.encode(data));
	const size = body.reduce((sum, part) => sum + part.length, 0);
	const frame = new Uint8Array(LENGTH_BYTES + size);
	new DataView(frame.buffer).setUint32(0, size);
	let at = LENGTH_BYTES;
	for (const part of body) {
		frame.set(part, at);
		at += part.length;
	}
	return frame;
}

function withLength(text: string): Uint8Array {
	const bytes = encoder.encode(text);
	if (bytes.length > MOST_TEXT_BYTES) throw new RangeError("a text is too long");
	return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes);
}
