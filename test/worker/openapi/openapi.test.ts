import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { createApp } from "../../../worker/app.ts";
import { createGate } from "../../../worker/gate.ts";
import { operations } from "../../../worker/openapi/operations.ts";
import { realPorts } from "../../../worker/ports.ts";
import { parseSettings } from "../../../worker/settings.ts";
import { ask } from "../../support/publisher.ts";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** What the Worker listens to: a method, and every path that its pattern takes. */
const listened = createApp(createGate(env, parseSettings({ ...env }), realPorts))
	.routes.map(({ method, path }) => ({ method: method.toLowerCase(), path }))
	.filter(({ method }) => METHODS.includes(method));

/** `/a/:b`, `/a/:b?` and `/a/*` of hono. */
function patternOf(path: string): RegExp {
	const source = path
		.replaceAll(/\/:\w+\?/g, "(/[^/]+)?")
		.replaceAll(/:\w+/g, "[^/]+")
		.replaceAll("/*", "/.+");
	return new RegExp(`^${source}$`);
}

const described = (method: string, path: string): boolean =>
	operations.some((operation) => operation.method === method && patternOf(path).test(operation.path));

it.each(listened)("$method $path is described, or answers 405", async ({ method, path }) => {
	if (described(method, path)) return;
	const example = path.replaceAll(/:(\w+)\??/g, "$1").replace("*", "x");
	const answer = await ask(example, { method: method.toUpperCase() });
	// Whoever does not know a path's secret does not learn what it would be for.
	const told = path.endsWith("/:secret") ? [404, "resource-not-found"] : [405, "method-not-allowed"];
	expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual(told);
});

it.each(operations)("$method $path, as described, is listened to", ({ method, path }) => {
	expect(listened.some((each) => each.method === method && patternOf(each.path).test(path))).toBe(true);
});

it.each(operations.filter(({ credential }) => credential === "management"))(
	"$method $path names the scopes that it needs",
	({ scopes }) => expect(scopes?.length).toBeGreaterThan(0),
);

it("names every operation once, and each one's parameters", () => {
	const ids = operations.map(({ id }) => id);
	expect(ids).toEqual([...new Set(ids)]);
});
