import { createHmac, createVerify, generateKeyPairSync, randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { startServer } from "../support/server.ts";

// A stand-in for the REST API of Vonage Video and OpenTok, as opentok 2.23.2, @vonage/video 1.31.1 and @opentok/client 2.35.2 and 2.26.4
// call it. It verifies credentials by itself: HS256 with the API secret, RS256 with the application's key.

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
	modulusLength: 2048,
	privateKeyEncoding: { type: "pkcs8", format: "pem" },
	publicKeyEncoding: { type: "spki", format: "pem" },
});

export const VONAGE = {
	apiKey: "45328772",
	apiSecret: "6b2c9c5a1d0e4f7788990a1b2c3d4e5f60718293",
	applicationId: "78d335fa-323d-4114-9c3d-d6f0d48968cf",
	privateKey,
} as const;

type Members = Record<string, unknown>;

export interface SeenCall {
	readonly method: string;
	/** With the query. */
	readonly path: string;
	readonly headers: IncomingMessage["headers"];
	readonly body: string;
	/** Who it was, `null` where the credentials are not good. */
	readonly claims: Members | null;
}

export interface VonageSession {
	readonly id: string;
	readonly e2ee: boolean;
	readonly form: URLSearchParams;
}

export interface VonagePlatform {
	/** `http://127.0.0.1:PORT`: of the REST API, and of the particulars that clients ask for. */
	readonly url: string;
	readonly calls: readonly SeenCall[];
	readonly sessions: ReadonlyMap<string, VonageSession>;
	/** A session that was not made through the gate. */
	readonly addSession: (e2ee: boolean, project?: string) => string;
	/** The next call gets this instead of its answer. */
	readonly failNext: (status: number, body?: string) => void;
	/** Particulars name another messaging service from now on. */
	readonly moveMessaging: (url: string) => void;
	readonly close: () => Promise<void>;
}

/** @param messagingUrl of the messaging stand-in. @param disconnect ends a connection there */
export async function startVonagePlatform(
	messagingUrl: string,
	disconnect: (connectionId: string) => void = () => {},
): Promise<VonagePlatform> {
	const calls: SeenCall[] = [];
	const sessions = new Map<string, VonageSession>();
	let messaging = messagingUrl;
	const failures: { status: number; body: string }[] = [];
	const addSession = (e2ee: boolean, project: string = VONAGE.apiKey, form = new URLSearchParams()): string => {
		const id = `${project === VONAGE.apiKey ? "1" : "2"}_${Buffer.from(
			`~${project}~~${Date.now()}~${randomUUID()}~`,
		).toString("base64url")}`;
		sessions.set(id, { id, e2ee, form });
		return id;
	};
	const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const body = await text(request);
		const { method = "", url: path = "", headers } = request;
		const claims = claimsOf(headers);
		calls.push({ method, path, headers, body, claims });
		const failure = failures.shift();
		const answer = failure
			? { status: failure.status, body: failure.body }
			: act({ method, path, headers, body, claims }, { sessions, addSession, messagingUrl: messaging, disconnect });
		const type = answer.body?.startsWith("<") ? "text/xml" : "application/json";
		response.writeHead(answer.status, { "Content-Type": type, "X-Stand-In": "vonage", ...answer.headers });
		response.end(method === "HEAD" ? undefined : answer.body);
	};
	const { host, close } = await startServer(respond);
	return {
		url: `http://${host}`,
		calls,
		sessions,
		addSession,
		failNext: (status, body = JSON.stringify({ code: status, message: "as the test says" })) =>
			failures.push({ status, body }),
		moveMessaging: (url) => void (messaging = url),
		close,
	};
}

interface Answer {
	readonly status: number;
	readonly body?: string;
	readonly headers?: Record<string, string>;
}

interface World {
	readonly sessions: ReadonlyMap<string, VonageSession>;
	readonly addSession: (e2ee: boolean, project: string, form: URLSearchParams) => string;
	readonly messagingUrl: string;
	readonly disconnect: (connectionId: string) => void;
}

const json = (status: number, value: unknown): Answer => ({ status, body: JSON.stringify(value) });

