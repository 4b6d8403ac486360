import { createHmac, timingSafeEqual } from "node:crypto";
import { parse as parseCookies } from "hono/utils/cookie";
import { LRUCache } from "lru-cache";
import { normaliseAddress, readAddress } from "../client-address.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../limits/device-contract.ts";
import type { Settings } from "../settings.ts";
import type { Query } from "../token/locate.ts";

/** Who asks, as far as limits and rules care. */
export interface ClientFacts {
	/** IPv4, or the /64 of an IPv6 address; "unknown" when the platform names none. */
	readonly address: string;
	/** As it is, for rules about addresses and places. */
	readonly fullAddress: string;
	readonly userAgent: string;
	/** The device id that the client names or carries in the gate's cookie; null when it has none. */
	readonly deviceId: string | null;
	/** Stands for the User-Agent and the address, and tells neither to whoever can guess the one and try all of the other: keyed. */
	readonly print: () => string;
}

const DEVICE_COOKIE = "playgate_device";
const YEAR_SECONDS = 31_536_000;

/** Reads the client from headers and query. Behind a trusted proxy `X-Client-IP` speaks for the client (design 7). */
export function readClient(headers: Headers, query: Query, settings: Settings): Decision<ClientFacts> {
	const fullAddress = readAddress(headers, settings);
	const address = normaliseAddress(fullAddress);
	if (address === null) return refuse({ reason: "bad-request", detail: "X-Client-IP is not an IP address." });
	const deviceId = readDeviceId(headers, query, settings);
	if (!deviceId.allowed) return deviceId;
	const userAgent = headers.get("User-Agent") ?? "";
	return allow({
		address,
		fullAddress,
		userAgent,
		deviceId: deviceId.value,
		print: () => printOf(`${userAgent}\n${address}`, settings),
	});
}

const prints = new LRUCache<string, string>({ max: 4000 });

function printOf(facts: string, { contentSecret }: Settings): string {
	const known = prints.get(facts);
	if (known !== undefined) return known;
	const print = createHmac("sha256", contentSecret).update(`client\n${facts}`).digest("base64url");
	prints.set(facts, print);
	return print;
}

function readDeviceId(headers: Headers, query: Query, settings: Settings): Decision<string | null> {
	const named =
		headers.get("BCOV-Device-Id") ?? (query.search.includes("device_id") ? query.query.get("device_id") : null);
	if (named !== null) {
		const detail = `BCOV-Device-Id (or device_id) must be ${DEVICE_ID_RULE}`;
		return DEVICE_ID_PATTERN.test(named) ? allow(named) : refuse({ reason: "bad-request", detail });
	}
	const cookies = headers.get("Cookie");
	const cookie = cookies?.includes(DEVICE_COOKIE) ? parseCookies(cookies, DEVICE_COOKIE)[DEVICE_COOKIE] : undefined;
	return allow(cookie === undefined ? null : openDeviceCookie(cookie, settings));
}

/** The id that stands for a client that names none. */
export function guessedDeviceId(client: ClientFacts): string {
	return client.print().slice(0, 32);
}

/** Makes the guess stick, so that a browser stays one device when its address changes. */
export function deviceCookie(deviceId: string, settings: Settings): string {
	const value = `${deviceId}.${deviceMac(deviceId, settings.grantSecrets[0])}`;
	return `${DEVICE_COOKIE}=${value}; Path=/; Max-Age=${YEAR_SECONDS}; Secure; HttpOnly; SameSite=None; Partitioned`;
}

function openDeviceCookie(cookie: string, settings: Settings): string | null {
	const dot = cookie.lastIndexOf(".");
	const [deviceId, mac] = [cookie.slice(0, dot), cookie.slice(dot + 1)];
	if (dot < 1 || !DEVICE_ID_PATTERN.test(deviceId)) return null;
	return settings.grantSecrets.some((secret) => equal(mac, deviceMac(deviceId, secret))) ? deviceId : null;
}

function deviceMac(deviceId: string, secret: string): string {
	return createHmac("sha256", secret).update(`device\n${deviceId}`).digest("base64url").slice(0, 22);
}

function equal(left: string, right: string): boolean {
	return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
