import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CREDENTIAL, LICENSE_TYPE, licenseFor, startLicenseServer } from "../support/license-server.ts";
import type { LicenseServer } from "../support/license-server.ts";
import { breakOff, hangUp, status } from "../support/origin.ts";
import type { Answerer } from "../support/server.ts";
import { ask, outcomeOf, refusalOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "all" });
});
afterAll(() => gate.stop());

const MPD = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:bc="urn:brightcove:2015" type="static"><Period><AdaptationSet mimeType="video/mp4">
<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed" bc:licenseAcquisitionUrl="https://drm.example/wv"/>
<ContentProtection schemeIdUri="urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95"/>
<SegmentTemplate duration="4" media="$Number$.m4s"/><Representation id="v" bandwidth="1"/></AdaptationSet></Period></MPD>`;
const MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nv.m3u8\n";
const FAIRPLAY_KEY =
	'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key-1",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"\n';
const CERTIFICATE = Buffer.from("the certificate of a video");

interface Film {
	readonly account: TestAccount;
	readonly servers: Readonly<Record<"widevine" | "playready" | "fairplay", LicenseServer>>;
}

/** A film in DASH for Widevine and PlayReady and in HLS for FairPlay. */
async function publishFilm(settings: Json = {}, record: Json = {}): Promise<Film> {
	const account = await gate.openAccount(settings);
	const folder = `/${account.id}/film`;
	const server = (system: string) => startLicenseServer(gate.origin, `${folder}/license/${system}`);
	const servers = { widevine: server("widevine"), playready: server("playready"), fairplay: server("fairplay") };
	gate.origin.put(`${folder}/manifest.mpd`, MPD);
	gate.origin.put(`${folder}/master.m3u8`, MASTER);
	gate.origin.put(`${folder}/v.m3u8`, `#EXTM3U\n#EXT-X-TARGETDURATION:4\n${FAIRPLAY_KEY}#EXTINF:4,\n0.mp4\n`);
	const headers = { "X-Credential": CREDENTIAL };
	const licenses = {
		widevine: { url: servers.widevine.url, headers },
		playready: { url: `${servers.playready.url}?tenant=1`, headers },
		fairplay: { url: servers.fairplay.url, headers, certificate: CERTIFICATE.toString("base64") },
	};
	const source = (type: string, protection: string, name: string) => ({
		type,
		protection,
		src: `${gate.origin.url}${folder}/${name}`,
	});
	const sources = [
		source("application/dash+xml", "widevine", "manifest.mpd"),
		source("application/x-mpegURL", "fairplay", "master.m3u8"),
	];
	await account.putVideo("film", { sources, licenses, ...record });
	return { account, servers };
}

const REQUEST = Uint8Array.from([0x08, 0x01, 0x12, 0x00, 0xff]);
const licenseUrl = (account: TestAccount, path: string): string => `${account.videoUrl("film")}/licenses/${path}`;
const post = (url: string, client: Client = {}): Promise<Response> =>
	ask(url, { method: "POST", body: REQUEST, ...client });
const PATHS = [
	{ system: "widevine", path: "cenc/widevine" },
	{ system: "playready", path: "cenc/playready" },
	{ system: "fairplay", path: "fairplay" },
	{ system: "widevine", path: "widevine" },
	{ system: "playready", path: "playready" },
] as const;

