import { expect, it } from "vitest";
import { passToPlatform } from "../../../../worker/join/providers/vonage/api/platform.ts";

const call = { method: "GET", url: "https://platform.example/", headers: new Headers(), body: new Uint8Array() };

it.each([101, 600])("an answer of status %s, which cannot be handed on, is none", async (status) => {
	const ports = { fetch: async () => ({ status, body: null }) };
	const odd = { sources: { reaches: () => true }, ports } as unknown as Parameters<typeof passToPlatform>[0];
	expect(await passToPlatform(odd, call)).toMatchObject({
		allowed: false,
		refusal: { reason: "provider-unavailable" },
	});
});
