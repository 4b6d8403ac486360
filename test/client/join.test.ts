import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PROVIDERS } from "../../worker/catalog/e2ee-session-record.ts";
import { type Joined, join, leave, renew } from "../../worker/join/client/join.ts";
import { JoinError } from "../../worker/join/client/problem.ts";
import { type LoopbackServer, startServer } from "../support/server.ts";

interface Asked {
	readonly method: string;
	readonly path: string;
	readonly authorization: string | undefined;
	readonly body: string;
}

/** Answers whatever is asked with what the test has set. */
let answer = { status: 201, type: "application/json", body: '{"participant_id":"p_1"}' };
let asked: Asked[] = [];
let gate = "";
let server: LoopbackServer;
beforeAll(async () => {
	server = await startServer(async (request, response) => {
		const { method = "", url: path = "", headers } = request;
		asked.push({ method, path, authorization: headers.authorization, body: await text(request) });
		response.writeHead(answer.status, { "Content-Type": answer.type }).end(answer.status === 204 ? "" : answer.body);
	});
	gate = `http://${server.host}`;
});
beforeEach(() => {
	asked = [];
	answer = { status: 201, type: "application/json", body: '{"participant_id":"p_1"}' };
});
afterAll(() => server?.close());

const request = { account: "acme", session: "room/1", token: "jwt" };
const errorOf = async (act: Promise<unknown>): Promise<JoinError> => {
	const error: unknown = await act.then(
		() => null,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(JoinError);
	return error as JoinError;
};

describe("joining", () => {
	it("asks with the token, and what the application tells of itself", async () => {
		const client = { sdk: "opentok.js", version: "2.35.2" };
		const joined = await join({ gate, ...request, role: "publisher", name: "Ann", deviceId: "d1", client });
		expect(joined).toEqual({ participant_id: "p_1" });
		expect(asked).toMatchObject([
			{ method: "POST", path: "/join/v1/accounts/acme/sessions/room%2F1", authorization: "Bearer jwt" },
		]);
		expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ role: "publisher", name: "Ann", device_id: "d1", client });
	});

	it("does not ask when the secret is among it", async () => {
		const client = { sdk: "opentok.js", version: "2.35.2", encryptionSecret: "correct horse" };
		const error = await errorOf(join({ gate, ...request, client }));
		expect(error.reason).toBe("encryption-secret-sent");
		expect(error.message).not.toContain("correct horse");
		expect(asked).toEqual([]);
	});

	it("renews and leaves by the ticket", async () => {
		await renew(gate, "t.1");
		await renew(gate, "t.1", "jwt");
		answer = { ...answer, status: 204 };
		await leave(gate, "t.1");
		expect(asked.map(({ method, path, authorization }) => [method, path, authorization])).toEqual([
			["POST", "/join/v1/participants/t.1", undefined],
			["POST", "/join/v1/participants/t.1", "Bearer jwt"],
			["DELETE", "/join/v1/participants/t.1", undefined],
		]);
	});
});

describe("a refusal", () => {
	it("is an error with the gate's reason and data", async () => {
		const problem = {
			type: "/docs/reasons#client-too-old",
			status: 403,
			detail: "This client needs version 2.27.0.",
			reason: "client-too-old",
			decision_id: "d-1",
			least_version: "2.27.0",
		};
		answer = { status: 403, type: "application/problem+json", body: JSON.stringify(problem) };
		expect(await errorOf(join({ gate, ...request }))).toMatchObject({
			name: "JoinError",
			reason: "client-too-old",
			message: "This client needs version 2.27.0.",
			status: 403,
			decisionId: "d-1",
			details: { least_version: "2.27.0" },
		});
	});

	it.each(["<html>Bad gateway</html>", "", "null", "[]", '{"reason":7}'])(
		"that is not the gate's: %j",
		async (body) => {
			answer = { status: 502, type: "text/html", body };
			expect(await errorOf(join({ gate, ...request }))).toMatchObject({ reason: "unexpected-answer", status: 502 });
		},
	);

	it("is also that nobody answers", async () => {
		const error = await errorOf(join({ gate: "http://127.0.0.1:9", ...request }));
		expect(error).toMatchObject({ reason: "gate-unreachable", status: null });
	});
});

it.each<Joined["provider"]>(PROVIDERS)(
	"knows the provider %s of the gate, as the compiler judges it",
	async (provider) => {
		answer = { status: 201, type: "application/json", body: JSON.stringify({ participant_id: "p_1", provider }) };
		expect((await join({ gate, account: "a", session: "s", token: "t" })).provider).toBe(provider);
	},
);
