import type { Undecryptable } from "./cipher.ts";

/** Page to worker: the session's secret. It goes to the worker of the same page and nowhere else. */
export interface SetSecret {
	readonly type: "secret";
	readonly secret: string;
	readonly session: string;
}

/** Options of one RTCRtpScriptTransform. `track` is handed back with what is told of it. */
export interface TransformOptions {
	readonly direction: "encrypt" | "decrypt";
	/** Id of the participant whose frames these are. */
	readonly sender: string;
	readonly media: "audio" | "video";
	readonly track: string;
}

/** Page to worker, where there is no RTCRtpScriptTransform: the streams of one sender or receiver, transferred. */
export interface TransformStreams {
	readonly type: "streams";
	readonly options: TransformOptions;
	readonly readable: ReadableStream;
	readonly writable: WritableStream;
}

/** Worker to page: the first of its kind after another kind, for each track. */
export type FrameEvent =
	| { readonly type: "ready" }
	| { readonly type: "match"; readonly sender: string; readonly track: string }
	| { readonly type: "mismatch"; readonly sender: string; readonly track: string; readonly why: Undecryptable };
