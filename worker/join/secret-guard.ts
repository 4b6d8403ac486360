import { type Decision, allow, refuse } from "../decision/decision.ts";
import { isJsonObject, jsonOf, parseJsonObject } from "../token/json-object.ts";

/**
 * Names under which clients hand an encryption secret to their SDK, without case and separators. Whoever sends one of them has handed it
 * to the gate. `password` and `key` are not among them: they name too much else, and no vendor's secret.
 */
export const SECRET_NAMES: ReadonlySet<string> = new Set([
	"encryptionsecret", // Vonage: initSession, setEncryptionSecret, OTSession (reference: rtc 1.5)
	"e2eesecret",
	"e2esecret",
	"encryptionkey", // Jitsi: setMediaEncryptionKey; Agora: EncryptionConfig
	"mediaencryptionkey",
	"e2eekey",
	"e2ekey",
	"encryptionpassphrase", // LiveKit: string keys of ExternalE2EEKeyProvider
	"e2eepassphrase",
	"passphrase",
	"sharedkey", // LiveKit: BaseKeyProvider
	"sharedsecret",
	"presharedkey",
	"secretkey",
	"secret",
	"basekey", // SFrame (RFC 9605 section 4.3)
	"sframekey",
	"framekey",
]);

/** Sora's client library took the key itself as `e2ee`, before it made keys (sora-js-sdk 2020.1); `true` is what it sends. */
const FLAG_NAME = "e2ee";
const FLAG_VALUES: ReadonlySet<string> = new Set(["true", "false", "required", "1", "0", "null"]);

const MOST_DEPTH = 32;
const MOST_PLACE = 200;
const MOST_NAME = 64;

interface Visit {
	readonly place: string;
	readonly name: string;
	readonly value: unknown;
	readonly depth: number;
	/** Below a member that is named like a secret: whatever stands there is one. */
	readonly within: boolean;
}

/** Those that nothing else goes by, for headers and cookies: other systems put theirs into the same request. */
const OWN_NAMES: ReadonlySet<string> = new Set([...SECRET_NAMES].filter((name) => /encryption|e2e|sframe/.test(name)));

/** Where a token travels, and so its claims, which the gate can read. */
const TOKEN_HEADERS: ReadonlySet<string> = new Set(["authorization", "bcov-auth"]);

/** Query, headers and cookies of a request: what there is before its body. */
export function guardEnvelope({ query, headers }: Envelope): Decision {
	const queried = guardPairs(query, "query ");
	if (!queried.allowed) return queried;
	for (const [name, value] of namedValues(headers)) {
		const place = `header ${name}`;
		if (value !== "" && OWN_NAMES.has(plain(name).replace(/^x/, ""))) return sent(place);
		const claims = TOKEN_HEADERS.has(name) ? guardValue(value, place) : allow();
		if (!claims.allowed) return claims;
	}
	return allow();
}

interface Envelope {
	readonly query: URLSearchParams;
	readonly headers: Headers;
}

type Pair = readonly [name: string, value: string];

function namedValues(headers: Headers): readonly Pair[] {
	const cookies = (headers.get("Cookie") ?? "").split(";").map((pair): Pair => {
		const [name = "", ...value] = pair.trim().split("=");
		return [name, value.join("=")];
	});
	return [...headers, ...cookies];
}

/** A body, whatever type it says that it has: JSON, a form, or nothing that could be read. */
export function guardBody(body: string): Decision {
	if (parseJsonObject(body) === REPEATS)
		return refuse({ reason: "bad-request", detail: "The body has a member twice: nobody can say which one counts." });
	const json = jsonOf(body);
	if (json !== null) return guardValue(json);
	if (/^[^\s{[]+=/.test(body)) return guardPairs(new URLSearchParams(body), "form ");
	return guardPairs(partsOf(body), "form ");
}

/** What `parseJsonObject` says of two members of one name, of which `JSON.parse` drops the first. */
const REPEATS = "repeats a member";

/** The names of a multipart form (RFC 7578); what stands below them need not be read. */
function* partsOf(body: string): Iterable<Pair> {
	if (!body.startsWith("--")) return;
	for (const [, name = ""] of body.matchAll(/\bname="([^"\r\n]{1,64})"/gi)) yield [name, "given"];
}

/** A parsed value: members at any depth, texts that are JSON themselves, and the claims of tokens. */
export function guardValue(value: unknown, at = ""): Decision {
	return walk([{ place: at, name: "", value, depth: 0, within: false }]);
}

function guardPairs(pairs: Iterable<Pair>, what: string): Decision {
	return walk(
		Array.from(pairs, ([name, value]) => memberOf({ place: what, depth: 0, within: false }, name, value, "")),
	);
}

/** A list, not recursion: depth is the sender's choice. */
function walk(pending: Visit[]): Decision {
	for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
		const { place, value, depth } = visit;
		if (isSecret(visit)) return sent(place);
		if (depth > MOST_DEPTH)
			return refuse({
				reason: "bad-request",
				detail: `The request has values nested deeper than ${MOST_DEPTH} levels.`,
			});
		pending.push(...childrenOf(visit, typeof value === "string" ? embedded(value) : value));
	}
	return allow();
}

function childrenOf(visit: Visit, value: unknown): Visit[] {
	if (Array.isArray(value)) {
		const { place, depth, within } = visit;
		return value.map((item, index) => ({
			place: `${place}[${index}]`,
			name: "",
			value: item,
			depth: depth + 1,
			within,
		}));
	}
	if (!isJsonObject(value)) return [];
	const separator = visit.place === "" ? "" : ".";
	return Object.entries(value).map(([name, member]) => memberOf(visit, name, member, separator));
}

function memberOf(parent: Omit<Visit, "name" | "value">, name: string, value: unknown, separator: string): Visit {
	const within = parent.within || SECRET_NAMES.has(plain(name));
	const place = `${parent.place}${separator}${name.slice(0, MOST_NAME)}`.slice(0, MOST_PLACE);
	return { place, name, value, depth: parent.depth + 1, within };
}

/** Nothing, true and false are no secrets, under whatever name. */
function isSecret({ name, value, within }: Visit): boolean {
	if (typeof value === "number") return within;
	if (typeof value !== "string" || value === "") return false;
	return within || (plain(name) === FLAG_NAME && !FLAG_VALUES.has(value.toLowerCase()));
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
const sent = (place: string) =>
	refuse({ reason: "encryption-secret-sent", member: place.slice(0, MOST_PLACE).replaceAll(/\p{C}/gu, "?") });

/** What a text holds when it is JSON, or a token of three parts; else nothing that is looked into. */
function embedded(text: string): unknown {
	if (/^\s*[{[]/.test(text)) return jsonOf(text);
	const payload = /^(?:Bearer\s+)?[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(text)?.[1];
	return payload === undefined ? null : jsonOf(Buffer.from(payload, "base64url").toString("utf8"));
}
