import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { revokeTurn, turnServers } from "../../../../worker/join/providers/webrtc/turn.ts";

type Access = Parameters<typeof turnServers>[0];
type Account = Parameters<typeof turnServers>[1];

const NOW = 1_795_000_000_000;
const account = { id: "acc" } as Account;
const rest = {
	kind: "rest",
	secret: "shared",
	ttl_seconds: 3600,
	urls: ["stun:t.example", "turn:t.example:53", "turn:t.example?transport=udp", "turns:t.example:443"],
};
const cloudflare = {
	kind: "cloudflare",
	key_id: "key",
	api_token: "the-token",
	api_url: "https://turn.example/v1/turn",
	ttl_seconds: 3600,
};

interface Asked {
	readonly url: string;
	readonly authorization: string | null;
	readonly body: string;
}

/** A gate whose account has these credentials, and what is asked of the provider. */
function gateWith(
	credentials: unknown,
	answer: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 500 }),
) {
	const asked: Asked[] = [];
	const fetch = async (request: Request): Promise<Response> => {
		asked.push({ url: request.url, authorization: request.headers.get("Authorization"), body: await request.text() });
		return answer(request);
	};
	const gate = {
		catalog: { providerCredentials: () => Promise.resolve(credentials) },
		sources: { reaches: (url: URL) => url.protocol === "https:" },
		ports: { now: () => NOW, fetch },
	};
	return { gate: gate as unknown as Access, asked };
}

const ask = (seconds = 7200) => ({ participant: "p_ann", untilMs: NOW + seconds * 1000 });

describe("a TURN server with a shared secret", () => {
	it("gets a user name that ends, and its HMAC-SHA1 (draft-uberti-behave-turn-rest)", async () => {
		const username = `${NOW / 1000 + 3600}:p_ann`;
		const credential = createHmac("sha1", "shared").update(username).digest("base64");
		expect(await turnServers(gateWith(rest).gate, account, ask())).toEqual({
			allowed: true,
			value: {
				servers: [
					{ urls: ["stun:t.example"] },
					{ urls: ["turn:t.example?transport=udp", "turns:t.example:443"], username, credential },
				],
				revocable: [],
			},
		});
	});

	it.each([
		["the stay", 600, 600],
		["what the account says", 7200, 3600],
		["a second, when the stay is over", -5, 1],
	])("lasts no longer than %s", async (_what, stay, lasts) => {
		const given = await turnServers(gateWith(rest).gate, account, ask(stay));
		expect(JSON.stringify(given)).toContain(`"${NOW / 1000 + lasts}:p_ann"`);
	});
});

it("an account without TURN has no servers", async () => {
	expect(await turnServers(gateWith(null).gate, account, ask())).toEqual({
		allowed: true,
		value: { servers: [], revocable: [] },
	});
});

describe("Cloudflare's TURN", () => {
	const iceServers = [
		{ urls: ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"] },
		{
			urls: [
				"turn:turn.cloudflare.com:3478?transport=udp",
				"turn:turn.cloudflare.com:53?transport=udp",
				"turns:turn.cloudflare.com:443?transport=tcp",
			],
			username: "user-1",
			credential: "word",
		},
	];

	it("is asked with the account's token, for no longer than the stay; port 53 is left out", async () => {
		const { gate, asked } = gateWith(cloudflare, () => Response.json({ iceServers }, { status: 201 }));
		expect(await turnServers(gate, account, ask(600))).toEqual({
			allowed: true,
			value: {
				servers: [
					{ urls: ["stun:stun.cloudflare.com:3478"] },
					{
						urls: ["turn:turn.cloudflare.com:3478?transport=udp", "turns:turn.cloudflare.com:443?transport=tcp"],
						username: "user-1",
						credential: "word",
					},
				],
				revocable: ["user-1"],
			},
		});
		expect(asked).toEqual([
			{
				url: "https://turn.example/v1/turn/keys/key/credentials/generate-ice-servers",
				authorization: "Bearer the-token",
				body: '{"ttl":600}',
			},
		]);
	});

	it("the answer of the older call does as well", async () => {
		const one = { urls: "turn:turn.cloudflare.com:3478", username: "u", credential: "c" };
		const { gate } = gateWith(cloudflare, () => Response.json({ iceServers: one }));
		expect(await turnServers(gate, account, ask())).toMatchObject({
			value: { servers: [{ urls: ["turn:turn.cloudflare.com:3478"] }] },
		});
	});

	it.each([
		["answers 500", () => new Response("the-token is wrong", { status: 500 }), "it answered 500"],
		["answers 401", () => new Response(null, { status: 401 }), "it answered 401"],
		[
			"answers something else",
			() => Response.json({ iceServers: [{ urls: ["http://evil.example"] }] }),
			"its answer names no ICE servers",
		],
		["answers no JSON", () => new Response("<html>", { status: 201 }), "its answer names no ICE servers"],
		[
			"answers too much",
			() => new Response("x".repeat(70_000), { status: 201 }),
			"its answer is larger than 65536 bytes",
		],
		[
			"leads elsewhere",
			() => new Response(null, { status: 307, headers: { Location: "https://evil.example/" } }),
			"it redirects to another host",
		],
		[
			"leads in circles",
			(request: Request) => new Response(null, { status: 308, headers: { Location: request.url } }),
			"it redirects more than 3 times",
		],
		[
			"leads to http",
			() => new Response(null, { status: 307, headers: { Location: "http://turn.example/" } }),
			"its address is not https",
		],
		["breaks off", () => Promise.reject(new Error("the-token")), "it could not be reached"],
	])("that %s is named, and nothing of it told", async (_what, answer, detail) => {
		const given = await turnServers(gateWith(cloudflare, answer).gate, account, ask());
		expect(given).toEqual({ allowed: false, refusal: { reason: "provider-unavailable", provider: "turn", detail } });
	});

	it("revokes what it gave, also what is gone already", async () => {
		const { gate, asked } = gateWith(cloudflare, () => new Response(null, { status: asked.length === 1 ? 204 : 404 }));
		await revokeTurn(gate, account, ["user-1", "user/2"]);
		expect(asked.map(({ url }) => url.slice("https://turn.example/v1/turn/keys/key/credentials/".length))).toEqual([
			"user-1/revoke",
			"user%2F2/revoke",
		]);
	});

	it("says so when it could not revoke", async () => {
		await expect(revokeTurn(gateWith(cloudflare).gate, account, ["user-1"])).rejects.toThrow("500");
		await revokeTurn(gateWith(rest).gate, account, ["user-1"]); // these end by themselves
	});
});
