import { ref } from "../operation.ts";
import { records } from "./catalog.ts";
import { MANAGE, type Managed, done, ok } from "./managed.ts";

const provider = { tag: "Providers", path: `${MANAGE}/providers/{provider}` } as const;
const webhook = { tag: "Join webhook", path: `${MANAGE}/join-webhook` } as const;
const made = (what: string, schema: string) => ({
	...ok("It is replaced.", ref(schema)),
	201: { description: `It is new. ${what} that the gate made is in this answer only.`, schema: ref(schema) },
});

/** End-to-end encrypted sessions, and what an account has with the systems that they run on. */
export const e2eeOperations: readonly Managed[] = [
	...records({
		one: "session",
		many: "e2ee-sessions",
		tag: "E2EE sessions",
		name: "E2eeSession",
		id: "room-1",
		schema: ref("E2eeSession"),
		stored: ref("StoredE2eeSession"),
		list: ref("E2eeSessions"),
		example: {
			provider: "webrtc",
			name: "Room 1",
			max_participants: 8,
			lobby: false,
			join_url: "https://app.example/room-1",
			webrtc: { mode: "room", ice_servers: [{ urls: ["stun:stun.example:3478"] }] },
		},
	}),
	{
		...provider,
		method: "put",
		id: "putProvider",
		summary: "Makes or replaces the account's credentials with a provider. No value of them ever comes back.",
		body: {
			schema: ref("ProviderCredentials"),
			example: { kind: "rest", secret: "north", urls: ["turn:turn.example:3478?transport=udp"], ttl_seconds: 600 },
		},
		answers: made("A secret", "StoredProvider"),
	},
	{
		...provider,
		method: "get",
		id: "getProvider",
		summary: "Which members of the credentials are set, and since when.",
		answers: ok("What is set.", ref("StoredProvider")),
	},
	{
		...provider,
		method: "delete",
		id: "deleteProvider",
		summary: "Removes the account's credentials with a provider.",
		answers: done("They are gone."),
	},
	{
		...webhook,
		method: "put",
		id: "putJoinWebhook",
		summary: "Where the account hears of joins, signed as Standard Webhooks say.",
		body: { schema: ref("JoinWebhook"), example: { url: "https://app.example/hooks/joins" } },
		answers: made("The secret", "StoredJoinWebhook"),
	},
	{
		...webhook,
		method: "get",
		id: "getJoinWebhook",
		summary: "Where the account hears of joins.",
		answers: ok("The webhook, without its secret.", ref("StoredJoinWebhook")),
	},
	{
		...webhook,
		method: "delete",
		id: "deleteJoinWebhook",
		summary: "The account hears of joins no more.",
		answers: done("It is gone."),
	},
];
