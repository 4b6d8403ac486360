import { env } from "cloudflare:workers";
import type { Decision } from "../../worker/decision/decision.ts";
import {
	CALL_HEADER,
	type JoinAsk,
	type Participant,
	type RedeemAsk,
	type RoomReply,
	type RoomRules,
	type RoomStatus,
	type Seated,
} from "../../worker/join/room/contract.ts";
import type { SessionRoom } from "../../worker/join/room/session-room.ts";
import { unwire, wire } from "../../worker/limits/contract.ts";

let rooms = 0;

export const rulesOf = (more: Partial<RoomRules> = {}): RoomRules => ({
	account: "acme",
	session: "room",
	provider: "webrtc",
	status: "open",
	statusChangedAt: 0,
	maxParticipants: null,
	lobby: false,
	singleUse: false,
	identity: "newest",
	reconnectSeconds: 30,
	ticketSeconds: 60,
	presence: true,
	endsAt: null,
	webhook: false,
	speaks: true,
	...more,
});

let people = 0;

/** Somebody who joins; each is another one, with a token that lasts an hour. */
export function joinAsk(more: Partial<JoinAsk> = {}): JoinAsk {
	people += 1;
	const tokenId = more.tokenId ?? `token-${people}`;
	const expiresAt = Date.now() + 3_600_000;
	return {
		id: `p_${people}`,
		name: null,
		role: "publisher",
		uid: null,
		tokenId,
		device: "device",
		sdk: null,
		version: null,
		expiresAt,
		endsBecause: "token-expired",
		tokenEndsAt: expiresAt,
		facts: { tokenId, keyId: "rsa" },
		hold: null,
		displaced: [],
		decision: "decision",
		...more,
	};
}

/** A socket of a room, and what came through it. */
export interface RoomSocket {
	readonly socket: WebSocket;
	readonly messages: { readonly type?: string }[];
	readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export interface TestRoom {
	readonly name: string;
	readonly stub: DurableObjectStub<SessionRoom>;
	readonly call: <T>(method: CallName, ask: unknown, rules?: Partial<RoomRules>) => Promise<Decision<T>>;
	readonly join: (ask?: Partial<JoinAsk>, rules?: Partial<RoomRules>) => Promise<Decision<Seated>>;
	readonly list: (gone?: boolean) => Promise<readonly Participant[]>;
	/** Redeems a ticket: the socket, or the refusal's reason. */
	readonly connect: (participant: string, ticket: number, more?: Partial<RedeemAsk>) => Promise<RoomSocket | string>;
}

type CallName = "check" | "admit" | "takeBack" | "look" | "renew" | "leave" | "list" | "command" | "tell" | "remember";
type Callable = Readonly<Record<CallName, (call: string) => Promise<string>>>;

/** A room that no other test knows. */
export function newRoom(own: Partial<RoomRules> = {}): TestRoom {
	rooms += 1;
	const account = `acme-${rooms}`;
	const name = `${account}/room/room`;
	const rules = (more: Partial<RoomRules> = {}) => rulesOf({ account, ...own, ...more });
	const stub = () => env.SESSION_ROOM.getByName(name); // a stub is broken after its object was evicted
	const call: TestRoom["call"] = async <T>(method: CallName, ask: unknown, more = {}) => {
		const text = await (stub() as unknown as Callable)[method](wire({ rules: rules(more), ask }));
		return unwire<RoomReply<T>>(text).answer;
	};
	return {
		name,
		get stub() {
			return stub();
		},
		call,
		join: (ask, more) => call<Seated>("admit", joinAsk(ask), more),
		list: async (gone = false) => {
			const listed = await call<RoomStatus>("list", { gone });
			return listed.allowed ? listed.value.participants : [];
		},
		connect: async (participant, ticket, more = {}) => {
			const ask = {
				participant,
				ticket,
				kind: "once",
				clientPrint: "me",
				opensUntil: null,
				socket: "client",
				greeting: {},
			};
			const header = encodeURIComponent(wire({ rules: rules(), ask: { ...ask, ...more } }));
			const answer = await stub().fetch("https://room/", { headers: { Upgrade: "websocket", [CALL_HEADER]: header } });
			if (answer.webSocket === null) {
				const refused = await answer.json<Decision<never>>();
				return refused.allowed ? "" : refused.refusal.reason;
			}
			return listenTo(answer.webSocket);
		},
	};
}

function listenTo(socket: WebSocket): RoomSocket {
	const messages: { type?: string }[] = [];
	socket.addEventListener("message", ({ data }) => void messages.push(JSON.parse(String(data)) as { type?: string }));
	const closed = new Promise<{ code: number; reason: string }>((resolve) => {
		socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
	});
	socket.accept();
	return { socket, messages, closed };
}

export function seatOf(answer: Decision<Seated>): Seated {
	if (!answer.allowed) throw new Error(`refused: ${answer.refusal.reason}`);
	return answer.value;
}

export function socketOf(connected: RoomSocket | string): RoomSocket {
	if (typeof connected === "string") throw new Error(`refused: ${connected}`);
	return connected;
}

/** "allowed", or the reason. */
export const verdictOf = (answer: Decision<unknown>): string => (answer.allowed ? "allowed" : answer.refusal.reason);
