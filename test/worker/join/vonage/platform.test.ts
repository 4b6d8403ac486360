import { expect, it } from "vitest";
import { callPlatform, readPlatform } from "../../../../worker/join/providers/vonage/api/platform.ts";

const call = { method: "GET", url: "https://platform.example/", headers: new Headers(), body: null };

/** A platform whose answer is `body`, which breaks off when the call is given up. */
function platformWith(start: (controller: ReadableStreamDefaultController<Uint8Array>) => void) {
	const fetch = async (input: RequestInfo | URL): Promise<Response> => {
		const { signal } = input as Request;
		return new Response(
			new ReadableStream<Uint8Array>({
				start(controller) {
					signal.addEventListener("abort", () => controller.error(new Error("given up")));
					start(controller);
				},
			}),
		);
	};
	return { sources: { reaches: () => true }, ports: { fetch } } as unknown as Parameters<typeof readPlatform>[0];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it("a body that never ends counts to the time limit", async () => {
	const stalled = platformWith((body) => body.enqueue(bytes("[")));
	const answer = await readPlatform(stalled, call, 100, 20);
	expect(answer).toMatchObject({ allowed: false, refusal: { reason: "provider-timeout" } });
});

it("a body is read whole, and none that is too large", async () => {
	const whole = platformWith((body) => {
		body.enqueue(bytes("[1]"));
		body.close();
	});
	expect(await readPlatform(whole, call, 3)).toMatchObject({ allowed: true, value: { text: "[1]" } });
	const answer = await readPlatform(whole, call, 2);
	expect(answer).toMatchObject({ allowed: false, refusal: { reason: "provider-unavailable" } });
});

it.each([101, 600])("an answer of status %s, which cannot be handed on, is none", async (status) => {
	const fetch = async () => ({ status, body: null });
	const odd = { ...platformWith(() => {}), ports: { fetch } } as unknown as Parameters<typeof readPlatform>[0];
	expect(await callPlatform(odd, call)).toMatchObject({ allowed: false, refusal: { reason: "provider-unavailable" } });
});
