import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clipFiles } from "../support/clip.ts";
import { ask, outcomeOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

interface Content {
	readonly schema: Json;
	readonly example?: unknown;
}

interface Operation {
	readonly operationId: string;
	readonly security: readonly Json[];
	readonly parameters: readonly { readonly name: string; readonly in: string; readonly example?: string }[];
	readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
	readonly responses: Readonly<
		Record<string, { readonly content?: Readonly<Record<string, Content>>; readonly headers?: Json }>
	>;
}

interface OpenApi {
	readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
	readonly components: { readonly responses: Operation["responses"]; readonly schemas: Json };
}

interface Call extends Operation {
	readonly method: string;
	readonly path: string;
}

let gate: TestGate;
let document: OpenApi;
let account: TestAccount;
beforeAll(async () => {
	gate = await startTestGate();
	document = (await (await ask(`${gate.url}/openapi.json`)).json()) as OpenApi;
	account = await gate.openAccount();
	const bucket = await gate.running.miniflare.getR2Bucket("MEDIA");
	await Promise.all([...clipFiles(true)].map(([name, body]) => bucket.put(`clip/${name}`, body)));
});
afterAll(() => gate?.stop());

const calls = (): readonly Call[] =>
	Object.entries(document.paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => ({ ...operation, method, path })),
	);

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
/** References lead into the document's components, so those go along. */
const validatorOf = (schema: Json): ValidateFunction => ajv.compile({ ...schema, components: document.components });

function expectValid(schema: Json, value: unknown, what: string): void {
	const validate = validatorOf(schema);
	validate(value);
	expect([what, validate.errors ?? []]).toEqual([what, []]);
}

it("is a valid OpenAPI 3.1 document", async () => {
	const result = await new Validator().validate({ ...document });
	expect(result.errors ?? []).toEqual([]);
	expect(result.valid).toBe(true);
	expect(document).toMatchObject({ openapi: "3.1.0", servers: [{ url: gate.url }] });
});

it("is there for pages of any origin, and for HEAD", async () => {
	const answer = await ask(`${gate.url}/openapi.json`, { method: "HEAD", headers: { Origin: "https://docs.example" } });
	expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
});

it("has examples that its schemas take, and refuses what they do not", () => {
	let examples = 0;
	for (const { operationId, requestBody } of calls()) {
		for (const { schema, example } of Object.values(requestBody?.content ?? {})) {
			if (example === undefined) continue;
			examples += 1;
			expectValid(schema, example, operationId);
			expect(validatorOf(schema)(7)).toBe(false);
		}
	}
	expect(examples).toBeGreaterThan(10);
});

const WRITES = ["post", "put", "patch"];
/** Things are made, then looked at, then taken away, those first that were made last. */
function scenario(): readonly Call[] {
	const having = (methods: readonly string[]) => calls().filter(({ method }) => methods.includes(method));
	return [...having(WRITES), ...having(["get"]), ...having(["delete"]).toReversed()];
}

/** What the records of the examples cannot give: a licence server, ad documents, files that nobody made, and paths that only a manifest knows. */
const REFUSED: Readonly<Record<string, number>> = {
	getMpd: 404,
	getHighMp4: 404,
	getLowMp4: 404,
	getPoster: 404,
	getThumbnail: 404,
	getHlsVmap: 500,
	getDashVmap: 500,
	getClearKeyLicense: 404,
	getWidevineLicense: 404,
	getPlayReadyLicense: 404,
	getFairPlayLicense: 404,
	getWidevineLicenseByOldPath: 404,
	getPlayReadyLicenseByOldPath: 404,
	getCertificate: 404,
	getVideoCertificate: 404,
	getMedia: 401,
	downloadAuditReport: 403,
	getLicenseUnderGrant: 401,
	denyParticipant: 409, // it is in, for the session has no lobby
	followJoinLink: 403, // after the end
	openRoom: 400, // no WebSocket
	// No description (RFC 8866); then a room, which is no endpoint of a media server, and has no signalling of Chime.
	openWhip: 422,
	openWhipWithTicket: 422,
	changeWhip: 404,
	lookAtWhip: 404,
	closeWhip: 404,
	openWhep: 422,
	openWhepWithTicket: 422,
	changeWhep: 404,
	lookAtWhep: 404,
	closeWhep: 404,
	openChimeSignaling: 400,
	openSoraSignaling: 400,
	// The account has no credentials for Sora.
	askSoraAuthWebhook: 404,
	tellSoraEvent: 404,
};

const VIEWER = { uid: "ann", sid: "television", climit: 5, dlimit: 5 };

