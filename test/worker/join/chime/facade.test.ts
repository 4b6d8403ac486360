import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { createApp } from "../../../../worker/app.ts";
import { createGate } from "../../../../worker/gate.ts";
import { realPorts } from "../../../../worker/ports.ts";
import { parseSettings } from "../../../../worker/settings.ts";
import { GATE } from "../../../support/publisher.ts";

it("a catalog that cannot be read is told in the form that AWS SDKs read", async () => {
	const away = (): Promise<never> => Promise.reject(new Error("KV is not there"));
	const kv = new Proxy(env.CATALOG, { get: () => away });
	const app = createApp(
		createGate({ ...env, CATALOG: kv }, parseSettings({ ...env }), { ...realPorts, log: () => undefined }),
	);
	const request = new Request(`${GATE}/join/v1/accounts/acme/chime/api/meetings`, { method: "POST", body: "{}" });
	const answer = await app.fetch(request, env, createExecutionContext());
	expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([502, "catalog-unavailable"]);
	expect(answer.headers.get("x-amzn-ErrorType")).toBe("ServiceFailureException");
	expect(await answer.json()).toMatchObject({ Code: expect.any(String), Message: expect.any(String) });
});
