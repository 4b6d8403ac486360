import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT, exportSPKI, generateKeyPair } from "jose";
import { inject } from "vitest";
import { startGate } from "../../kv-seed/local/gate.ts";
import type { GateOptions, RunningGate } from "../../kv-seed/local/gate.ts";
import { startOrigin } from "./origin.ts";
import type { Origin } from "./origin.ts";
import { ask } from "./player.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The Worker as it is deployed, an origin beside it, and accounts to be made on both. */
export interface TestGate {
	readonly url: string;
	readonly running: RunningGate;
	/** Where the gate keeps its state; goes when it stops. */
	readonly stateDir: string;
	readonly origin: Origin;
	/** The Worker's log, a line an entry. */
	readonly logLines: readonly string[];
	/** Every token that an account of this gate has signed. */
	readonly tokens: readonly string[];
	/** An account that no other test knows, with one RSA and one EC key. */
	readonly openAccount: (settings?: Json) => Promise<TestAccount>;
	readonly manage: (method: string, path: string, body?: unknown) => Promise<Response>;
	readonly stop: () => Promise<void>;
}

/** A publisher: signs tokens with its own keys and manages its account over HTTP. */
export interface TestAccount {
	readonly id: string;
	/** A token for this account, good for an hour, unless the claims say otherwise (`exp: undefined` leaves it out). */
	readonly sign: (claims?: Json, options?: SignOptions) => Promise<string>;
	/** `PUT /manage/v1/accounts/{a}/videos/{v}`; throws what the gate says when it is refused. */
	readonly putVideo: (id: string, record: Json) => Promise<void>;
	/** Replaces the settings; those that are not named get their default. */
	readonly putSettings: (settings: Json) => Promise<void>;
	/** URL of the account's `/manage/v1/accounts/{a}`, of its `/v1/accounts/{a}`, and of a video's `/playback/v1/...`. */
	readonly manageUrl: string;
	readonly apiUrl: string;
	readonly videoUrl: (video: string) => string;
	readonly masterUrl: (video: string, token?: string) => string;
}

export interface SignOptions {
	readonly alg?: "RS256" | "ES256";
	readonly key?: CryptoKey;
	readonly header?: Json;
}

export const secrets = {
	ADMIN_TOKEN: "e2e-admin-token-of-this-run",
	GRANT_SECRET: "e2e-grant-secret-of-this-run",
	CONTENT_SECRET: "e2e-content-secret-of-this-run",
};

const rsa = await generateKeyPair("RS256", { extractable: true });
const ec = await generateKeyPair("ES256", { extractable: true });

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Starts the gate, as it was built for this run, on a free port and with a state folder of its own. */
export async function startTestGate(options: Partial<GateOptions> = {}): Promise<TestGate> {
	const stateDir = await mkdtemp(join(tmpdir(), "playgate-e2e-"));
	const logLines: string[] = [];
	const tokens: string[] = [];
	const onLog = (_level: string, line: string): void => void logLines.push(line);
	const origin = await startOrigin();
	const running = await startGate({ stateDir, secrets, onLog, bundleDir: inject("bundleDir"), ...options });
	const { url } = running;
	const manage: TestGate["manage"] = (method, path, body) => manageAt(url, method, path, body);
	return {
		url,
		running,
		stateDir,
		origin,
		logLines,
		tokens,
		manage,
		openAccount: (settings = {}) => openAccount(url, settings, (token) => tokens.push(token)),
		stop: async () => {
			await running.stop();
			await origin.close();
			await rm(stateDir, { recursive: true, force: true });
		},
	};
}

/** A request with the admin's credential; `body` is sent as JSON, a string as it is. */
function manageAt(url: string, method: string, path: string, body?: unknown): Promise<Response> {
	const text = typeof body === "string" ? body : JSON.stringify(body);
	return ask(path.startsWith("http") ? path : url + path, {
		method,
		headers: { Authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
		...(body === undefined ? {} : { body: text }),
	});
}

async function openAccount(url: string, settings: Json, note: (token: string) => void): Promise<TestAccount> {
	const id = `a${randomBytes(6).toString("hex")}`;
	const [manageUrl, apiUrl] = [`${url}/manage/v1/accounts/${id}`, `${url}/v1/accounts/${id}`];
	const put = async (place: string, body: Json, method = "PUT"): Promise<void> => {
		const response = await manageAt(url, method, place, body);
		const text = await response.text();
		if (!response.ok) throw new Error(text);
	};
	const videoUrl = (video: string): string => `${url}/playback/v1/accounts/${id}/videos/${video}`;
	await put(`${manageUrl}/settings`, settings);
	for (const [keyId, pair] of Object.entries({ rsa, ec })) {
		await put(`${apiUrl}/keys`, { id: keyId, value: await exportSPKI(pair.publicKey) }, "POST");
	}
	return {
		id,
		manageUrl,
		apiUrl,
		videoUrl,
		masterUrl: (video, token) => `${videoUrl(video)}/master.m3u8${token === undefined ? "" : `?bcov_auth=${token}`}`,
		putVideo: (video, record) => put(`${manageUrl}/videos/${video}`, record),
		putSettings: (next) => put(`${manageUrl}/settings`, next),
		sign: async (claims = {}, { alg = "RS256", key, header = {} } = {}) => {
			const times = { iat: nowSeconds(), exp: nowSeconds() + 3600 };
			const token = await new SignJWT({ accid: id, jti: randomBytes(9).toString("base64url"), ...times, ...claims })
				.setProtectedHeader({ alg, ...header })
				.sign(key ?? (alg === "RS256" ? rsa.privateKey : ec.privateKey));
			note(token);
			return token;
		},
	};
}