describe("a licence of a DRM's server", () => {
	it.each(PATHS)(
		"of $system is asked for with the record's headers and handed on ($path)",
		async ({ system, path }) => {
			const { account, servers } = await publishFilm();
			const token = await account.sign();
			const headers = {
				"BCOV-Auth": token,
				Cookie: `bcov-auth=${token}`,
				"Content-Type": "text/xml; charset=utf-8",
				SOAPAction: '"AcquireLicense"',
				Origin: "https://page.example",
				Referer: "https://page.example/watch",
				"X-Credential": "the viewer's own",
			};
			const url = `${licenseUrl(account, path)}?bcov%5Fauth=${token}&device_id=tv&token=live-1&persist=true`;
			const response = await post(url, { headers, ip: "198.51.100.77" });
			expect(response.status).toBe(200);
			expect(response.headers.get("Content-Type")).toBe(LICENSE_TYPE);
			expect(response.headers.get("Cache-Control")).toBe("no-store");
			expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
			expect(Buffer.from(await response.arrayBuffer())).toEqual(licenseFor(REQUEST));
			const [seen, ...more] = servers[system].received;
			expect(more).toEqual([]);
			expect(seen).toMatchObject({ method: "POST", body: Buffer.from(REQUEST) });
			expect(seen?.headers).toMatchObject({ "x-credential": CREDENTIAL, "content-type": "text/xml; charset=utf-8" });
			expect(seen?.headers.soapaction).toBe(system === "playready" ? '"AcquireLicense"' : undefined);
			const query = system === "playready" ? "?tenant=1&token=live-1" : "?token=live-1";
			expect(seen?.url).toBe(new URL(servers[system].url).pathname + query);
			const told = JSON.stringify(seen);
			for (const secret of [token, "page.example", "198.51.100.77", "bcov", "persist"])
				expect(told).not.toContain(secret);
		},
	);

	it.each([
		{ what: "an error", failure: status(500), detail: "it answered 500" },
		{ what: "a refusal", failure: status(403), detail: "it answered 403" },
		{ what: "no content", failure: status(204), detail: "it answered 204" },
		{
			what: "a redirect elsewhere",
			failure: status(307, { Location: "http://127.0.0.2:1/" }),
			detail: "allowed_hosts",
		},
		{ what: "a redirect that loses the request", failure: status(302, { Location: "/" }), detail: "it answered 302" },
		{ what: "silence", failure: hangUp, detail: "connection failed" },
		{ what: "half an answer", failure: breakOff("half"), detail: "broke off" },
		{ what: "nothing", failure: sending(0), detail: "empty" },
		{ what: "too much", failure: sending(1_048_577), detail: "larger than 1048576 bytes" },
	])("that answers with $what is a refusal that says so, and no use", async ({ failure, detail }) => {
		const { account, servers } = await publishFilm();
		const client = { headers: { "BCOV-Auth": await account.sign({ maxu: 1 }) } };
		servers.widevine.fail(failure);
		const url = licenseUrl(account, "cenc/widevine");
		const refusal = await refusalOf(await post(url, client));
		expect(refusal).toMatchObject({
			status: 502,
			error_code: "SERVER_ERROR",
			error_subcode: "LICENSE_RETRIEVE_FAILURE",
			reason: "license-unavailable",
		});
		expect(refusal.message).toContain(detail);
		expect([await outcomeOf(post(url, client)), await outcomeOf(post(url, client))]).toEqual([200, "use-limit"]);
		expect(servers.widevine.received).toHaveLength(2);
	});

	it("that does not answer in time is a refusal that says so, and no use", async () => {
		const { account, servers } = await publishFilm();
		const client = { headers: { "BCOV-Auth": await account.sign({ maxu: 1 }) } };
		servers.fairplay.fail(() => {});
		const url = licenseUrl(account, "fairplay");
		expect(await refusalOf(await post(url, client))).toMatchObject({
			status: 504,
			error_code: "SERVER_TIMEOUT",
			reason: "license-timeout",
		});
		expect(await outcomeOf(post(url, client))).toBe(200);
	});

	it("follows a redirect that keeps the request", async () => {
		const { account, servers } = await publishFilm();
		servers.widevine.fail(status(308, { Location: new URL(servers.fairplay.url).pathname }));
		const answer = await post(licenseUrl(account, "cenc/widevine"), {
			headers: { "BCOV-Auth": await account.sign() },
		});
		expect(Buffer.from(await answer.arrayBuffer())).toEqual(licenseFor(REQUEST));
		expect(servers.fairplay.received).toHaveLength(1);
	});

	it("is never asked for somebody who is refused, under any concurrency", async () => {
		const { account, servers } = await publishFilm();
		const token = await account.sign({ maxu: 4 });
		const outcomes = await Promise.all(
			Array.from({ length: 30 }, (_, index) =>
				outcomeOf(
					post(licenseUrl(account, "cenc/widevine"), {
						ip: `198.51.100.${index}`,
						headers: { "BCOV-Auth": token },
					}),
				),
			),
		);
		expect(outcomes.filter((outcome) => outcome === 200)).toHaveLength(4);
		expect(servers.widevine.received).toHaveLength(4);
		await post(licenseUrl(account, "cenc/playready"), { headers: { "BCOV-Auth": await account.sign({ conid: "x" }) } });
		await post(licenseUrl(account, "cenc/playready"));
		expect(servers.playready.received).toEqual([]);
	});

	it("does not count the certificate that a Widevine player asks for first", async () => {
		const { account } = await publishFilm();
		const client = { headers: { "BCOV-Auth": await account.sign({ maxu: 1 }) } };
		const url = licenseUrl(account, "cenc/widevine");
		const certificateRequest = { ...client, body: Uint8Array.from([0x08, 0x04]) };
		const outcomes = [];
		for (const each of [certificateRequest, client, client]) outcomes.push(await outcomeOf(post(url, each)));
		expect(outcomes).toEqual([200, 200, "use-limit"]);
	});

	it("is not found where the record names no server, or the token another protection", async () => {
		const { account } = await publishFilm({}, { licenses: { widevine: {} } });
		const outcome = async (path: string, claims: Json = {}) =>
			outcomeOf(post(licenseUrl(account, path), { headers: { "BCOV-Auth": await account.sign(claims) } }));
		expect([await outcome("cenc/widevine"), await outcome("fairplay"), await outcome("cenc/nothing")]).toEqual([
			"resource-not-found",
			"resource-not-found",
			"resource-not-found",
		]);
		const film = await publishFilm();
		const of = async (path: string, pro: string) =>
			outcomeOf(post(licenseUrl(film.account, path), { headers: { "BCOV-Auth": await film.account.sign({ pro }) } }));
		expect([await of("fairplay", "widevine"), await of("cenc/playready", "widevine")]).toEqual([
			"resource-not-found",
			200,
		]);
	});

	it("is not asked for with a request that is too large, and the player hears so", async () => {
		const { account, servers } = await publishFilm();
		const client = { headers: { "BCOV-Auth": await account.sign({ maxu: 1 }) } };
		const url = licenseUrl(account, "cenc/widevine");
		for (const bytes of [65_537, 1_000_000]) {
			const refusal = await refusalOf(await post(url, { ...client, body: new Uint8Array(bytes) }));
			expect(refusal).toMatchObject({ status: 400, reason: "bad-request", message: expect.stringContaining("65536") });
		}
		expect(servers.widevine.received).toEqual([]);
		expect(await outcomeOf(post(url, { ...client, body: new Uint8Array(65_536) }))).toBe(200);
	});

	it("leaves no token and no credential in the log", async () => {
		const { account, servers } = await publishFilm();
		const token = await account.sign();
		servers.widevine.fail(hangUp);
		const answer = await post(licenseUrl(account, "cenc/widevine"), { headers: { "BCOV-Auth": token } });
		const decision = answer.headers.get("Playgate-Decision") ?? "?";
		expect(await answer.text()).not.toContain("127.0.0.1");
		await eventually(() => expect(gate.logLines.join("\n")).toContain(decision));
		const log = gate.logLines.join("\n");
		expect(log).not.toContain(token.split(".")[2]);
		expect(log).not.toContain(CREDENTIAL);
	});
});

