/** A schema of JSON Schema 2020-12, which is that of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One route and method, as the document describes it. Examples are part of the contract: a test sends them. */
export interface Operation {
	readonly method: "get" | "post" | "put" | "patch" | "delete";
	/** With `{name}` for each part that is a parameter; `PATH_PARAMETERS` describes those. */
	readonly path: string;
	/** `operationId` of the document: unique, and what generated clients name their method. */
	readonly id: string;
	readonly tag: string;
	readonly summary: string;
	readonly credential: Credential;
	/** Of which a management credential needs one. */
	readonly scopes?: readonly string[];
	/** Values of the path's parameters, where this operation's are not those of `PATH_PARAMETERS`. */
	readonly params?: Readonly<Record<string, string>>;
	readonly query?: Readonly<Record<string, Parameter>>;
	readonly headers?: Readonly<Record<string, Parameter>>;
	readonly body?: Body;
	/** By status; every other status is a refusal. */
	readonly answers: Readonly<Record<number, Answer>>;
	/** Shape of its refusals; the array of the Playback API unless it says otherwise. */
	readonly refusals?: "Refusals" | "LicenseRefusals" | "SessionRefusal" | "Problem";
}

/** `token`: a publisher's JWT in any of its carriers. */
export type Credential = "none" | "token" | "grant" | "management";

export interface Parameter {
	readonly description: string;
	readonly schema: JsonSchema;
	readonly example?: unknown;
	readonly required?: true;
}

export interface Body {
	/** "application/json" unless it says otherwise. */
	readonly type?: string;
	readonly schema: JsonSchema;
	/** Of JSON. */
	readonly example?: unknown;
}

export interface Answer {
	readonly description: string;
	/** Absent for an answer without a body. "application/json" unless it says otherwise. */
	readonly type?: string;
	readonly schema?: JsonSchema;
	/** True when its header Location names what was made. */
	readonly location?: true;
}

/** A reference to a schema of the document. */
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
export const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });
/** A list of one. */
export const one = (items: JsonSchema): JsonSchema => ({ ...listOf(items), minItems: 1, maxItems: 1 });
export const string: JsonSchema = { type: "string" };
export const boolean: JsonSchema = { type: "boolean" };
export const integer: JsonSchema = { type: "integer" };
export const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });

/** What a player names its device with, for the claim dlimit; also the query parameter `device_id`. */
export const deviceHeader: NonNullable<Operation["headers"]> = {
	"BCOV-Device-Id": {
		description: "The player's device; else the gate recognises it by a cookie, or by its address and User-Agent.",
		schema: { type: "string", minLength: 1, maxLength: 128 },
	},
};

/** An object that has at least these members. */
export function record(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
	return { type: "object", properties, required: Object.keys(properties) };
}
