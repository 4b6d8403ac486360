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

/** Worker to page: the first of its kind after another kind, for each track. */
export type FrameEvent =
	| { readonly type: "ready" }
	| { readonly type: "match"; readonly sender: string; readonly track: string }
	| { readonly type: "mismatch"; readonly sender: string; readonly track: string; readonly why: Undecryptable };
