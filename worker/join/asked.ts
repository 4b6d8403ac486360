import * as v from "valibot";
import { JOIN_ROLES, type JoinRole } from "../catalog/e2ee-session-record.ts";
import { openObject, parse } from "../catalog/issues.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../limits/device-contract.ts";
import { readBytes } from "./request-body.ts";
import { guardBody } from "./secret-guard.ts";

const MOST_BODY_BYTES = 65_536;
const JSON_TYPES = ["application/json"];

/** The two joiners within words and emoji count as characters, though Unicode has them among those for control. */
const printable = (most: number) =>
	v.pipe(
		v.string("must be a string"),
		v.maxLength(most, `must be at most ${most} characters`),
		v.regex(/^(?:[\u200c\u200d]|[^\p{C}\p{Zl}\p{Zp}])*$/u, "must not have control characters"),
	);
const orNull = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema), null);

/** The body of a join (design 8): every member may be left out. */
export const joinSchema = openObject({
	client: orNull(
		openObject({ sdk: orNull(printable(64)), version: orNull(printable(64)), device: orNull(printable(128)) }),
	),
	device_id: orNull(v.pipe(v.string("must be a string"), v.regex(DEVICE_ID_PATTERN, `must be ${DEVICE_ID_RULE}`))),
	role: orNull(v.picklist(JOIN_ROLES, `must be one of ${JOIN_ROLES.join(", ")}`)),
	name: orNull(printable(128)),
});

/** What a client says of itself. */
export interface JoinClient {
	readonly sdk: string | null;
	readonly version: string | null;
	readonly device: string | null;
}

/** What a join asks for beside its token. */
export interface JoinWishes {
	readonly client: JoinClient | null;
	readonly deviceId: string | null;
	/** Null: the one that the token or the session has. */
	readonly role: JoinRole | null;
	readonly name: string | null;
}

const NO_WISHES = {};

/** The wishes in the body of a POST. */
export async function readWishes(exchange: Exchange): Promise<Decision<JoinWishes>> {
	const body = await readBody(exchange);
	return body.allowed ? wishesIn(body.value, "body") : body;
}

/** The wishes in the query of a GET. */
export function queriedWishes({ query }: Exchange): Decision<JoinWishes> {
	const named = ["role", "name", "device_id"].flatMap((name) => {
		const value = query.get(name);
		return value === null ? [] : [[name, value]];
	});
	return wishesIn(Object.fromEntries(named), "query");
}

function wishesIn(value: unknown, at: string): Decision<JoinWishes> {
	const parsed = parse(joinSchema, value, at);
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const { client, device_id: deviceId, role, name } = parsed.value;
	return allow({ client, deviceId, role, name: name === "" ? null : name });
}

/** An empty body asks for nothing. */
async function readBody({ request, headers }: Exchange): Promise<Decision<unknown>> {
	const read = await readBytes(request, MOST_BODY_BYTES);
	if (!read.allowed) return read;
	const bytes = read.value;
	if (bytes.byteLength === 0) return allow(NO_WISHES);
	const guarded = guardBody(new TextDecoder().decode(bytes));
	if (!guarded.allowed) return guarded;
	const type = headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "application/json";
	if (!JSON_TYPES.includes(type)) return refuse({ reason: "media-type-unsupported", expected: JSON_TYPES });
	try {
		return allow(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)));
	} catch {
		return refuse({ reason: "bad-request", detail: 'The body must be JSON: {"role": "publisher", "name": "Ann"}.' });
	}
}
