import { type FrameKind, clearBytesOf } from "./clear-bytes.ts";
import { decodeHeader, encodeHeader } from "./header.ts";
import { type FrameKey, type SessionKey, TAG_BYTES, nonceOf } from "./keys.ts";
import { ReplayWindow } from "./replay-window.ts";

/** Why a frame cannot be shown. `secret`: it was not encrypted with this secret, or was changed on its way. */
export type Undecryptable = "malformed" | "replayed" | "secret";

export type Opened =
	| { readonly ok: true; readonly frame: Uint8Array<ArrayBuffer> }
	| { readonly ok: false; readonly why: Undecryptable };

/**
 * Encrypts the frames of one track: readable bytes of the codec, SFrame header, ciphertext and tag. Each encryptor has a key of its own (a
 * random key id), so no counter is ever used twice under one key, not even when a page is loaded again.
 */
export class FrameEncryptor {
	readonly #kid: bigint;
	readonly #key: FrameKey;
	readonly #sender: string;
	#ctr = 0n;

	private constructor(kid: bigint, key: FrameKey, sender: string) {
		this.#kid = kid;
		this.#key = key;
		this.#sender = sender;
	}

	/** `sender` is the participant's id: a frame that is passed off as somebody else's does not open. */
	static async start(session: SessionKey, sender: string): Promise<FrameEncryptor> {
		const [kid = 0n] = crypto.getRandomValues(new BigUint64Array(1));
		return new FrameEncryptor(kid, await session.frameKey(kid), sender);
	}

	/** @throws RangeError for a frame that is shorter than its codec's header: better not sent than sent readable. */
	async encrypt(frame: Uint8Array, kind: FrameKind): Promise<Uint8Array<ArrayBuffer>> {
		const clear = clearBytesOf(kind);
		if (frame.length < clear) throw new RangeError("The frame is shorter than the header of its codec.");
		const ctr = this.#ctr++;
		const header = encodeHeader({ kid: this.#kid, ctr });
		const readable = frame.slice(0, clear);
		const algorithm = gcm(this.#key, ctr, associated(header, this.#sender, kind, readable));
		const sealed = await crypto.subtle.encrypt(algorithm, this.#key.key, frame.slice(clear));
		return joined(readable, header, new Uint8Array(sealed));
	}
}

interface KnownKey {
	readonly key: FrameKey;
	readonly window: ReplayWindow;
}

/** More than a sender comes by in a call that loses its connection again and again. */
const MOST_KEYS = 16;

/** Opens the frames of one track of one sender. */
export class FrameDecryptor {
	readonly #session: SessionKey;
	readonly #sender: string;
	/** Only keys under which a frame has opened, the latest used last. */
	readonly #known = new Map<bigint, KnownKey>();

	constructor(session: SessionKey, sender: string) {
		this.#session = session;
		this.#sender = sender;
	}

	async decrypt(frame: Uint8Array, kind: FrameKind): Promise<Opened> {
		const clear = clearBytesOf(kind);
		const decoded = decodeHeader(frame.subarray(clear));
		if (!decoded) return { ok: false, why: "malformed" };
		const { header, length } = decoded;
		const sealed = frame.slice(clear + length);
		if (sealed.length < TAG_BYTES) return { ok: false, why: "malformed" };
		const known = this.#known.get(header.kid) ?? {
			key: await this.#session.frameKey(header.kid),
			window: new ReplayWindow(),
		};
		if (known.window.has(header.ctr)) return { ok: false, why: "replayed" };
		const readable = frame.slice(0, clear);
		const aad = associated(frame.slice(clear, clear + length), this.#sender, kind, readable);
		const opened = await crypto.subtle
			.decrypt(gcm(known.key, header.ctr, aad), known.key.key, sealed)
			.catch(() => null); // whatever the cause, the platform says no more than that it failed
		if (opened === null) return { ok: false, why: "secret" };
		known.window.add(header.ctr);
		this.#remember(header.kid, known);
		return { ok: true, frame: joined(readable, new Uint8Array(opened)) };
	}

	#remember(kid: bigint, known: KnownKey): void {
		this.#known.delete(kid);
		this.#known.set(kid, known);
		const [oldest] = this.#known.keys();
		if (this.#known.size > MOST_KEYS && oldest !== undefined) this.#known.delete(oldest);
	}
}

function gcm(key: FrameKey, ctr: bigint, additionalData: Uint8Array<ArrayBuffer>): AesGcmParams {
	return { name: "AES-GCM", iv: nonceOf(key, ctr), additionalData, tagLength: TAG_BYTES * 8 };
}

/** RFC 9605, section 4.4.3: the header, then the metadata; ours is the sender, the kind of media and the readable bytes. */
function associated(
	header: Uint8Array,
	sender: string,
	{ media }: FrameKind,
	readable: Uint8Array,
): Uint8Array<ArrayBuffer> {
	return joined(header, new TextEncoder().encode(`${sender}\n${media}\n`), readable);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
