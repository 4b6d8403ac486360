import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_SCOPE, SCOPES } from "../../../worker/credentials/scopes.ts";
import { parseToken } from "../../../worker/credentials/tokens/token-text.ts";
import { type MadeToken, askAs, makeToken, newAddress, postToken, tokensPath } from "../../support/management.ts";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

let publisher: Publisher;
let account: string;
let settings: string;
beforeEach(async () => {
	publisher = await newPublisher();
	({ account } = publisher);
	settings = `/manage/v1/accounts/${account}/settings`;
});
afterEach(() => {
	vi.useRealTimers();
});

const READ = "playgate/settings/read";
const outcomeOf = async (answer: Response): Promise<number | string> =>
	answer.ok ? answer.status : (await refusalOf(answer)).reason;
const use = async (token: string) => outcomeOf(await askAs(token, "GET", settings, { ip: newAddress() }));
const list = async () => (await publisher.manage("GET", tokensPath(account))).json<MadeToken[]>();

describe("a token", () => {
	it("is told once, when it is made", async () => {
		const answer = await postToken(account, { name: "CI", scopes: [READ, READ], expires_at: null });
		const { token, ...made } = await answer.json<MadeToken>();
		expect(answer.status).toBe(201);
		expect(answer.headers.get("Location")).toBe(`${tokensPath(account)}/${made.id}`);
		expect(answer.headers.get("Cache-Control")).toBe("no-store");
		expect(token).toMatch(/^pgt_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
		expect(made).toEqual({
			id: parseToken(token)?.id,
			name: "CI",
			scopes: [READ],
			created_at: expect.any(Number) as number,
			created_by: "admin",
			expires_at: null,
			last_used_at: null,
		});
		expect(await (await publisher.manage("GET", `${tokensPath(account)}/${made.id}`)).json()).toEqual(made);
		expect(await list()).toEqual([made]);
	});

	it("is another one each time", async () => {
		const made = await Promise.all(Array.from({ length: 20 }, () => makeToken(account, [READ])));
		expect(new Set(made.map(({ token }) => token)).size).toBe(20);
		expect((await list()).map(({ id }) => id).toSorted()).toEqual(made.map(({ id }) => id).toSorted());
	});

	it("is stored as a hash: its secret stands nowhere", async () => {
		const { id, token } = await makeToken(account, [EVERY_SCOPE]);
		expect(await use(token)).toBe(200);
		const stored = await runInDurableObject(env.MANAGEMENT_TOKENS.getByName(account), (_object, state) =>
			JSON.stringify(state.storage.sql.exec("SELECT * FROM tokens").toArray()),
		);
		const secret = token.slice(`pgt_${id}_`.length);
		expect(stored).toContain(id);
		expect(stored).toContain(parseToken(token)?.secretHash);
		expect(stored).not.toContain(secret);
		expect(JSON.stringify(await list())).not.toContain(secret);
	});

	it("says when it was last used, to the hour", async () => {
		vi.useFakeTimers({ toFake: ["Date"] });
		vi.setSystemTime(EPOCH + 3_599_999);
		const { token } = await makeToken(account, [READ]);
		await use(token);
		const [shown] = await list();
		expect(shown?.last_used_at).toBe(EPOCH / 1000);
	});

	it("is refused from the next request on when it was revoked, also across a restart", async () => {
		const { id, token } = await makeToken(account, [READ]);
		const kept = await makeToken(account, [READ]);
		expect(await use(token)).toBe(200);
		expect((await publisher.manage("DELETE", `${tokensPath(account)}/${id}`)).status).toBe(204);
		expect([await use(token), await use(kept.token)]).toEqual(["credentials-invalid", 200]);
		await evictDurableObject(env.MANAGEMENT_TOKENS.getByName(account));
		expect([await use(token), await use(kept.token)]).toEqual(["credentials-invalid", 200]);
		for (const method of ["GET", "DELETE"]) {
			expect((await publisher.manage(method, `${tokensPath(account)}/${id}`)).status).toBe(404);
		}
	});

	it("ends at its time, and tells so to its holder only", async () => {
		vi.useFakeTimers({ toFake: ["Date"] });
		vi.setSystemTime(EPOCH);
		const { id, token } = await makeToken(account, [READ], { expires_at: EPOCH / 1000 + 10 });
		expect(await use(token)).toBe(200);
		vi.setSystemTime(EPOCH + 10_000);
		expect(await refusalOf(await askAs(token, "GET", settings, { ip: newAddress() }))).toMatchObject({
			reason: "credentials-invalid",
			message: "The management token expired at 2100-01-01T00:00:10.000Z. Make a new one.",
		});
		const guess = `pgt_${id}_${"A".repeat(43)}`;
		expect(await refusalOf(await askAs(guess, "GET", settings, { ip: newAddress() }))).toMatchObject({
			message: "The management credential is not valid.",
		});
		expect((await list()).map((shown) => shown.id)).toEqual([id]);
		vi.setSystemTime(EPOCH + 40 * 86_400_000);
		await makeToken(account, [READ]);
		expect((await list()).map((shown) => shown.id)).not.toContain(id);
	});

	it.each([
		["with another last character", (token: string) => token.slice(0, -1) + (token.endsWith("A") ? "B" : "A")],
		[
			"with unused bits of its last character set",
			(token: string) => token.slice(0, -1) + nextCharacter(token.slice(-1)),
		],
		["cut short", (token: string) => token.slice(0, -1)],
		["with padding", (token: string) => `${token}=`],
		["in other case", (token: string) => token.toUpperCase()],
		["without its prefix", (token: string) => token.slice(4)],
		["its id alone", (token: string) => token.slice(0, 20)],
		["followed by a comma and another", (token: string) => `${token},${token}`],
	])("%s is not it", async (_, change) => {
		const { token } = await makeToken(account, [READ]);
		expect(await use(change(token))).toBe("credentials-invalid");
	});
});

/** base64url's next character: the last one of 43 carries four bits, so that its two lowest bits mean nothing. */
function nextCharacter(character: string): string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return alphabet[alphabet.indexOf(character) + 1] ?? "A";
}

