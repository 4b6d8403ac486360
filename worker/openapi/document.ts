import { credentialSchemas } from "../catalog/provider-credentials-schema.ts";
import { API_VERSION } from "./version.ts";
import { components } from "./components.ts";
import type { Answer, Body, Credential, JsonSchema, Operation, Parameter } from "./operation.ts";
import { ref } from "./operation.ts";
import { operations } from "./operations.ts";

const text: JsonSchema = { type: "string", minLength: 1 };

/** What stands in paths. The examples make a scenario that the tests play. */
const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
	account: { description: "Account id.", schema: ref("Id"), example: "acme" },
	video: { description: "Video id, or `ref:` and a reference id.", schema: text, example: "clip" },
	playlist: { description: "Playlist id, or `ref:` and a reference id.", schema: text, example: "favourites" },
	key: { description: "Last path segment of the key's URI.", schema: text, example: "k1.key" },
	grant: { description: "Signed by the gate; manifests lead to it.", schema: text },
	path: { description: "As the manifest has it.", schema: text },
	system: {
		description: "As in the path below a video, such as clearkey or cenc/widevine.",
		schema: text,
		example: "clearkey",
	},
	session: { description: "Session id (claim sid).", schema: text, example: "television" },
	uid: { description: "The viewer (claim uid), percent-encoded.", schema: text, example: "ann" },
	device: { description: "Device id, percent-encoded.", schema: text, example: "tv-1" },
	id: { description: "Its id.", schema: text },
	day: { description: "A day in UTC: YYYY-MM-DD.", schema: { type: "string", format: "date" } },
	provider: {
		description: "What the credentials are for.",
		schema: { enum: Object.keys(credentialSchemas) },
		example: "turn",
	},
	participant: { description: "Participant id, as the join gave it.", schema: text },
	secret: { description: "Of the account's webhooks, as its credentials have it.", schema: text },
	ticket: { description: "As the link has it.", schema: text },
};

/** The OpenAPI 3.1 document of this gate. `server` is its origin. */
export function openApiDocument(server: string): JsonSchema {
	const paths: Record<string, Record<string, unknown>> = {};
	for (const operation of operations) {
		const item = (paths[operation.path] ??= {});
		item[operation.method] = describe(operation);
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Playgate",
			version: API_VERSION,
			description:
				"Playback authorization at the edge. Refusals are explained in docs/reasons.md, claims of tokens in docs/claims.md.",
			license: { name: "MIT", identifier: "MIT" },
		},
		servers: [{ url: server }],
		tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
		paths,
		components,
	};
}

const SECURITY: Readonly<Record<Credential, readonly unknown[]>> = {
	none: [],
	grant: [], // the grant is the path
	token: [{ tokenBearer: [] }, { tokenHeader: [] }, { tokenQuery: [] }, { tokenCookie: [] }],
	management: [{ managementBearer: [] }, { access: [] }],
};

function describe(operation: Operation): JsonSchema {
	const { id, tag, summary, credential, scopes = [], body, answers, refusals = "Refusals" } = operation;
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(scopes.length > 0 ? { description: `Needs the scope ${scopes.join(" or ")}.` } : {}),
		security: SECURITY[credential],
		parameters: [
			...pathParameters(operation),
			...parameters("query", operation.query),
			...parameters("header", operation.headers),
		],
		...(body
			? {
					requestBody: {
						required: true,
						content: { [body.type ?? "application/json"]: content(body) },
					},
				}
			: {}),
		responses: {
			...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
			default: { $ref: `#/components/responses/${refusals}` },
		},
	};
}

function content({ schema, example }: Body): unknown {
	return { schema, ...(example === undefined ? {} : { example }) };
}

function pathParameters({ path, params = {} }: Operation): readonly unknown[] {
	return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
		const example = params[name];
		const parameter = PATH_PARAMETERS[name];
		return { name, in: "path", required: true, ...parameter, ...(example === undefined ? {} : { example }) };
	});
}

function parameters(place: string, named: Operation["query"] = {}): readonly unknown[] {
	return Object.entries(named).map(([name, parameter]) => ({ name, in: place, ...parameter }));
}

function response({ description, type = "application/json", schema, location }: Answer): unknown {
	const headers = location ? { ...DECISION_HEADER, ...LOCATION_HEADER } : DECISION_HEADER;
	return { description, ...(schema ? { content: { [type]: { schema } } } : {}), headers };
}

const LOCATION_HEADER = { Location: { description: "Path of what was made.", schema: { type: "string" } } };
const DECISION_HEADER = {
	"Playgate-Decision": { description: "Id of the decision, as in the log.", schema: { type: "string" } },
};
