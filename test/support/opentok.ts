import { createRequire } from "node:module";

type Callback = (error: Error | null, value: never) => void;

/** What the tests use of opentok, which has no types of its own. */
export interface OpenTokClient {
	readonly createSession: (options: object, callback: Callback) => void;
	readonly generateToken: (sessionId: string) => string;
	readonly startArchive: (sessionId: string, options: object, callback: Callback) => void;
	readonly startBroadcast: (sessionId: string, options: object, callback: Callback) => void;
	readonly startRender: (options: object, callback: Callback) => void;
	readonly dial: (sessionId: string, token: string, sip: string, options: object, callback: Callback) => void;
	readonly websocketConnect: (
		sessionId: string,
		token: string,
		uri: string,
		options: object,
		callback: Callback,
	) => void;
	readonly startCaptions: (sessionId: string, token: string, options: object, callback: Callback) => void;
	readonly signal: (sessionId: string, connectionId: string | null, payload: object, callback: Callback) => void;
	readonly forceDisconnect: (sessionId: string, connectionId: string, callback: Callback) => void;
	readonly listStreams: (sessionId: string, callback: Callback) => void;
}

/** The third argument is the API's base URL. */
export const OpenTok = createRequire(import.meta.url)("opentok") as new (
	apiKey: string,
	apiSecret: string,
	apiUrl: string,
) => OpenTokClient;