/** Answers 200 with so many bytes. */
function sending(bytes: number): Answerer {
	return (_request, response) => void response.writeHead(200).end(Buffer.alloc(bytes));
}

describe("players are led to the licences of the gate", () => {
	it("by the MPD, for each system whose server the record names", async () => {
		const { account } = await publishFilm();
		const url = `${account.videoUrl("film")}/manifest.mpd?bcov_auth=${await account.sign({ maxu: 2 })}`;
		const mpd = await (await ask(url)).text();
		const links = [...mpd.matchAll(/http:\/\/127[^"<]*\/licenses\/[^"<]*/g)].map(([link]) => link);
		expect(links.map((link) => link.replace(/^.*\/g\/[^/]+\//, ""))).toEqual([
			"licenses/cenc/widevine",
			"licenses/cenc/playready",
		]);
		expect(await Promise.all(links.map((link) => outcomeOf(post(link))))).toEqual([200, 200]);
	});

	it("by the video JSON", async () => {
		const { account } = await publishFilm();
		const headers = { Authorization: `Bearer ${await account.sign({ uid: "ann", climit: 1 })}` };
		const { sources } = (await (await ask(account.videoUrl("film"), { headers })).json()) as {
			sources: { type: string; key_systems: Record<string, Record<string, string>> }[];
		};
		const [dash, hls] = sources.map(({ key_systems: systems }) => systems);
		expect(dash).toEqual({
			"com.widevine.alpha": { license_url: expect.stringMatching(/\/g\/[\w.-]+\/licenses\/cenc\/widevine$/) },
			"com.microsoft.playready": { license_url: expect.stringMatching(/\/g\/[\w.-]+\/licenses\/cenc\/playready$/) },
		});
		expect(hls).toEqual({
			"com.apple.fps.1_0": {
				key_request_url: expect.stringMatching(/\/g\/[\w.-]+\/licenses\/fairplay$/),
				certificate_url: `${account.videoUrl("film")}/fairplay_app_cert`,
			},
		});
		const fairplay = hls?.["com.apple.fps.1_0"] ?? {};
		expect(await outcomeOf(post(fairplay["key_request_url"] ?? ""))).toBe(200);
		const certificate = await ask(fairplay["certificate_url"] ?? "");
		expect(Buffer.from(await certificate.arrayBuffer())).toEqual(CERTIFICATE);
	});

	it("by FairPlay's playlists, whose keys stay what they are", async () => {
		const { account } = await publishFilm();
		const master = account.masterUrl("film", await account.sign());
		const rendition = (await (await ask(master)).text()).trim().split("\n").at(-1) ?? "";
		expect(await (await ask(new URL(rendition, master).href)).text()).toContain(FAIRPLAY_KEY);
	});

	it("not to encrypted DASH that nobody licences", async () => {
		const { account } = await publishFilm({}, { licenses: {} });
		const headers = { Authorization: `Bearer ${await account.sign()}` };
		const { sources } = (await (await ask(account.videoUrl("film"), { headers })).json()) as { sources: Json[] };
		expect(sources).toEqual([expect.not.objectContaining({ key_systems: expect.anything() })]);
	});
});

describe("the FairPlay certificate", () => {
	const bytes = Buffer.from("the account's certificate, as its DER bytes");
	const pem = `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replaceAll(/(.{20})/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
	const certificateUrl = ({ id }: TestAccount): string => `${gate.url}/playback/v1/accounts/${id}/fairplay_app_cert`;

	it.each([
		["base64", bytes.toString("base64")],
		["PEM", pem],
	])("of an account is public (%s)", async (_, text) => {
		const account = await gate.openAccount({ fairplay_certificate: text });
		const answer = await ask(certificateUrl(account), { headers: { Origin: "https://page.example" } });
		expect(answer.status).toBe(200);
		expect(answer.headers.get("Content-Type")).toBe("application/octet-stream");
		expect(answer.headers.get("Cache-Control")).toBe("public, max-age=300");
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
		const head = await ask(certificateUrl(account), { method: "HEAD" });
		expect([head.status, await head.text()]).toEqual([200, ""]);
	});

	it("of a video without one is the account's, and of an account without one nothing", async () => {
		const { account } = await publishFilm({ fairplay_certificate: pem }, { licenses: {} });
		expect(Buffer.from(await (await ask(`${account.videoUrl("film")}/fairplay_app_cert`)).arrayBuffer())).toEqual(
			bytes,
		);
		await account.putSettings({});
		for (const url of [
			certificateUrl(account),
			certificateUrl({ ...account, id: "nobody" }),
			certificateUrl({ ...account, id: "%20" }),
		]) {
			expect(await refusalOf(await ask(url))).toMatchObject({ status: 404, error_subcode: "RESOURCE_NOT_FOUND" });
		}
	});

	it.each(["", "not base64!", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"])(
		"must be one (%j)",
		async (text) => {
			const account = await gate.openAccount();
			const settings = await gate.manage("PUT", `${account.manageUrl}/settings`, { fairplay_certificate: text });
			expect(await refusalOf(settings)).toMatchObject({ status: 400, reason: "record-invalid" });
			const record = { licenses: { fairplay: { certificate: text } } };
			await expect(account.putVideo("film", record)).rejects.toThrow("licenses.fairplay.certificate: must be a cert");
		},
	);

	it.each([
		[{ url: "r2://MEDIA/x" }, "licenses.widevine.url: must start with https://"],
		[{ headers: { "x y": "1" } }, "licenses.widevine.headers.x y: is not the name of a header"],
		[{ headers: { Host: "x" } }, "licenses.widevine.headers.Host: is a header of the connection"],
		[{ headers: { x: "a\nb" } }, "licenses.widevine.headers.x: must be printable ASCII on one line"],
	])("and a licence server one that can be asked: %j", async (widevine, issue) => {
		const account = await gate.openAccount();
		await expect(account.putVideo("film", { licenses: { widevine } })).rejects.toThrow(issue);
	});
});
