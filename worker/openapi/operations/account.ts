import { PUBLIC_KEY, TOKEN } from "../examples.ts";
import { listOf, ref } from "../operation.ts";
import { MANAGE, type Managed, V1, created, done, ok } from "./managed.ts";

const settings = { tag: "Settings", path: `${MANAGE}/settings` } as const;
const keys = { tag: "Keys", path: `${V1}/keys` } as const;
const key = { tag: "Keys", path: `${V1}/keys/{id}`, params: { id: "2026-11" } } as const;
const blacklisted = { tag: "Blacklist", path: `${V1}/blacklist/tokens/{id}`, params: { id: TOKEN } } as const;
const revocations = { tag: "Revocations", path: `${MANAGE}/revocations` } as const;
const tokens = { tag: "Management tokens", path: `${MANAGE}/tokens` } as const;
const token = { tag: "Management tokens", path: `${MANAGE}/tokens/{id}` } as const;

/** Who may sign, who may manage, and what is revoked. */
export const accountOperations: readonly Managed[] = [
	{
		...settings,
		method: "put",
		id: "putSettings",
		summary: "Replaces all settings; what is not named gets its default.",
		body: { schema: ref("Settings"), example: { tier: 3, session_ttl_seconds: 60 } },
		answers: ok("All settings.", ref("Settings")),
	},
	{
		...settings,
		method: "get",
		id: "getSettings",
		summary: "The account's settings.",
		answers: ok("All settings.", ref("Settings")),
	},
	{
		...keys,
		method: "post",
		id: "addKey",
		summary: "Registers a public key: RSA of 2048 bits or more, or EC P-256.",
		body: { schema: ref("KeyBody"), example: { id: "2026-11", value: PUBLIC_KEY } },
		answers: created("The key.", ref("Key")),
	},
	{ ...keys, method: "get", id: "listKeys", summary: "All keys.", answers: ok("All keys.", listOf(ref("Key"))) },
	{ ...key, method: "get", id: "getKey", summary: "One key.", answers: ok("The key.", ref("Key")) },
	{ ...key, method: "delete", id: "deleteKey", summary: "Removes a key.", answers: done("It is gone.") },
	{
		...blacklisted,
		method: "put",
		id: "blacklistToken",
		summary: "Revokes a token: everywhere within 5 s, in the midst of playing.",
		answers: done("It is revoked."),
	},
	{
		...blacklisted,
		method: "get",
		id: "isTokenBlacklisted",
		summary: "Whether a token is revoked.",
		answers: done("It is; otherwise 404."),
	},
	{
		tag: "Blacklist",
		path: `${V1}/blacklist`,
		method: "get",
		id: "listBlacklist",
		summary: "The revoked tokens.",
		answers: ok("The revoked tokens.", listOf(ref("BlacklistedToken"))),
	},
	{
		...blacklisted,
		method: "delete",
		id: "unblacklistToken",
		summary: "Takes a token off the list.",
		answers: done("It is good again."),
	},
	{
		...revocations,
		method: "post",
		id: "addRevocation",
		summary: "Revokes by token, jti, uid, sid, key, video or time of issue.",
		body: { schema: ref("RevocationBody"), example: { kind: "uid", value: "eve" } },
		answers: { 201: { description: "The entry.", schema: ref("Revocation") } },
	},
	{
		...revocations,
		method: "get",
		id: "listRevocations",
		summary: "The entries that are in force.",
		answers: ok("The entries.", listOf(ref("Revocation"))),
	},
	{
		...revocations,
		method: "delete",
		id: "deleteRevocation",
		summary: "Takes an entry off the list.",
		query: {
			kind: { description: "As the list shows it.", schema: { type: "string" }, example: "uid", required: true },
			value: { description: "As the list shows it.", schema: { type: "string" }, example: "eve" },
		},
		answers: done("It is off."),
	},
	{
		...tokens,
		method: "post",
		id: "createManagementToken",
		summary: "Makes a management token; it is shown in this answer only.",
		body: {
			schema: ref("ManagementTokenBody"),
			example: { name: "back end", scopes: ["video-cloud/playback-auth/blacklist"], expires_at: null },
		},
		answers: created("The token.", ref("NewManagementToken")),
	},
	{
		...tokens,
		method: "get",
		id: "listManagementTokens",
		summary: "The account's management tokens, without their secrets.",
		answers: ok("The tokens.", listOf(ref("ManagementToken"))),
	},
	{
		...token,
		method: "get",
		id: "getManagementToken",
		summary: "One management token.",
		answers: ok("The token.", ref("ManagementToken")),
	},
	{
		...token,
		method: "delete",
		id: "revokeManagementToken",
		summary: "Revokes a management token at once.",
		answers: done("It is revoked."),
	},
];
