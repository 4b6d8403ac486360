import type { Operation } from "../operation.ts";

const own = { tag: "Gate", credential: "none" } as const;

export const ownOperations: readonly Operation[] = [
	{
		...own,
		method: "get",
		path: "/openapi.json",
		id: "getOpenApi",
		summary: "This document.",
		answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" } } },
	},
	{
		...own,
		method: "get",
		path: "/healthz",
		id: "getHealth",
		summary: "Whether the Worker runs.",
		answers: { 200: { description: "It does.", type: "text/plain", schema: { type: "string" } } },
	},
];
