import { randomBytes } from "node:crypto";
import { json } from "node:stream/consumers";
import type { Origin } from "../support/origin.ts";
import type { Answerer } from "../support/server.ts";

// Stands in for Cloudflare's TURN API: generate-ice-servers and revoke, as its documentation tells them.

export interface CloudflareTurn {
	/** What an account sets as `api_url`. */
	readonly url: string;
	/** Credentials given: user name and life in seconds. */
	readonly given: readonly { readonly username: string; readonly ttl: number }[];
	readonly revoked: readonly string[];
	/** What the next request gets instead. */
	readonly fail: (answerer: Answerer) => void;
}

export const TURN_KEY = { kind: "cloudflare", key_id: "key-1", api_token: "the-turn-keys-own-token" } as const;

export function startCloudflareTurn(origin: Origin, prefix: string): CloudflareTurn {
	const given: { username: string; ttl: number }[] = [];
	const revoked: string[] = [];
	const failures: Answerer[] = [];
	origin.answerBelow(prefix, async (request, response) => {
		const failure = failures.shift();
		if (failure) return failure(request, response);
		const { method, url = "", headers } = request;
		if (method !== "POST" || headers.authorization !== `Bearer ${TURN_KEY.api_token}`)
			return void response.writeHead(401).end();
		const path = url.slice(prefix.length);
		const username = /^\/keys\/key-1\/credentials\/([^/]+)\/revoke$/.exec(path)?.[1];
		if (username !== undefined) {
			revoked.push(decodeURIComponent(username));
			return void response.writeHead(204).end();
		}
		if (path !== "/keys/key-1/credentials/generate-ice-servers") return void response.writeHead(404).end();
		const { ttl } = (await json(request)) as { ttl: number };
		const made = { username: randomBytes(16).toString("hex"), ttl };
		given.push(made);
		const iceServers = [
			{ urls: ["stun:stun.example:3478", "stun:stun.example:53"] },
			{
				urls: [
					"turn:turn.example:3478?transport=udp",
					"turn:turn.example:53?transport=udp",
					"turns:turn.example:443?transport=tcp",
				],
				username: made.username,
				credential: randomBytes(16).toString("hex"),
			},
		];
		response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify({ iceServers }));
	});
	return { url: origin.url + prefix, given, revoked, fail: (answerer) => failures.push(answerer) };
}
