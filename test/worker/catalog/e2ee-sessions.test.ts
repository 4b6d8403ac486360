import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { CatalogUnavailable } from "../../../worker/catalog/cache.ts";
import { type Account, Catalog } from "../../../worker/catalog/catalog.ts";
import type { E2eeSessionRecord } from "../../../worker/catalog/e2ee-session-record.ts";
import {
	changeSession,
	deleteSession,
	storeSession,
	storedSession,
} from "../../../worker/catalog/e2ee-session-store.ts";
import { realPorts } from "../../../worker/ports.ts";
import { parseSettings } from "../../../worker/settings.ts";

const NOW = 1_800_000_000_000;
const TTL_MS = 30_000;
const settings = parseSettings({ ...env });
const MEETING = "2f6a4f5e-1c1b-4a5e-9d39-0242ac130003";

let accounts = 0;
let account: Account;
let catalog: Catalog;
beforeEach(async () => {
	accounts += 1;
	catalog = new Catalog(env.CATALOG, settings, { ...realPorts, log: () => undefined });
	account = await catalog.account(`e2ee-${accounts}`, NOW);
});

const gate = () => ({ kv: env.CATALOG, settings, catalog });
/** By another isolate: this one's cache does not learn of it. */
const elsewhere = { kv: env.CATALOG, settings, catalog: { forgetE2eeSession: () => undefined } };

async function store(id: string, input: object, where: Parameters<typeof storeSession>[0] = elsewhere): Promise<void> {
	const written = await storeSession(where, { account: account.id, id, nowMs: NOW }, input);
	if (!written.ok) throw new Error(written.issues.join("; "));
}

const sora = (channel: string) => ({
	provider: "sora",
	sora: { channel_id: channel, signaling_urls: ["wss://sora.example/signaling"] },
});
const bySora = (channel: string, nowMs = NOW) => catalog.e2eeSessionByProvider(account, "sora", channel, nowMs);

describe("a session of the catalog", () => {
	it("is read once while it is fresh, and then anew", async () => {
		await store("room", { provider: "webrtc", name: "first" });
		const first = await catalog.e2eeSession(account, "room", NOW);
		await store("room", { provider: "webrtc", name: "second" });
		expect(catalog.e2eeSession(account, "room", NOW + TTL_MS - 1)).toBe(first);
		expect((await catalog.e2eeSession(account, "room", NOW + TTL_MS))?.name).toBe("second");
	});

	it("stays the same object while its record does", async () => {
		await store("room", { provider: "webrtc" });
		const first = await catalog.e2eeSession(account, "room", NOW);
		expect(await catalog.e2eeSession(account, "room", NOW + TTL_MS)).toBe(first);
	});

	it("is read anew after it was written here", async () => {
		expect(await catalog.e2eeSession(account, "room", NOW)).toBeNull();
		await store("room", { provider: "webrtc" }, gate());
		expect(await catalog.e2eeSession(account, "room", NOW)).not.toBeNull();
	});

	it.each(["none", "", "a/b", "x".repeat(2000), "../room"])("is null for the id %j, which names none", async (id) => {
		expect(await catalog.e2eeSession(account, id, NOW)).toBeNull();
	});

	it.each(["{", '{"schema":2}', '{"schema":1,"account":"a","id":"broken","session":{"provider":"zoom"}}'])(
		"that cannot be read is a fault, not an absence: %s",
		async (text) => {
			await env.CATALOG.put(`e2ee-session/${account.id}/broken`, text);
			await expect(catalog.e2eeSession(account, "broken", NOW)).rejects.toThrow(CatalogUnavailable);
		},
	);

	it("has its ICE credentials open and the endpoint's token sealed", async () => {
		const server = { urls: ["turn:t.example"], username: "u", credential: "pa55" };
		const webrtc = {
			mode: "whip",
			endpoint: "https://sfu.example/whip",
			endpoint_token: "t0ken",
			ice_servers: [server],
		};
		await store("sfu", { provider: "webrtc", webrtc });
		const session = await catalog.e2eeSession(account, "sfu", NOW);
		if (!session) throw new Error("there is none");
		expect(session.webrtc?.ice_servers).toEqual([server]);
		expect(session.webrtc?.endpoint_token).toMatch(/^sealed:/);
		expect(catalog.endpointToken(session)).toBe("t0ken");
		expect(await env.CATALOG.get(`e2ee-session/${account.id}/sfu`)).not.toMatch(/t0ken|pa55/);
	});
});

describe("the name that a provider gives a session", () => {
	it("finds it, in its own account and for its own provider only", async () => {
		await store("room", sora("channel é"));
		expect((await bySora("channel é"))?.id).toBe("room");
		expect(await bySora("room")).toBeNull();
		expect(await catalog.e2eeSessionByProvider(account, "vonage", "channel é", NOW)).toBeNull();
		const other = await catalog.account("e2ee-other", NOW);
		expect(await catalog.e2eeSessionByProvider(other, "sora", "channel é", NOW)).toBeNull();
	});

	it("is free again when the session has another, or is gone", async () => {
		await store("room", sora("one"), gate());
		await store("room", sora("two"), gate());
		expect(await bySora("one")).toBeNull();
		await store("room-2", sora("one"), gate());
		expect((await bySora("one", NOW + TTL_MS))?.id).toBe("room-2");
		await deleteSession(gate(), (await storedSession(gate(), account.id, "room")) as E2eeSessionRecord);
		expect(await bySora("two")).toBeNull();
		await store("room-3", sora("two"), gate());
	});

	it("is that of its own provider, whatever parts of others its record has", async () => {
		const vonage = { api_key: "1", session_id: "1_MX4xfn4" };
		await store("room", { ...sora("one"), vonage });
		expect((await bySora("one"))?.id).toBe("room");
		expect(await bySora(vonage.session_id)).toBeNull();
		await store("call", { provider: "vonage", vonage, sora: sora("one").sora });
		const second = await storeSession(
			gate(),
			{ account: account.id, id: "call", nowMs: NOW },
			{ ...sora("one"), vonage },
		);
		expect(second).toEqual({ ok: false, issues: ['sora.channel_id: already names the session "room"'] });
	});

	it("is of one session", async () => {
		await store("room", sora("one"));
		const second = await storeSession(gate(), { account: account.id, id: "room-2", nowMs: NOW }, sora("one"));
		expect(second).toEqual({ ok: false, issues: ['sora.channel_id: already names the session "room"'] });
	});

	it("may be taken from a session that is not there any more", async () => {
		await env.CATALOG.delete(`e2ee-session/${account.id}/room`);
		await store("room", sora("one"));
		await env.CATALOG.delete(`e2ee-session/${account.id}/room`);
		await store("room-2", sora("one"));
		expect((await bySora("one"))?.id).toBe("room-2");
	});

	it("may be learnt later", async () => {
		await store("call", { provider: "chime" });
		const place = { account: account.id, id: "call", nowMs: NOW + 1 };
		const written = await changeSession(gate(), place, (session) => ({
			...session,
			chime: session.chime && { ...session.chime, meeting_id: MEETING },
		}));
		expect(written?.ok).toBe(true);
		expect((await catalog.e2eeSessionByProvider(account, "chime", MEETING, NOW + 1))?.id).toBe("call");
		expect(await changeSession(gate(), { ...place, id: "none" }, (session) => session)).toBeNull();
	});
});
