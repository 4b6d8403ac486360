import { chimeRows } from "./chime-rows.ts";
import { catalogRows } from "./catalog-rows.ts";
import { credentialRows } from "./credential-rows.ts";
import { joinRows } from "./join-rows.ts";
import { limitRows } from "./limit-rows.ts";
import { managementRows } from "./management-rows.ts";
import type { Conflict, Reason, Refusal } from "./refusals.ts";
import { rightRows } from "./right-rows.ts";
import { vonageRows } from "./vonage-rows.ts";
import { soraRows } from "./sora-rows.ts";
import { type Row, type Rows, badRequest, denied, notFound, serverError, utc } from "./wire-row.ts";

/**
 * How a refusal looks on the wire. `code` and `subcode` are those that Brightcove's players know; `reason` is ours and public.
 */
export interface WireError {
	readonly status: number;
	readonly code: string;
	readonly subcode: string;
	readonly reason: string;
	readonly message: string;
	/** Seconds, sent as `Retry-After`. */
	readonly retryAfterSeconds?: number;
	/** Sent in `WWW-Authenticate`, so that a client knows what to ask for. */
	readonly scope?: string;
	/** Methods, sent as `Allow`. */
	readonly allow?: readonly string[];
	/** Sent in the body. */
	readonly conflicts?: readonly Conflict[];
	/** Members of a problem beside those that every problem has. */
	readonly tells?: Readonly<Record<string, unknown>>;
}

/**
 * Static URLs name a token problem `INVALID_JWT`, the Playback API `ACCESS_DENIED`; the subcode is the same. The stream sessions API
 * ("gsc") has codes of its own for both of its refusals, and a body of its own shape. Licences ("license") have the codes of static URLs
 * and one member more in the body. What is our own, the join gate first of all, is answered as a problem (RFC 9457), which has no codes.
 */
export type Dialect = "static" | "api" | "gsc" | "license" | "problem";

const TOKEN_CODES: Readonly<Record<Dialect, string>> = {
	static: "INVALID_JWT",
	api: "ACCESS_DENIED",
	gsc: "INVALID_TOKEN",
	license: "INVALID_JWT",
	problem: "INVALID_JWT",
};

const TOKEN_VALIDATION = { subcode: "TOKEN_VALIDATION" } as const;
const INVALID_TOKEN_MESSAGE = (): string => "The token could not be validated. Get a new token from the publisher.";

