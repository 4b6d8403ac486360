import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { WebSocket as Ws } from "ws";
import { RUMOR, readRumor, writeRumor } from "../../worker/join/providers/vonage/web/rumor.ts";
import { type ChimeSignalling, startChimeSignalling } from "../standins/chime-signalling.ts";
import { AWS_KEYS, type ChimeAws, startChimeAws } from "../standins/chime-aws.ts";
import { SFU_TOKEN, startSfu } from "../standins/sfu.ts";
import { type Sora, startSora } from "../standins/sora.ts";
import { SYMPHONY, VONAGE, type VonagePlatform, startVonagePlatform } from "../standins/vonage-platform.ts";
import { type VonageRumor, startVonageRumor } from "../standins/vonage-rumor.ts";
import { type JoinAnswer, openSocket } from "./join.ts";
import { ask } from "./player.ts";
import type { Json, TestAccount, TestGate } from "./running-gate.ts";
import { WEBHOOK_SECRET, connectMessage } from "./sora.ts";
import { eventually } from "./patience.ts";

/** A client of any provider, connected with what its join answered. */
export interface JoinClient {
	/** Waits until it was put out, or its connection ended otherwise. */
	readonly out: () => Promise<unknown>;
	/** Its network goes. */
	readonly cut: () => void;
}

/** One way to run sessions: the same to do for each. */
export interface JoinWay {
	readonly name: string;
	readonly provider: string;
	/** What the account needs; once for each account. */
	readonly setUp: (gate: TestGate, account: TestAccount) => Promise<void>;
	/** The provider's part of the record of a session of that id. */
	readonly part: (gate: TestGate, id: string) => Json;
	readonly connect: (gate: TestGate, session: string, joined: JoinAnswer) => Promise<JoinClient>;
}

/** Everything that the providers' servers are to the gate. */
export interface JoinServers {
	readonly ways: readonly JoinWay[];
	readonly close: () => Promise<void>;
}

export const WAYS = ["room", "whip", "chime", "vonage", "sora, redirect", "sora, proxy"] as const;

/** Of a client that publishes. */
export const OFFER = readFileSync(join(import.meta.dirname, "../vectors/sdp/chromium-whip-offer.sdp"), "utf8");

async function put(gate: TestGate, { manageUrl }: TestAccount, provider: string, credentials: Json): Promise<void> {
	const answer = await gate.manage("PUT", `${manageUrl}/providers/${provider}`, credentials);
	if (!answer.ok) throw new Error(await answer.text());
}

const material = ({ body }: JoinAnswer): Readonly<Record<string, string>> => body["join"] as Record<string, string>;

const room: JoinWay = {
	name: "room",
	provider: "webrtc",
	setUp: async () => undefined,
	part: () => ({ webrtc: {} }),
	connect: async (_gate, _session, joined) => {
		const opened = await openSocket(String(material(joined)["url"]));
		await opened.next("welcome");
		return { out: () => opened.closed, cut: () => opened.socket.close(3000) };
	},
};

/** Media servers have nothing like a connection to the gate: who is out is out there. */
function whipWay(): { readonly way: JoinWay; readonly close: () => Promise<unknown> } {
	const sfus = new Map<string, ReturnType<typeof startSfu>>();
	const way: JoinWay = {
		name: "whip",
		provider: "webrtc",
		setUp: async () => undefined,
		part: ({ origin }, id) => {
			const sfu = sfus.get(id) ?? startSfu(origin, `/sfu-${id}-end`);
			sfus.set(id, sfu);
			return { webrtc: { mode: "whip", endpoint: `${sfu.url}/whip`, endpoint_token: SFU_TOKEN } };
		},
		connect: async (_gate, _session, joined) => {
			const answer = await ask(String(material(joined)["url"]), {
				method: "POST",
				headers: { "Content-Type": "application/sdp" },
				body: OFFER,
			});
			if (answer.status !== 201) throw new Error(await answer.text());
			const location = answer.headers.get("Location") ?? "";
			const out = async (): Promise<void> => {
				while ((await ask(location)).ok) await setTimeout(100);
			};
			return { out, cut: () => undefined };
		},
	};
	return { way, close: () => Promise.all([...sfus.values()].map((sfu) => sfu.close())) };
}

const chimeWay = (service: ChimeSignalling, aws: ChimeAws): JoinWay => ({
	name: "chime",
	provider: "chime",
	setUp: (gate, account) =>
		put(gate, account, "chime", {
			access_key_id: AWS_KEYS.accessKeyId,
			secret_access_key: AWS_KEYS.secretAccessKey,
			region: AWS_KEYS.region,
			endpoint: aws.url,
		}),
	part: () => ({ chime: {} }),
	connect: async (_gate, _session, joined) => {
		const { JoinToken: token } = (joined.body["join"] as { readonly attendee: { readonly JoinToken: string } })
			.attendee;
		const query = "?X-Chime-Control-Protocol-Version=3&X-Amzn-Chime-Send-Close-On-Error=1&X-Amzn-Version=3.32.0";
		const ws = new Ws(`${String(material(joined)["signaling_url"])}${query}`, ["_aws_wt_session", token]);
		ws.on("error", () => {}); // what it comes to is told by its close
		const closed = new Promise((resolve) => ws.on("close", resolve));
		await once(ws, "open");
		await eventually(() => {
			if (!service.connections.some(({ joinToken }) => joinToken === token)) throw new Error("not there yet");
		});
		ws.on("message", (frame: Buffer) => {
			if (frame.includes(AUDIO_STATUS)) ws.close(); // as the SDK does, when it is told that it was removed
		});
		return { out: () => closed, cut: () => ws.terminate() };
	},
});

