import { expect, it } from "vitest";
import { askProvider } from "../../../worker/join/provider-call.ts";

type Outside = Parameters<typeof askProvider>[0];

const ask = { provider: "vonage", method: "GET", url: "https://platform.example/", headers: {} };
const refusedFor = (refusal: object) => ({ allowed: false, refusal: { provider: "vonage", ...refusal } });

const outside = (fetch: (request: Request) => Promise<Response>): Outside =>
	({ sources: { reaches: ({ protocol }: URL) => protocol === "https:" }, ports: { fetch } }) as unknown as Outside;

/** A provider whose answer is `body`, which breaks off when the call is given up. */
const answering = (start: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Outside =>
	outside(async ({ signal }) => {
		const body = new ReadableStream<Uint8Array>({
			start(controller) {
				signal.addEventListener("abort", () => controller.error(new Error("given up")));
				start(controller);
			},
		});
		return new Response(body);
	});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const redirects = outside(async ({ url }) =>
	url.endsWith("/end") ? new Response("here") : new Response(null, { status: 307, headers: { Location: "/end" } }),
);

it("a body that never ends counts to the time limit", async () => {
	const stalled = answering((body) => body.enqueue(bytes("[")));
	expect(await askProvider(stalled, { ...ask, limitMs: 20 })).toEqual(refusedFor({ reason: "provider-timeout" }));
});

it("a body is read whole, and none that is too large", async () => {
	const whole = answering((body) => {
		body.enqueue(bytes("[1]"));
		body.close();
	});
	expect(await askProvider(whole, { ...ask, mostBytes: 3 })).toMatchObject({ allowed: true, value: { text: "[1]" } });
	const detail = "its answer is larger than 2 bytes";
	expect(await askProvider(whole, { ...ask, mostBytes: 2 })).toEqual(
		refusedFor({ reason: "provider-unavailable", detail }),
	);
});

it("a redirect is an answer like others, unless redirects are followed", async () => {
	expect(await askProvider(redirects, ask)).toMatchObject({ value: { status: 307 } });
	expect(await askProvider(redirects, { ...ask, redirects: 1 })).toMatchObject({
		value: { status: 200, text: "here", url: "https://platform.example/end" },
	});
});

it.each([
	["at an address that is not https", outside(async () => new Response()), "http://x.example/"],
	["where nobody answers", outside(() => Promise.reject(new Error("the-token"))), ask.url],
])("%s is told apart, and nothing of the fault is told", async (_, there, url) => {
	const detail = url === ask.url ? "it could not be reached" : "its address is not https";
	expect(await askProvider(there, { ...ask, url })).toEqual(refusedFor({ reason: "provider-unavailable", detail }));
});
