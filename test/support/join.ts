import { ask } from "./player.ts";
import type { Client } from "./player.ts";
import type { Json, TestAccount, TestGate } from "./running-gate.ts";

/** The answer of a join, or its refusal. */
export interface JoinAnswer {
	readonly status: number;
	readonly headers: Headers;
	/** Of a refusal; "" of a join. */
	readonly reason: string;
	readonly body: Json;
	readonly participantId: string;
	readonly ticket: string;
}

/** One session of an account, and who joins it. */
export interface TestSession {
	readonly id: string;
	readonly url: string;
	readonly manageUrl: string;
	readonly join: (claims?: Json, body?: Json, client?: Client) => Promise<JoinAnswer>;
	readonly joinWith: (token: string, body?: Json, client?: Client) => Promise<JoinAnswer>;
	readonly put: (record: Json) => Promise<void>;
	readonly participants: (all?: boolean) => Promise<Json[]>;
	/** `POST` or `DELETE` below the session's management path. */
	readonly order: (method: string, path: string) => Promise<Response>;
	readonly socketUrl: (ticket: string) => string;
}

export async function openSession(
	gate: TestGate,
	account: TestAccount,
	record: Json = {},
	id = "room-1",
): Promise<TestSession> {
	const url = `${gate.url}/join/v1/accounts/${account.id}/sessions/${id}`;
	const manageUrl = `${account.manageUrl}/e2ee-sessions/${id}`;
	const put = async (next: Json): Promise<void> => {
		const answer = await gate.manage("PUT", manageUrl, { provider: "webrtc", ...next });
		const text = await answer.text();
		if (!answer.ok) throw new Error(text);
	};
	await put(record);
	const joinWith: TestSession["joinWith"] = async (token, body = {}, client = {}) =>
		answered(
			await ask(url, {
				method: "POST",
				body: JSON.stringify(body),
				...client,
				headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...client.headers },
			}),
		);
	return {
		id,
		url,
		manageUrl,
		put,
		joinWith,
		join: async (claims, body, client) => joinWith(await account.sign(claims), body, client),
		participants: async (all = false) => {
			const answer = await gate.manage("GET", `${manageUrl}/participants${all ? "?all=true" : ""}`);
			return ((await answer.json()) as { participants: Json[] }).participants;
		},
		order: (method, path) => gate.manage(method, `${manageUrl}/${path}`),
		socketUrl: (ticket) => `${gate.url.replace("http", "ws")}/join/v1/rooms/${ticket}`,
	};
}

export async function answered(response: Response): Promise<JoinAnswer> {
	const text = await response.text();
	const body = (text === "" ? {} : JSON.parse(text)) as Json;
	const string = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
	return {
		status: response.status,
		headers: response.headers,
		reason: string("reason"),
		body,
		participantId: string("participant_id"),
		ticket: string("ticket"),
	};
}

/** A participant's socket, and what came through it. */
export interface TestSocket {
	readonly socket: WebSocket;
	readonly messages: Json[];
	/** Resolves with code and reason when it is closed, or with code 0 when it never opened. */
	readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
	readonly send: (message: unknown) => void;
	/** The first message of a type, when it has come. */
	readonly next: (type: string) => Promise<Json>;
}

export async function openSocket(url: string): Promise<TestSocket> {
	const socket = new WebSocket(url);
	const messages: Json[] = [];
	let waiting: (() => void)[] = [];
	const wake = (): void => {
		const all = waiting;
		waiting = [];
		for (const go of all) go();
	};
	const closed = new Promise<{ code: number; reason: string }>((resolve) => {
		socket.addEventListener("close", ({ code, reason }) => {
			resolve({ code, reason });
			wake();
		});
	});
	socket.addEventListener("message", ({ data }) => {
		messages.push(
			(typeof data === "string" && data.startsWith("{") ? JSON.parse(data) : { type: String(data) }) as Json,
		);
		wake();
	});
	await new Promise<void>((resolve) => {
		socket.addEventListener("open", () => resolve());
		socket.addEventListener("error", () => resolve());
	});
	const next = async (type: string): Promise<Json> => {
		for (;;) {
			const found = messages.find((message) => message["type"] === type);
			if (found) return found;
			if (socket.readyState === WebSocket.CLOSED) throw new Error(`closed before "${type}" came`);
			await new Promise<void>((resolve) => waiting.push(resolve));
		}
	};
	const send = (message: unknown): void => socket.send(typeof message === "string" ? message : JSON.stringify(message));
	return { socket, messages, closed, send, next };
}
