import type { Answer, JsonSchema, Operation } from "../operation.ts";

/** An operation of the management API; its credential and scopes come from the route. */
export type Managed = Omit<Operation, "credential" | "scopes">;

export const V1 = "/v1/accounts/{account}";
export const MANAGE = "/manage/v1/accounts/{account}";

export const ok = (description: string, schema: JsonSchema): Readonly<Record<number, Answer>> => ({
	200: { description, schema },
});
export const created = (description: string, schema: JsonSchema): Readonly<Record<number, Answer>> => ({
	201: { description, schema, location: true },
});
export const done = (description: string): Readonly<Record<number, Answer>> => ({ 204: { description } });