function act(call: SeenCall, world: World): Answer {
	const { pathname } = new URL(call.path, "http://stand-in");
	const [, first, second, third, ...rest] = pathname.replace(/\/$/, "").split("/");
	if (first === "project" && third === "config.json") return json(404, { message: "no configuration" });
	if (first === "session" && second !== "create") return particulars(call, second ?? "", world);
	if (!call.claims || call.claims["scope"] !== undefined)
		return json(403, { code: 403, message: "Invalid credentials" });
	const project = String(call.claims["application_id"] ?? call.claims["iss"]);
	if (first === "session") return create(call, project, world);
	if (first !== "v2" || third !== project) return json(404, { code: 404, message: "Not found" });
	return ofProject(call, rest, world);
}

function create({ body, headers }: SeenCall, project: string, { addSession }: World): Answer {
	const form = new URLSearchParams(body);
	const e2ee = form.get("e2ee") === "true";
	if (e2ee && form.get("p2p.preference") !== "disabled") return json(400, { message: "relayed and encrypted" });
	const id = addSession(e2ee, project, form);
	const told = {
		session_id: id,
		project_id: project,
		partner_id: project,
		create_dt: "Sun Nov 22 12:00:00 UTC 2026",
		media_server_url: "",
	};
	if (/xml/.test(headers.accept ?? "") && !/json/.test(headers.accept ?? "")) {
		const members = Object.entries(told).map(([name, value]) => `<${name}>${value}</${name}>`);
		return { status: 200, body: `<?xml version="1.0"?><sessions><Session>${members.join("")}</Session></sessions>` };
	}
	return json(200, [told]);
}

function ofProject(call: SeenCall, rest: readonly string[], { disconnect }: World): Answer {
	const [what, , kind, connection] = rest;
	const named = call.body.startsWith("{") ? (JSON.parse(call.body) as Members) : {};
	if (what === "session" && kind === "connection" && call.method === "DELETE") {
		disconnect(connection ?? "");
		return { status: 204 };
	}
	if (call.method === "DELETE") return { status: 204 };
	if (call.method === "GET") return json(200, { count: 0, items: [] });
	return json(200, { id: randomUUID(), status: "started", ...named });
}

/** What the web client asks for before it connects. Refusals are HTTP 200 and an error in the array. */
function particulars({ claims }: SeenCall, id: string, { sessions, messagingUrl }: World): Answer {
	const session = sessions.get(decodeURIComponent(id));
	const denied = (code: number, message: string) => json(200, [{ error: { code, errorMessage: { message } } }]);
	if (!session) return denied(404, "No such session");
	if (claims?.["scope"] !== "session.connect" || claims["session_id"] !== session.id)
		return denied(403, "Invalid token");
	const project = String(claims["application_id"] ?? claims["iss"]);
	return json(200, [
		{
			session_id: session.id,
			partner_id: project,
			messaging_server_url: new URL(messagingUrl).host,
			messaging_url: messagingUrl,
			symphony_address: SYMPHONY,
			media_server_hostname: "127.0.0.1",
			ice_servers: [],
			properties: {
				e2ee: session.e2ee,
				p2p: { preference: { value: "disabled" } },
				reconnection: true,
				renegotiation: false,
			},
		},
	]);
}

export const SYMPHONY = "symphony.127.0.0.1";

/** The claims of whoever calls; null where the signature or the time is not good. */
function claimsOf(headers: IncomingMessage["headers"]): Members | null {
	const opentok = headers["x-opentok-auth"];
	const raw = typeof opentok === "string" ? opentok : (headers.authorization ?? "").replace(/^Bearer /, "");
	return verifyToken(raw);
}

/** Of either kind, by its own header. */
export function verifyToken(raw: string): Members | null {
	const [head = "", payload = "", signature = ""] = raw.split(".");
	if (signature === "") return null;
	const { alg } = JSON.parse(Buffer.from(head, "base64url").toString()) as { alg: string };
	const signed = `${head}.${payload}`;
	const good =
		alg === "RS256"
			? createVerify("RSA-SHA256").update(signed).verify(publicKey, signature, "base64url")
			: alg === "HS256" && isMac(signed, Buffer.from(signature, "base64url"));
	const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Members;
	return good && Number(claims["exp"]) * 1000 > Date.now() ? claims : null;
}

function isMac(signed: string, given: Buffer): boolean {
	const expected = createHmac("sha256", VONAGE.apiSecret).update(signed).digest();
	return expected.length === given.length && timingSafeEqual(expected, given);
}