/** Its type, as protobuf has it (reference: rtc 3.3). */
const AUDIO_STATUS = Buffer.of(0x10, 20);

const vonageWay = (platform: VonagePlatform, rumor: VonageRumor): JoinWay => ({
	name: "vonage",
	provider: "vonage",
	setUp: (gate, account) =>
		put(gate, account, "vonage", { api_key: VONAGE.apiKey, api_secret: VONAGE.apiSecret, api_url: platform.url }),
	part: () => ({
		vonage: { api_key: VONAGE.apiKey, session_id: platform.addSession(true), api_url: platform.url },
	}),
	connect: async (_gate, _session, joined) => {
		const { proxy_url: proxy = "", token = "", session_id: sessionId = "" } = material(joined);
		const seen = { "User-Agent": "OpenTok-Android-SDK/2.30.1" };
		const info = await ask(`${proxy}/anvil.opentok.com/session/${sessionId}?extended=true`, {
			headers: { "X-OPENTOK-AUTH": token, "X-TB-CLIENT-VERSION": "android-2.30.1", ...seen },
		});
		const [{ messaging_url: url = "" } = {}] = (await info.json()) as readonly { readonly messaging_url?: string }[];
		const ws = new Ws(url, { headers: seen });
		ws.on("error", () => {}); // what it comes to is told by its close
		await once(ws, "open");
		const id = crypto.randomUUID();
		const own = `/v2/partner/${VONAGE.apiKey}/session/${sessionId}/connection/${id}`;
		const frame = (type: number, headers: Record<string, string>, data = ""): Uint8Array =>
			writeRumor({
				type,
				addresses: type === RUMOR.message ? [SYMPHONY] : [id],
				headers: new Map(Object.entries(headers)),
				data,
			});
		const told: string[] = [];
		const out = new Promise<unknown>((resolve) => {
			ws.on("close", resolve);
			ws.on("message", (bytes: Buffer) => {
				const { data = "", headers } = readRumor(new Uint8Array(bytes)) ?? {};
				told.push(`${headers?.get("STATUS") ?? ""} ${data}`);
				if (data.includes(`"deleted"`) && data.includes(own)) resolve(data);
			});
		});
		ws.send(frame(RUMOR.connect, { uniqueId: id, "TRANSACTION-ID": "1", notifyDisconnectAddress: own }));
		const content = { userAgent: "test", clientVersion: "android-2.30.1", capabilities: ["e2ee"] };
		const create = JSON.stringify({ method: "create", uri: own, content });
		const headers = { "X-TB-TOKEN-AUTH": token, "Content-Type": "application/x-raptor+v2", "TRANSACTION-ID": "2" };
		ws.send(frame(RUMOR.message, headers, create));
		await eventually(() => {
			const isIn = rumor.connections.some((one) => one.id === id && one.data !== "");
			if (!isIn || !told.some((text) => text.startsWith("200"))) throw new Error(told.join());
		});
		return { out: () => out, cut: () => ws.terminate() };
	},
});

function soraWay(mode: "redirect" | "proxy", real: Sora): JoinWay {
	return {
		name: `sora, ${mode}`,
		provider: "sora",
		setUp: (gate, account) => put(gate, account, "sora", { auth_webhook_secret: WEBHOOK_SECRET, api_url: real.apiUrl }),
		part: (_gate, id) => ({ sora: { channel_id: id, signaling_urls: [real.url], mode } }),
		connect: async (_gate, session, joined) => {
			const {
				signaling_urls: [url = ""],
				metadata,
			} = joined.body["join"] as {
				readonly signaling_urls: readonly string[];
				readonly metadata: Json;
			};
			const connect = connectMessage(session, metadata);
			let opened = await openSocket(url);
			opened.send(connect);
			if (mode === "redirect") {
				const { location } = await opened.next("redirect");
				opened = await openSocket(String(location));
				opened.send({ ...connect, redirect: true });
			}
			await opened.next("offer");
			opened.send({ type: "answer", sdp: "none" });
			await opened.next("notify");
			return { out: () => opened.closed, cut: () => opened.socket.close(3000) };
		},
	};
}

/** The webhooks of one Sora are those of one account. */
export function hookSora(gate: TestGate, real: Sora, { id }: TestAccount): void {
	const base = `${gate.url}/join/v1/accounts/${id}/sora`;
	real.hook({ auth: `${base}/auth-webhook/${WEBHOOK_SECRET}`, event: `${base}/event-webhook/${WEBHOOK_SECRET}` });
}

export async function startJoinServers(): Promise<JoinServers & { readonly sora: Sora }> {
	const [service, rumor, sora] = await Promise.all([startChimeSignalling(), startVonageRumor(), startSora()]);
	const [aws, platform] = await Promise.all([
		startChimeAws(service.url),
		startVonagePlatform(rumor.url, rumor.disconnect),
	]);
	const whip = whipWay();
	const ways = [
		room,
		whip.way,
		chimeWay(service, aws),
		vonageWay(platform, rumor),
		soraWay("redirect", sora),
		soraWay("proxy", sora),
	];
	const close = async (): Promise<void> => {
		await whip.close();
		await Promise.all([service, rumor, sora, aws, platform].map((one) => one.close()));
	};
	return { ways, sora, close };
}
