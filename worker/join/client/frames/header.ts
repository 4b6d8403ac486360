/** An SFrame header (RFC 9605, section 4.3): which key (`kid`) and which frame under it (`ctr`), each an unsigned integer below 2^64. */
export interface SFrameHeader {
	readonly kid: bigint;
	readonly ctr: bigint;
}

const MOST = 2n ** 64n;
/** What fits into the three bits of the config byte. */
const INLINE = 8n;

/**
 * Config byte `X KKK Y CCC`, then the key id when X is set (KKK + 1 bytes), then the counter when Y is set (CCC + 1 bytes); big-endian and as
 * short as the value allows.
 *
 * @throws RangeError when a value does not fit
 */
export function encodeHeader({ kid, ctr }: SFrameHeader): Uint8Array<ArrayBuffer> {
	const key = field(kid);
	const counter = field(ctr);
	return Uint8Array.of((key.bits << 4) | counter.bits, ...key.bytes, ...counter.bytes);
}

/** The header that `bytes` begin with and how long it is; null when it is cut off or longer than its values need. */
export function decodeHeader(bytes: Uint8Array): { readonly header: SFrameHeader; readonly length: number } | null {
	const config = bytes[0];
	if (config === undefined) return null;
	const key = readField(bytes, 1, config >> 4);
	if (!key) return null;
	const counter = readField(bytes, key.end, config & 0x0f);
	return counter && { header: { kid: key.value, ctr: counter.value }, length: counter.end };
}

function field(value: bigint): { readonly bits: number; readonly bytes: readonly number[] } {
	if (value < 0n || value >= MOST) throw new RangeError("A key id or counter of SFrame has 64 bits.");
	if (value < INLINE) return { bits: Number(value), bytes: [] };
	const bytes: number[] = [];
	for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
	return { bits: 0b1000 | (bytes.length - 1), bytes };
}

function readField(
	bytes: Uint8Array,
	start: number,
	bits: number,
): { readonly value: bigint; readonly end: number } | null {
	const low = bits & 0b0111;
	if ((bits & 0b1000) === 0) return { value: BigInt(low), end: start };
	const end = start + low + 1;
	if (bytes.length < end) return null;
	let value = 0n;
	for (let at = start; at < end; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
	// One way to write a value, so that a frame cannot be changed and stay the same.
	return value < INLINE || bytes[start] === 0 ? null : { value, end };
}
