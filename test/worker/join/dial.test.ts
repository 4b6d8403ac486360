import { expect, it } from "vitest";
import { type DialAsk, dial } from "../../../worker/join/dial.ts";

const ASK: DialAsk = { provider: "chime", url: "wss://signal.example/a", headers: { "User-Agent": "client" } };

function dialled(fetch: (request: Request) => Promise<Response>, more: Partial<DialAsk> = {}) {
	return dial({ ports: { fetch, log: () => undefined, now: () => 0, newId: () => "id" } }, { ...ASK, ...more });
}

it("hands back the socket, and asks without following redirects", async () => {
	const { 0: near, 1: far } = new WebSocketPair();
	const asked: unknown[] = [];
	const opened = await dialled(async ({ url, headers, redirect }) => {
		asked.push([url, headers.get("Upgrade"), headers.get("User-Agent"), redirect]);
		return new Response(null, { status: 101, webSocket: near });
	});
	expect(opened.allowed && opened.value).toBe(near);
	expect(asked).toEqual([["https://signal.example/a", "websocket", "client", "manual"]]);
	far.accept();
});

it.each<[string, number, object]>([
	["a redirect", 302, { reason: "provider-unavailable", detail: "its signalling answered 302" }],
	["an answer that opens nothing", 200, { reason: "provider-unavailable", detail: "its signalling answered 200" }],
	["a status with a meaning of its own", 403, { reason: "chime-token-refused" }],
])("refuses on %s", async (_, status, refusal) => {
	const answer = async () => new Response("no", { status, headers: { Location: "https://elsewhere.example/" } });
	const refusals = new Map([[403, { reason: "chime-token-refused" } as const]]);
	expect(await dialled(answer, { refusals })).toMatchObject({ allowed: false, refusal });
});

it("refuses where nothing is there, and where nothing answers in time", async () => {
	const broken = await dialled(() => Promise.reject(new Error("refused")));
	expect(broken).toMatchObject({ refusal: { reason: "provider-unavailable", provider: "chime" } });
	const silent = (request: Request) =>
		new Promise<Response>((_resolve, reject) => {
			request.signal.addEventListener("abort", () => reject(new Error("aborted")));
		});
	expect(await dialled(silent, { limitMs: 1 })).toMatchObject({
		refusal: { reason: "provider-timeout", provider: "chime" },
	});
});
