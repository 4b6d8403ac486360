import { routes } from "../../worker/management/routes.ts";
import { scopesFor } from "../../worker/credentials/scopes.ts";
import { ADMIN, ask } from "./publisher.ts";
import type { ClientInit } from "./publisher.ts";

/** One method of one management route, in an account, and the scopes of which one is needed. */
export interface ManagementCall {
	readonly method: string;
	readonly pattern: string;
	readonly scopes: readonly string[];
	readonly path: (account: string) => string;
}

/** Every method of every management route. */
export const managementCalls: readonly ManagementCall[] = routes.flatMap(({ path, area, methods }) =>
	Object.keys(methods).map((method) => ({
		method,
		pattern: path,
		scopes: scopesFor(area, method),
		path: (account: string) => path.replace(":account", account).replaceAll(/:\w+(\{[^/]*\})?/g, "none"),
	})),
);

export interface MadeToken {
	readonly id: string;
	readonly name: string;
	readonly scopes: readonly string[];
	readonly created_at: number;
	readonly created_by: string;
	readonly expires_at: number | null;
	readonly last_used_at: number | null;
	readonly token: string;
}

export const tokensPath = (account: string): string => `/manage/v1/accounts/${account}/tokens`;

/** `POST .../tokens`, by the admin unless another bearer is given. */
export function postToken(account: string, body: unknown, bearer?: string): Promise<Response> {
	const headers = bearer === undefined ? ADMIN : bearing(bearer);
	return ask(tokensPath(account), { method: "POST", headers, body: JSON.stringify(body) });
}

/** A new token of the account. */
export async function makeToken(account: string, scopes: readonly string[], more = {}): Promise<MadeToken> {
	const answer = await postToken(account, { name: "made by a test", scopes, ...more });
	if (answer.status !== 201) throw new Error(await answer.text());
	return answer.json<MadeToken>();
}

export const bearing = (token: string) => ({ Authorization: `Bearer ${token}` });

/** One management call with a bearer. */
export function askAs(bearer: string, method: string, path: string, client: ClientInit = {}): Promise<Response> {
	return ask(path, { ...client, method, headers: { ...client.headers, ...bearing(bearer) } });
}

let addresses = 0;

/** A client address that no other test of the file has, for wrong credentials are counted by address. */
export function newAddress(): string {
	addresses += 1;
	return `198.51.${100 + Math.floor(addresses / 250)}.${1 + (addresses % 250)}`;
}
