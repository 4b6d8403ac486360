import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, ask, newPublisher, refusalOf, textOf, urisOf } from "../../support/publisher.ts";

let publisher: Publisher;
let rights: string;
beforeEach(async () => {
	publisher = await newPublisher();
	rights = `/v1/accounts/${publisher.account}/playback_rights`;
});

async function addRight(right: Readonly<Record<string, unknown>>): Promise<string> {
	const response = await publisher.manage("POST", rights, { name: "A right", ...right });
	expect(response.status).toBe(201);
	return (await response.json<{ id: string }>()).id;
}

const play = async (claims: Readonly<Record<string, unknown>> = {}, headers: Readonly<Record<string, string>> = {}) =>
	ask(`${publisher.masterPath}?bcov_auth=${await publisher.sign(claims)}`, { headers });
const from = (country: string) => ({ "X-Client-Geo": JSON.stringify({ country }) });

describe("a playback right", () => {
	it("of the video is judged on every request, under its grants too", async () => {
		const id = await addRight({ geo: { allowed_countries: ["NL", "DE"] } });
		await publisher.publishClip(env.MEDIA, { playback_rights_id: id });
		const master = await play({}, from("NL"));
		expect(master.status).toBe(200);
		expect(await refusalOf(await play({}, from("FR")))).toMatchObject({ status: 403, error_subcode: "CLIENT_GEO" });
		const [rendition = ""] = urisOf(await textOf(master), "https://gate.example").lines;
		expect((await ask(rendition, { headers: from("DE") })).status).toBe(200);
		expect(await refusalOf(await ask(rendition, { headers: from("FR") }))).toMatchObject({
			error_subcode: "CLIENT_GEO",
		});
	});

	it("that the token names replaces the video's own", async () => {
		const own = await addRight({ geo_global_rule: "block_all" });
		const other = await addRight({});
		await publisher.publishClip(env.MEDIA, { playback_rights_id: own });
		expect(await refusalOf(await play())).toMatchObject({ status: 403, error_subcode: "CLIENT_GEO" });
		expect((await play({ prid: other })).status).toBe(200);
		expect(await refusalOf(await play({ prid: "nothing" }))).toMatchObject({ status: 502 });
	});

	it("that a token names is not looked at in an account that keeps no rights", async () => {
		await publisher.publishClip(env.MEDIA);
		const claims = { prid: "made-elsewhere", uid: "ann", conid: "clip", climit: 4 };
		expect((await play(claims)).status).toBe(200);
		await addRight({});
		expect(await refusalOf(await play(claims))).toMatchObject({ status: 502, reason: "rights-missing" });
	});

	it("that is the default applies to videos without one", async () => {
		await publisher.publishClip(env.MEDIA);
		await addRight({ is_default: true, blocked_ips: ["203.0.113.0/24"] });
		expect(await refusalOf(await play())).toMatchObject({ status: 403 });
	});

	it("judges places by the claim ip, where the token has one", async () => {
		const id = await addRight({ blocked_ips: ["203.0.113.7"] });
		await publisher.publishClip(env.MEDIA, { playback_rights_id: id });
		expect((await play()).status).toBe(403);
		expect((await play({ ip: "198.51.100.1" })).status).toBe(200);
	});

	it("with allowed domains looks at the page that asks", async () => {
		const id = await addRight({ allowed_domains: ["www.example.com"] });
		await publisher.publishClip(env.MEDIA, { playback_rights_id: id });
		expect((await play({}, { Origin: "https://www.example.com" })).status).toBe(200);
		expect(await refusalOf(await play({}, { Origin: "https://evil.example" }))).toMatchObject({
			error_subcode: "DOMAIN",
		});
	});

	it.each([
		["allow_insecure", { allow_insecure: true, geo: { blocked_countries: ["FR"] } }, 403],
		["disabled", { disabled: true, geo: { blocked_countries: ["FR"] } }, 200],
	] as const)("that is %s needs no token", async (_what, right, elsewhere) => {
		const id = await addRight(right);
		await publisher.publishClip(env.MEDIA, { playback_rights_id: id });
		const master = await ask(publisher.masterPath, { headers: from("NL") });
		expect(master.status).toBe(200);
		const [rendition = ""] = urisOf(await textOf(master), "https://gate.example").lines;
		expect((await ask(rendition, { headers: from("NL") })).status).toBe(200);
		expect((await ask(publisher.masterPath, { headers: from("FR") })).status).toBe(elsewhere);
		const wrong = await ask(`${publisher.masterPath}?bcov_auth=a.b.c`);
		expect(wrong.status).toBe(401);
	});

	it("cannot be read from a header that is not JSON", async () => {
		const id = await addRight({});
		await publisher.publishClip(env.MEDIA, { playback_rights_id: id });
		expect(await refusalOf(await play({}, { "X-Client-Geo": "NL" }))).toMatchObject({
			status: 400,
			reason: "bad-request",
		});
	});
});
