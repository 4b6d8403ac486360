import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { isSameSecret } from "../../../hash.ts";

/** What signs calls of the meetings API, the gate's own and those of the publisher's back end. */
export interface AwsCredentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Null for keys that last. */
	readonly sessionToken: string | null;
	readonly region: string;
}

/** A call as it came. `body` are the bytes that were sent. */
export interface SignedCall {
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: Uint8Array;
}

export const SERVICE = "chime";
/** As AWS itself allows. */
const MOST_SKEW_SECONDS = 300;

interface Signature {
	readonly accessKeyId: string;
	readonly date: string;
	readonly region: string;
	readonly service: string;
	readonly signedHeaders: readonly string[];
	readonly signature: string;
}

/**
 * Judges a call by its signature (AWS Signature Version 4, in the Authorization header): made with these credentials, for the service
 * `chime` in their region, over this method, path, query, host and body, within five minutes of now.
 */
export async function verifySignature(call: SignedCall, own: AwsCredentials, nowMs: number): Promise<Decision> {
	const authorization = call.headers.get("Authorization") ?? "";
	if (!authorization.startsWith(ALGORITHM)) return refuse({ reason: "aws-signature-required" });
	const given = parseAuthorization(authorization);
	if (!given) return invalid("its Authorization header cannot be read");
	const datetime = call.headers.get("X-Amz-Date") ?? "";
	const fault = scopeFault(given, own, datetime) ?? headersFault(given, call) ?? tokenFault(call, own);
	if (fault !== null) return invalid(fault);
	const skewSeconds = Math.abs(nowMs - (timeOf(datetime) ?? Number.NaN)) / 1000;
	if (!(skewSeconds <= MOST_SKEW_SECONDS))
		return refuse({ reason: "aws-clock-skewed", mostSeconds: MOST_SKEW_SECONDS });
	const expected = await signatureOf(call, given.signedHeaders, own, datetime);
	if (!isSameSecret(expected, given.signature))
		return invalid("it does not fit the call, or was made with another secret key");
	return bodyFits(call) ? allow() : invalid("the body is not the one that was signed");
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const AUTHORIZATION =
	/^AWS4-HMAC-SHA256 +Credential=([\w]{4,128})\/(\d{8})\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request, *SignedHeaders=([a-z0-9;_-]{1,2000}), *Signature=([0-9a-f]{64})$/;

function parseAuthorization(text: string): Signature | null {
	const [, accessKeyId, date, region, service, headers, signature] = AUTHORIZATION.exec(text) ?? [];
	if (!accessKeyId || !date || !region || !service || !headers || !signature) return null;
	return { accessKeyId, date, region, service, signedHeaders: headers.split(";"), signature };
}

function scopeFault(given: Signature, own: AwsCredentials, datetime: string): string | null {
	if (!isSameSecret(given.accessKeyId, own.accessKeyId))
		return "the access key is not that of the account's credentials for chime";
	if (given.service !== SERVICE) return `it is for another service than ${SERVICE}`;
	if (given.region !== own.region) return `it is for another region than ${own.region}`;
	if (timeOf(datetime) === null) return "the header X-Amz-Date is not like 20300131T235959Z";
	return datetime.startsWith(given.date) ? null : "the header X-Amz-Date is of another day than the credential's scope";
}

/** Whatever speaks to AWS must be signed: the host, and each header of its own that is there. */
function headersFault({ signedHeaders }: Signature, { headers }: SignedCall): string | null {
	const signed = new Set(signedHeaders);
	const sorted = [...signed].toSorted();
	if (sorted.join(";") !== signedHeaders.join(";")) return "its SignedHeaders are not sorted";
	const needed = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))];
	const unsigned = needed.find((name) => !signed.has(name));
	if (unsigned !== undefined) return `the header ${unsigned} is not signed`;
	const absent = sorted.find((name) => !headers.has(name) && !KNOWN_WITHOUT.has(name));
	return absent === undefined ? null : `the header ${absent} was signed and is not there`;
}

/** The URL and the body tell these, also where a proxy took the header away. */
const KNOWN_WITHOUT: ReadonlySet<string> = new Set(["host", "content-length"]);

function tokenFault({ headers }: SignedCall, { sessionToken }: AwsCredentials): string | null {
	return isSameSecret(headers.get("X-Amz-Security-Token") ?? "", sessionToken ?? "")
		? null
		: "the session token is not that of the account's credentials for chime";
}

async function signatureOf(
	{ method, url, headers, body }: SignedCall,
	signedHeaders: readonly string[],
	own: AwsCredentials,
	datetime: string,
): Promise<string> {
	const signed = new Headers();
	for (const name of signedHeaders) {
		if (name !== "host") signed.set(name, headers.get(name) ?? String(body.byteLength));
	}
	const { accessKeyId, secretAccessKey, region } = own;
	const key = { accessKeyId, secretAccessKey, region, service: SERVICE, datetime };
	return new AwsV4Signer({ method, url, headers: signed, body, ...key, allHeaders: true }).signature();
}

/** The signature covers the hash that the header names; this, that the body has it. */
function bodyFits({ headers, body }: SignedCall): boolean {
	const named = headers.get("X-Amz-Content-Sha256");
	return named === null || isSameSecret(named, createHash("sha256").update(body).digest("hex"));
}

/** Milliseconds since the epoch of an ISO 8601 basic time; null when it is none. */
function timeOf(text: string): number | null {
	const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
	const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
	return Number.isNaN(time) ? null : time;
}

const invalid = (detail: string) => refuse({ reason: "aws-signature-invalid", detail });