describe("every operation answers as it is described", () => {
	/** Ids that the gate gave, by the path of what they are below. */
	const given = new Map([["/v1/audit/accounts/{account}/query", new Date().toISOString().slice(0, 10)]]);
	const onTelevision = async (claims: Json = {}): Promise<Json> => ({
		"BCOV-Auth": await account.sign({ ...VIEWER, ...claims }),
		"BCOV-Device-Id": "tv-1",
	});

	/** A session that somebody has joined ends when they leave, and playback of the same name with it. */
	const inCall = ({ path }: Call): Json => (path.startsWith("/join/") ? { sid: "call" } : {});

	const urlOf = ({ path, parameters }: Call): string => {
		const query = new URLSearchParams();
		const filled = parameters.reduce((text, { name, in: place, example }) => {
			if (place === "query" && example !== undefined) query.set(name, example);
			if (place !== "path") return text;
			const own = name === "account" ? account.id : (example ?? given.get(path.slice(0, path.indexOf(`/{${name}}`))));
			return text.replace(`{${name}}`, encodeURIComponent(own ?? "none"));
		}, path);
		return `${gate.url}${filled}${query.size > 0 ? `?${query.toString()}` : ""}`;
	};

	async function send(call: Call): Promise<Response> {
		const [content] = Object.entries(call.requestBody?.content ?? {});
		const headers: Record<string, string> = content ? { "Content-Type": content[0] } : {};
		const needs = call.security.flatMap((scheme) => Object.keys(scheme));
		if (needs.includes("tokenHeader")) Object.assign(headers, await onTelevision(inCall(call)));
		const body = content ? { body: JSON.stringify(content[1].example ?? "") } : {};
		const method = call.method.toUpperCase();
		if (!needs.includes("managementBearer")) return ask(urlOf(call), { method, headers, ...body });
		return gate.manage(method, urlOf(call), content?.[1].example);
	}

	/** A session, and a device, to be looked at or ended. */
	async function playOn(): Promise<void> {
		const headers = (await onTelevision()) as Record<string, string>;
		expect(await outcomeOf(ask(account.masterUrl("clip"), { headers }))).toBe(200);
	}

	it("in the order of a publisher's day", async () => {
		for (const call of scenario()) {
			if (/Session|Device/.test(call.operationId)) await playOn();
			const answer = await send(call);
			const type = answer.headers.get("Content-Type")?.split(";", 1)[0] ?? "";
			const text = await answer.text();
			const what = `${call.operationId} ${answer.status} ${text.slice(0, 300)}`;
			const refused = REFUSED[call.operationId];
			expect([what, answer.status]).toEqual([what, refused ?? answer.status]);
			const told = call.responses[answer.status] ?? (refused === undefined ? undefined : refusalOf(call));
			expect([what, told === undefined]).toEqual([what, false]);
			const unsaid = Object.keys(told?.headers ?? {}).filter((name) => !answer.headers.has(name));
			expect([what, unsaid]).toEqual([what, []]);
			const content = told?.content?.[type];
			expect([what, content === undefined]).toEqual([what, told?.content === undefined]);
			if (content && type === "application/json") expectValid(content.schema, JSON.parse(text), what);
			remember(call, text);
		}
	});

	function refusalOf({ responses }: Call): Operation["responses"][string] | undefined {
		const { $ref: name = "" } = responses["default"] as { $ref?: string };
		return document.components.responses[name.split("/").at(-1) ?? ""];
	}

	function remember({ method, path }: Call, text: string): void {
		if (method !== "post" || !text.startsWith("{")) return;
		const made = JSON.parse(text) as Json;
		if (typeof made["id"] === "string") given.set(path, made["id"]);
		if (typeof made["ticket"] === "string") {
			given.set("/join/v1/participants", made["ticket"]);
			for (const door of ["rooms", "whip", "whep", "chime"]) given.set(`/join/v1/${door}`, made["ticket"]);
			given.set("/manage/v1/accounts/{account}/e2ee-sessions/{id}/participants", String(made["participant_id"]));
		}
		const execution = made["execution_id"];
		if (typeof execution === "string") given.set(path.replace("/query/{day}", "/execution"), execution);
	}
});

it("describes every body that is taken, and what may be asked for", async () => {
	const bodyOf = (id: string): Json =>
		calls().find(({ operationId }) => operationId === id)?.requestBody?.content["application/json"]?.schema ?? {};
	const parametersOf = (id: string) =>
		calls()
			.find(({ operationId }) => operationId === id)
			?.parameters.map(({ name }) => name);
	expectValid(bodyOf("renameDevice"), [{ name: "Television" }], "a list of one device");
	expect(validatorOf(bodyOf("renameDevice"))([])).toBe(false);
	expect(validatorOf(bodyOf("createManagementToken"))({ name: "x", scopes: ["everything"] })).toBe(false);
	expect(validatorOf(bodyOf("putVideo"))({ custom_fields: [] })).toBe(false);
	expect(parametersOf("getMultivariantPlaylist")).toEqual([
		"account",
		"video",
		"config_id",
		"end_session",
		"BCOV-Device-Id",
	]);
	expect(parametersOf("queryAudit")).toEqual(["account", "day"]);
});

it("describes what refusals by climit list, in each of their forms", () => {
	const conflict = { session_id: "tv", device: "tv-1", device_name: "Roku", video: "clip", started_at: 1 };
	const told = { message: "", reason: "", decision_id: "" };
	const codes = { error_code: "", error_subcode: "" };
	const bodies = (conflicts: unknown): [string, unknown][] => [
		["Refusals", [{ ...codes, ...told, conflicts }]],
		["LicenseRefusals", [{ error: "", ...codes, ...told, conflicts }]],
		["SessionRefusal", { error: { code: "", sub_code: "", ...told, conflicts } }],
	];
	const schemaOf = (name: string) => ({ $ref: `#/components/schemas/${name}` });
	for (const [name, body] of bodies([conflict])) expectValid(schemaOf(name), body, name);
	for (const [name, body] of bodies([{ ...conflict, started_at: "now" }]))
		expect([name, validatorOf(schemaOf(name))(body)]).toEqual([name, false]);
});

it("is refused, as described, to whoever has no credential", async () => {
	for (const call of calls()) {
		if (call.security.length === 0) continue;
		const url = gate.url + call.path.replaceAll(/\{(\w+)\}/g, "x");
		const answer = await ask(url, { method: call.method.toUpperCase() });
		const name = (call.responses["default"] as { $ref?: string }).$ref?.split("/").at(-1) ?? "";
		const { content } = document.components.responses[name] ?? {};
		expect([call.operationId, answer.status]).toEqual([call.operationId, 401]);
		expectValid(content?.["application/json"]?.schema ?? {}, await answer.json(), call.operationId);
	}
});
