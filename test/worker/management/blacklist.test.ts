import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
beforeEach(async () => {
	publisher = await newPublisher();
});

const call = (method: string, token: string) =>
	publisher.manage(method, `/v1/accounts/${publisher.account}/blacklist/tokens/${token}`);
const listed = async () => (await publisher.manage("GET", `/v1/accounts/${publisher.account}/blacklist`)).json();

describe("the Blacklist API", () => {
	it.each([
		["for an hour", 3600],
		["no more", -3600],
		["long since no more", -86_400 * 365],
	])("lists a token that is good %s", async (_name, seconds) => {
		const now = Math.floor(Date.now() / 1000);
		const token = await publisher.sign({ iat: now + seconds - 60, exp: now + seconds });
		expect((await call("GET", token)).status).toBe(404);
		expect((await call("PUT", token)).status).toBe(204);
		expect((await call("GET", token)).status).toBe(204);
		expect(await listed()).toEqual([{ token }]);
		expect((await call("DELETE", token)).status).toBe(204);
		expect((await call("DELETE", token)).status).toBe(404);
		expect(await listed()).toEqual([]);
	});

	it.each([
		["abc", "a token has three parts"],
		["eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "the header's alg must be RS256 or ES256"],
		["a%2Fb.c.d", "the header is not base64url"],
	])("says why %s is no token", async (text, why) => {
		const message = expect.stringContaining(`The path must end in a whole JWT: ${why}`) as string;
		expect(await refusalOf(await call("PUT", text))).toMatchObject({ status: 400, message });
	});
});
