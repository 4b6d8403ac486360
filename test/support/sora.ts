import { type Sora, newConnectionId } from "../standins/sora.ts";
import { type TestSocket, openSocket } from "./join.ts";
import { ask } from "./player.ts";
import type { Json, TestAccount, TestGate } from "./running-gate.ts";

export const WEBHOOK_SECRET = "the-path-of-the-webhooks-of-this-test";
export const CHROME =
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

/** An account with Sora, and the ways to its doors. */
export interface SoraAccount {
	readonly account: TestAccount;
	readonly signalingUrl: string;
	readonly authUrl: string;
	readonly eventUrl: string;
	/** Makes a session; its channel is called as it is. */
	readonly openSession: (id: string, sora: Sora | string, record?: Json, part?: Json) => Promise<void>;
	readonly setUp: (credentials: Json) => Promise<void>;
	/** Asks the authentication webhook as Sora would. */
	readonly auth: (body: Json | string, headers?: Record<string, string>) => Promise<Json>;
	readonly event: (body: Json) => Promise<number>;
	readonly participants: (session: string, all?: boolean) => Promise<Json[]>;
	readonly order: (method: string, session: string, path: string) => Promise<Response>;
	readonly connect: (message: Json | string | Uint8Array, query?: string) => Promise<TestSocket>;
}

export async function openSora(gate: TestGate, settings: Json = {}): Promise<SoraAccount> {
	const account = await gate.openAccount(settings);
	const base = `${gate.url}/join/v1/accounts/${account.id}/sora`;
	const put = async (path: string, body: Json): Promise<void> => {
		const answer = await gate.manage("PUT", `${account.manageUrl}/${path}`, body);
		if (!answer.ok) throw new Error(await answer.text());
	};
	const sessionUrl = (session: string): string => `${account.manageUrl}/e2ee-sessions/${session}`;
	const authUrl = `${base}/auth-webhook/${WEBHOOK_SECRET}`;
	const signalingUrl = `${base.replace("http", "ws")}/signaling`;
	return {
		account,
		signalingUrl,
		authUrl,
		eventUrl: `${base}/event-webhook/${WEBHOOK_SECRET}`,
		setUp: (credentials) => put("providers/sora", { auth_webhook_secret: WEBHOOK_SECRET, ...credentials }),
		openSession: (id, sora, record = {}, part = {}) => {
			const signaling_urls = [typeof sora === "string" ? sora : sora.url];
			return put(`e2ee-sessions/${id}`, {
				provider: "sora",
				sora: { channel_id: id, signaling_urls, ...part },
				...record,
			});
		},
		auth: async (body, headers = {}) => {
			const text = typeof body === "string" ? body : JSON.stringify(body);
			const answer = await ask(authUrl, { method: "POST", body: text, headers });
			if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
			return (await answer.json()) as Json;
		},
		event: async (body) => {
			const answer = await ask(`${base}/event-webhook/${WEBHOOK_SECRET}`, {
				method: "POST",
				body: JSON.stringify(body),
			});
			await answer.text();
			return answer.status;
		},
		participants: async (session, all = false) => {
			const answer = await gate.manage("GET", `${sessionUrl(session)}/participants${all ? "?all=true" : ""}`);
			return ((await answer.json()) as { participants: Json[] }).participants;
		},
		order: (method, session, path) => gate.manage(method, `${sessionUrl(session)}/${path}`),
		connect: async (message, query = "") => {
			const opened = await openSocket(signalingUrl + query);
			if (message instanceof Uint8Array) opened.socket.send(message as Uint8Array<ArrayBuffer>);
			else opened.send(message);
			return opened;
		},
	};
}

/** What Sora asks its authentication webhook with. */
export const authBody = (channel: string, token: string | undefined, more: Json = {}): Json => ({
	timestamp: new Date().toISOString(),
	role: "sendrecv",
	channel_id: channel,
	connection_id: newConnectionId(),
	multistream: true,
	audio: true,
	video: true,
	e2ee: true,
	metadata: { access_token: token },
	sora_client: {
		raw: "Sora JavaScript SDK 2023.1.0",
		type: "Sora JavaScript SDK",
		version: "2023.1.0",
		environment: CHROME,
	},
	channel_connections: 0,
	...more,
});

/** What a client of sora-js-sdk 2023.1.0 says first. */
export const connectMessage = (channel: string, metadata: unknown, more: Json = {}): Json => ({
	type: "connect",
	sora_client: "Sora JavaScript SDK 2023.1.0",
	environment: CHROME,
	role: "sendrecv",
	channel_id: channel,
	sdp: "v=0\r\n",
	audio: true,
	video: { codec_type: "VP8" },
	multistream: true,
	metadata,
	e2ee: true,
	signaling_notify_metadata: { pre_key_bundle: { identityKey: "aWQ=", signedPreKey: "c3A=", preKeySignature: "c2ln" } },
	...more,
});
