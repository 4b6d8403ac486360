import { FrameDecryptor, FrameEncryptor, type Opened } from "./cipher.ts";
import type { FrameKind } from "./clear-bytes.ts";
import { SessionKey } from "./keys.ts";
import type { FrameEvent, SetSecret, TransformOptions, TransformStreams } from "./messages.ts";

// Runs as the worker of RTCRtpScriptTransform: frames come here between codec and network. Without a secret, and whenever
// anything fails, frames are dropped, never passed on as they are.

let session: Promise<SessionKey> | undefined;
/** Changes with the secret, so that transforms that run take up the new one. */
let epoch = 0;

const tell = (event: FrameEvent): void => postMessage(event);

addEventListener("message", ({ data }: MessageEvent<SetSecret | TransformStreams>) => {
	if (data.type === "streams") return start(data);
	if (data.type !== "secret") return;
	epoch++;
	session = SessionKey.derive(data.secret, data.session);
	void session.then(() => tell({ type: "ready" }));
});

interface Transformer {
	readonly options: TransformOptions;
	readonly readable: ReadableStream<EncodedFrame>;
	readonly writable: WritableStream<EncodedFrame>;
}

/** RTCEncodedVideoFrame or RTCEncodedAudioFrame; only video frames have a `type`. */
interface EncodedFrame {
	data: ArrayBuffer;
	readonly type?: "key" | "delta" | "empty";
}

addEventListener("rtctransform", (event) => {
	start((event as Event & { readonly transformer: Transformer }).transformer);
});

function start({ options, readable, writable }: Transformer): void {
	const transform = options.direction === "encrypt" ? encrypting(options) : decrypting(options);
	// Ends with the connection, and then quite often in the middle of a frame.
	void readable
		.pipeThrough(new TransformStream({ transform }))
		.pipeTo(writable)
		.catch(() => undefined);
}

type Transform = (frame: EncodedFrame, out: TransformStreamDefaultController<EncodedFrame>) => Promise<void>;

const kindOf = ({ media }: TransformOptions, { type }: EncodedFrame): FrameKind => ({
	media,
	keyFrame: type === "key",
});

function encrypting(options: TransformOptions): Transform {
	const encryptors = ofEpoch((key) => FrameEncryptor.start(key, options.sender));
	return async (frame, out) => {
		const encryptor = await encryptors();
		if (!encryptor) return;
		const sealed = await encryptor.encrypt(new Uint8Array(frame.data), kindOf(options, frame)).catch(() => null);
		if (sealed === null) return;
		frame.data = sealed.buffer;
		out.enqueue(frame);
	};
}

function decrypting(options: TransformOptions): Transform {
	const decryptors = ofEpoch(async (key) => new FrameDecryptor(key, options.sender));
	const report = reporter(options);
	return async (frame, out) => {
		const decryptor = await decryptors();
		if (!decryptor || frame.data.byteLength === 0) return;
		const opened = await decryptor.decrypt(new Uint8Array(frame.data), kindOf(options, frame));
		report(opened);
		if (!opened.ok) return;
		frame.data = opened.frame.buffer;
		out.enqueue(frame);
	};
}

/** Made anew when the secret has changed; undefined while there is none. */
function ofEpoch<T>(make: (key: SessionKey) => Promise<T>): () => Promise<T | undefined> {
	let made: { readonly epoch: number; readonly value: Promise<T> } | undefined;
	return async () => {
		if (!session) return undefined;
		if (made?.epoch !== epoch) made = { epoch, value: session.then(make) };
		return made.value;
	};
}

/** Tells changes only: a call has fifty frames a second. */
function reporter({ sender, track }: TransformOptions): (opened: Opened) => void {
	let told = "";
	return (opened) => {
		const now = opened.ok ? "match" : opened.why;
		if (now === told || now === "replayed") return; // one late copy says nothing of the secret
		told = now;
		tell(opened.ok ? { type: "match", sender, track } : { type: "mismatch", sender, track, why: opened.why });
	};
}