describe("making a token", () => {
	const body = { name: "x", scopes: [READ] };
	it.each([
		[{}, "name: is missing; scopes: is missing"],
		[{ ...body, name: "" }, "name: must not be empty"],
		[{ ...body, name: "n".repeat(101) }, "name: must be at most 100 characters"],
		[{ ...body, name: 7 }, "name: must be a string"],
		[{ ...body, scopes: [] }, "scopes: must name at least one scope"],
		[{ ...body, scopes: READ }, "scopes: must be a list"],
		[{ ...body, scopes: [READ, "playgate/everything"] }, "scopes[1]: is not a scope"],
		[{ ...body, scopes: [1] }, "scopes[0]: must be a string"],
		[{ ...body, scopes: Array.from({ length: 60 }, () => READ) }, `scopes: must have at most ${SCOPES.length} entries`],
		[{ ...body, expires_at: 1 }, "expires_at: is in the past"],
		[{ ...body, expires_at: 1e15 }, "expires_at: must be seconds since 1970, not milliseconds"],
		[{ ...body, expires_at: "2100-01-01" }, "expires_at: must be a number"],
		[{ ...body, token: "mine" }, "token: is not a known field"],
		[[], "the body: must be an object"],
	])("of %j is refused and the mistake named", async (wrong, message) => {
		expect(await refusalOf(await postToken(account, wrong))).toMatchObject({
			status: 400,
			reason: "record-invalid",
			message,
		});
		expect(await list()).toEqual([]);
	});

	it("is not for a token that cannot itself do what the new one could", async () => {
		const maker = await makeToken(account, ["playgate/tokens/write", READ]);
		const made = await postToken(account, body, maker.token);
		expect([made.status, (await made.json<MadeToken>()).created_by]).toEqual([201, `token:${maker.id}`]);
		for (const scope of SCOPES.filter((each) => !["playgate/tokens/write", READ].includes(each))) {
			const answer = await postToken(account, { name: "x", scopes: [READ, scope] }, maker.token);
			expect(await refusalOf(answer)).toMatchObject({
				status: 403,
				reason: "scope-missing",
				message: expect.stringContaining(scope),
			});
		}
		expect(await list()).toHaveLength(2);
	});

	it("is for a token with every scope", async () => {
		const maker = await makeToken(account, [EVERY_SCOPE]);
		expect((await postToken(account, { name: "x", scopes: [...SCOPES] }, maker.token)).status).toBe(201);
	});

	it("does not outlive the token that makes it", async () => {
		const end = Math.floor(Date.now() / 1000) + 1000;
		const maker = await makeToken(account, [EVERY_SCOPE], { expires_at: end });
		for (const expires_at of [null, end + 1]) {
			const answer = await postToken(account, { ...body, expires_at }, maker.token);
			expect((await refusalOf(answer)).message).toContain(`expires_at: must be at most ${end}`);
		}
		expect((await postToken(account, { ...body, expires_at: end }, maker.token)).status).toBe(201);
	});

	it("ends at 200", async () => {
		await runInDurableObject(env.MANAGEMENT_TOKENS.getByName(account), (object) => {
			for (let index = 0; index < 200; index += 1) {
				object.create(
					{ id: `${index}`, name: "x", scopes: [], createdAt: 0, createdBy: "admin", expiresAt: null },
					"-".repeat(43),
				);
			}
		});
		expect((await refusalOf(await postToken(account, body))).message).toContain("already has 200 tokens");
	});
});

describe("an account without tokens", () => {
	it("stores nothing, whoever asks", async () => {
		await use(`pgt_${"0".repeat(16)}_${"A".repeat(43)}`);
		expect(await list()).toEqual([]);
		const tables = await runInDurableObject(env.MANAGEMENT_TOKENS.getByName(account), (_object, state) =>
			state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
		);
		expect(tables).toEqual([]);
	});
});

it("a token is refused for changing nothing else than what its address has", async () => {
	const { token, id } = await makeToken(account, [EVERY_SCOPE]);
	for (const method of ["PUT", "PATCH", "POST"]) {
		expect((await askAs(token, method, `${tokensPath(account)}/${id}`)).status).toBe(405);
	}
	expect((await ask(`${tokensPath(account)}/${id}`, { method: "OPTIONS" })).status).toBe(204);
});
