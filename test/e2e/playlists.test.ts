import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip, segmentBytes } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { TestAccount, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

interface Playlist {
	readonly id: string;
	readonly videos: readonly { readonly id: string; readonly sources: readonly { readonly src: string }[] }[];
	readonly errors?: readonly { readonly video_id: string; readonly error_subcode: string }[];
}

const playlistUrl = (account: TestAccount, name: string): string =>
	`${gate.url}/playback/v1/accounts/${account.id}/playlists/${name}`;
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

/** A clip that may play, one that the token's tags leave out, and one that is not there. */
async function publishEvening(): Promise<TestAccount> {
	const account = await gate.openAccount();
	await publishClip(gate, account, { record: { tags: ["sport"], reference_id: "clip-1" } });
	await account.putVideo("news", { tags: ["news"] });
	const record = { name: "Evening", reference_id: "evening/1", video_ids: ["ref:clip-1", "news", "gone"] };
	expect((await gate.manage("PUT", `${account.manageUrl}/playlists/evening`, record)).status).toBe(201);
	return account;
}

describe("a playlist", () => {
	it("shows with one token what may play, names the rest, and plays", async () => {
		const account = await publishEvening();
		const token = await account.sign({ tags: ["sport"], uid: "ann", climit: 1 });
		const answer = await ask(playlistUrl(account, "evening"), bearer(token));
		expect([
			answer.status,
			answer.headers.get("Content-Type"),
			answer.headers.get("Access-Control-Allow-Origin"),
		]).toEqual([200, "application/json; charset=utf-8", "*"]);
		const text = await answer.text();
		expect(text).not.toContain(gate.origin.host);
		for (const part of token.split(".").slice(1)) expect(text).not.toContain(part);
		const playlist = JSON.parse(text) as Playlist;
		expect(playlist.videos.map(({ id }) => id)).toEqual(["clip"]);
		expect(playlist.errors?.map(({ video_id: id, error_subcode: subcode }) => [id, subcode])).toEqual([
			["news", "TAGS"],
			["gone", "VIDEO_NOT_FOUND"],
		]);
		const playback = await openPlayback(playlist.videos[0]?.sources[0]?.src ?? "");
		const segment = await ask(playback.segment);
		expect(Buffer.from(await segment.arrayBuffer())).toEqual(segmentBytes("low/seg0.ts"));
		// The session that it started is one as any other.
		expect(await outcomeOf(ask(account.masterUrl("clip", token), { ip: "198.51.100.9" }))).toBe(200);
		expect(await outcomeOf(ask(playback.segment))).toBe("stream-limit-renew");
	});

	it.each(["ref:evening%2F1", "ref%3Aevening%2F1"])("is found by its reference id, written %s", async (name) => {
		const account = await publishEvening();
		const answer = await ask(playlistUrl(account, name), bearer(await account.sign()));
		expect(((await answer.json()) as Playlist).id).toBe("evening");
	});

	it("is answered to HEAD and OPTIONS, and to no other method", async () => {
		const account = await publishEvening();
		const [url, asker] = [playlistUrl(account, "evening"), bearer(await account.sign())];
		const head = await ask(url, { ...asker, method: "HEAD" });
		expect([head.status, await head.text()]).toEqual([200, ""]);
		expect((await ask(url, { method: "OPTIONS" })).status).toBe(204);
		for (const method of ["POST", "PUT", "DELETE"]) {
			expect(await refusalOf(await ask(url, { ...asker, method }))).toMatchObject({ status: 405 });
		}
	});

	it("of another account is not there, and another account's token is no good", async () => {
		const [account, other] = [await publishEvening(), await gate.openAccount()];
		expect(await refusalOf(await ask(playlistUrl(other, "evening"), bearer(await other.sign())))).toMatchObject({
			status: 404,
			error_subcode: "PLAYLIST_NOT_FOUND",
		});
		const foreign = await ask(playlistUrl(account, "evening"), bearer(await other.sign()));
		expect(await refusalOf(foreign)).toMatchObject({ status: 403, error_subcode: "ACCOUNT_ID" });
	});
});