const table: Rows<Reason> = {
	"token-required": {
		subcode: "TOKEN_REQUIRED",
		message: () => "A token is required: send it as ?bcov_auth=, as Authorization: Bearer, or in the BCOV-Auth header.",
	},
	"token-repeated": {
		...badRequest("DUPLICATE_PARAMETERS"),
		message: ({ parameter }) => `The query parameter ${parameter} is given more than once.`,
	},
	"token-conflict": {
		...badRequest("DUPLICATE_PARAMETERS"),
		message: ({ carriers }) => `Different tokens are given in ${carriers.join(" and ")}. Send one.`,
	},
	"token-malformed": { ...TOKEN_VALIDATION, message: ({ detail }) => `The token is malformed: ${detail}.` },
	"key-unknown": { ...TOKEN_VALIDATION, publicReason: "token-invalid", message: INVALID_TOKEN_MESSAGE },
	"signature-invalid": { ...TOKEN_VALIDATION, publicReason: "token-invalid", message: INVALID_TOKEN_MESSAGE },
	"claim-invalid": {
		...TOKEN_VALIDATION,
		message: ({ claim, detail }) => `The claim ${claim} of the token is invalid: ${detail}.`,
	},
	"claim-missing": { ...TOKEN_VALIDATION, message: ({ claim }) => `The token lacks the claim ${claim}.` },
	"token-expired": {
		...TOKEN_VALIDATION,
		message: ({ expiredAt }) => `The token expired at ${utc(expiredAt)}. Get a new token from the publisher.`,
	},
	"token-not-yet-valid": {
		...TOKEN_VALIDATION,
		message: ({ validFrom }) => `The token is valid only from ${utc(validFrom)}.`,
	},
	"token-lifetime-too-long": {
		...TOKEN_VALIDATION,
		message: ({ lifetimeSeconds, maxSeconds }) =>
			`The token lives ${lifetimeSeconds} s, longer than the ${maxSeconds} s that the account allows.`,
	},
	"audience-mismatch": {
		...TOKEN_VALIDATION,
		message: ({ expected }) =>
			`The claim aud of the token does not name this use: it must contain ${expected.join(" or ")}.`,
	},
	"grant-invalid": {
		...TOKEN_VALIDATION,
		message: () => "The grant in this URL is not valid. Ask for the manifest again with a token.",
	},
	"token-revoked": { ...denied("TOKEN_REVOKED"), message: ({ by }) => `The token was revoked (by ${by}).` },
	"claim-not-enabled": {
		...denied("CLAIM_NOT_ENABLED"),
		message: ({ claim, tier, neededTier }) =>
			`The claim ${claim} needs security tier ${neededTier}; the account has tier ${tier}.`,
	},
	"account-mismatch": { ...denied("ACCOUNT_ID"), message: () => "The token is for another account." },
	"video-not-in-token": {
		...denied("VIDEO_ID"),
		message: ({ claim }) => `The claim ${claim} of the token does not allow this video.`,
	},
	"tags-mismatch": { ...denied("TAGS"), message: () => "The video has none of the tags that the token allows." },
	"user-agent-mismatch": { ...denied("USER_AGENT"), message: () => "The token is for another User-Agent." },
	"sources-restricted": {
		...denied("SOURCES_RESTRICTED"),
		message: ({ pro }) => `The video has no source with the protection "${pro}" that the token asks for (pro).`,
	},
	"delivery-rule-missing": {
		...denied("POLICY_ERROR"),
		message: () => "The claim drules of the token names a delivery rule action that the account does not have.",
	},
	"video-not-active": { ...denied("VIDEO_NOT_PLAYABLE"), message: () => "The video is not active." },
	"video-not-started": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ startsAt }) => `The video can be played from ${utc(startsAt)}.`,
	},
	"video-ended": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ endedAt }) => `The video could be played until ${utc(endedAt)}.`,
	},
	...rightRows,
	...limitRows,
	"bad-request": { ...badRequest("ILLEGAL_VALUE"), message: ({ detail }) => detail },
	"video-not-found": { ...notFound("VIDEO_NOT_FOUND"), message: () => "There is no such video in the account." },
	"playlist-not-found": {
		...notFound("PLAYLIST_NOT_FOUND"),
		message: () => "There is no such playlist in the account.",
	},
	"resource-not-found": { ...notFound("RESOURCE_NOT_FOUND"), message: () => "There is nothing at this address." },
	"method-not-allowed": {
		status: 405,
		code: "METHOD_NOT_ALLOWED",
		subcode: "METHOD_NOT_ALLOWED",
		message: ({ allowed }) => `This address answers ${allowed.join(", ")} only.`,
	},
	"ssai-claim-missing": {
		...serverError(500, "SERVER_ERROR"),
		message: () =>
			"The token names no ad insertion configuration: it needs the claim vod with ssai, as the record calls it.",
	},
	"ssai-config-unknown": {
		...notFound("RESOURCE_NOT_FOUND"),
		message: ({ config, kind }) => `The video has no ad insertion configuration "${config}" for ${kind}.`,
	},
	"source-unavailable": {
		...serverError(502, "VIDEO_URLS_RETRIEVE_FAILURE"),
		message: ({ detail }) => `The video's source could not be read: ${detail}.`,
	},
	"source-timeout": {
		status: 504,
		code: "SERVER_TIMEOUT",
		subcode: "SERVER_TIMEOUT",
		message: () => "The video's source did not answer in time.",
	},
	"license-unavailable": {
		...serverError(502, "LICENSE_RETRIEVE_FAILURE"),
		message: ({ detail }) => `The licence server gave no licence: ${detail}.`,
	},
	"license-timeout": {
		status: 504,
		code: "SERVER_TIMEOUT",
		subcode: "SERVER_TIMEOUT",
		message: () => "The licence server did not answer in time.",
	},
	...catalogRows,
	fault: {
		...serverError(500, "SERVER_ERROR"),
		message: () => "Something went wrong in the gate. The decision id names this request.",
	},
	...chimeRows,
	...vonageRows,
	...credentialRows,
	...managementRows,
	...joinRows,
	...soraRows,
};

const RETRY_AFTER_SECONDS = 2;

/** The wire form of a refusal (design 2; reference: wire facts 3 and 4.4). Holds no token, key or address. */
export function wireError(refusal: Refusal, dialect: Dialect): WireError {
	// The table is keyed by reason, so the row always fits the arm; TypeScript cannot correlate the two.
	const row = table[refusal.reason] as Row<Refusal>;
	const status = row.status ?? 401;
	return {
		status,
		code: row.code ?? TOKEN_CODES[dialect],
		subcode: subcodeOf(refusal, row, dialect),
		reason: row.publicReason ?? refusal.reason,
		message: row.message(refusal),
		...(status === 503 ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}),
		...("retryAfterSeconds" in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}),
		...(refusal.reason === "scope-missing" ? { scope: refusal.scope } : {}),
		...(refusal.reason === "method-not-allowed" ? { allow: refusal.allowed } : {}),
		...("conflicts" in refusal && refusal.conflicts ? { conflicts: refusal.conflicts } : {}),
		...(row.tells ? { tells: row.tells(refusal) } : {}),
	};
}

function subcodeOf(refusal: Refusal, row: Row<Refusal>, dialect: Dialect): string {
	const subcode = typeof row.subcode === "string" ? row.subcode : row.subcode(refusal);
	if (dialect !== "gsc") return subcode;
	if (row.code === undefined) return TOKEN_CODES.gsc;
	return refusal.reason === "stream-limit-create" ? "MAX_CONCURRENCY" : subcode;
}
