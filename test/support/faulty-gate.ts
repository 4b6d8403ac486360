import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../worker/app.ts";
import { createGate } from "../../worker/gate.ts";
import { parseSettings } from "../../worker/settings.ts";
import { type ClientInit, GATE } from "./publisher.ts";

type Namespaces = {
	[
		K in keyof Env as Env[K] extends DurableObjectNamespace<infer _T extends Rpc.DurableObjectBranded> ? K : never
	]: Env[K];
};
export type ObjectBinding = keyof Namespaces;

/** A call of a Durable Object. */
export interface ObjectCall {
	readonly binding: ObjectBinding;
	readonly object: string;
	readonly method: string;
	readonly args: readonly unknown[];
}

/** What becomes of a call: `go` makes it. Throws where it fails, before it was made or after. */
export type Fate = (call: ObjectCall, go: () => Promise<unknown>) => Promise<unknown>;

/** A fault as the platform's stubs throw it. */
export function platformFault(flags: { readonly retryable?: true; readonly overloaded?: true } = {}): Error {
	return Object.assign(new Error("Network connection lost."), { remote: true, ...flags });
}

/** An isolate of its own: the app on the same KV, R2 and objects, but each call of an object goes as `fate` says. */
export function newFaultyGate(fate: Fate) {
	const log: Readonly<Record<string, unknown>>[] = [];
	const bindings = Object.entries(env).map(([name, binding]) => [
		name,
		"getByName" in Object(binding) ? faulty(name as ObjectBinding, binding as never, fate) : binding,
	]);
	const faultyEnv = Object.fromEntries(bindings) as Env;
	const ports = {
		now: () => Date.now(),
		newId: () => crypto.randomUUID(),
		fetch: (request: Request, init?: RequestInit<RequestInitCfProperties>) => fetch(request, init),
		log: (entry: Readonly<Record<string, unknown>>) => void log.push(entry),
	};
	const settings = parseSettings({ ...env, DECISION_LOG: "all" });
	const app = createApp(createGate(faultyEnv, settings, ports));
	return {
		log,
		/** As `ask` of publisher.ts; what goes on behind the answer has ended when it is there. */
		ask: async (path: string, { ip = "203.0.113.7", agent = "Player/1.0", headers, ...init }: ClientInit = {}) => {
			const url = path.startsWith("http") ? path : GATE + path;
			const named = { "X-Client-IP": ip, "User-Agent": agent, ...headers };
			const context = createExecutionContext();
			const answer = await app.fetch(new Request(url, { ...init, headers: named }), faultyEnv, context);
			await waitOnExecutionContext(context);
			return answer;
		},
	};
}

type Callable = (...args: unknown[]) => Promise<unknown>;

function faulty(
	binding: ObjectBinding,
	namespace: { getByName: (name: string) => Record<string, Callable> },
	fate: Fate,
) {
	return {
		getByName: (object: string) =>
			new Proxy(
				{},
				{
					get:
						(_target, method) =>
						(...args: unknown[]) =>
							fate({ binding, object, method: String(method), args }, async () =>
								namespace.getByName(object)[String(method)]?.(...args),
							),
				},
			),
	};
}
