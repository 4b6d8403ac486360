import { createHmac, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { Sealer } from "../sealing.ts";
import type { Claims } from "../token/claims.ts";

/**
 * What a viewer got with the first decision: enough to judge every later request without the token (design 6). It travels as a
 * path prefix, `/g/<grant>/...`, and ends when the token ends.
 */
export interface Grant {
	readonly account: string;
	readonly video: string;
	/** Index into the video's sources. */
	readonly source: number;
	readonly tokenId: string;
	readonly keyId: string;
	/** End of the token, seconds since the epoch, without skew. */
	readonly expiresAt: number;
	/** Those claims that still matter after the first decision. */
	readonly claims: Claims;
	/** False for a link of the video JSON: under it a playlist or key may be asked for, which starts playback, and nothing else. */
	readonly started: boolean;
	/** Null where no session is kept. */
	readonly session: { readonly key: string; readonly startedAt: number } | null;
	/** Device of the first decision and a hash of its User-Agent, where a limit looks at devices. */
	readonly device: { readonly id: string; readonly userAgent: string } | null;
	/** Delivery rule action that the first request asked for (`config_id`). */
	readonly configId?: string;
	/** Address that it was given to, as limits count it, and a hash of the User-Agent there; only where `maxip` is to know. */
	readonly home?: GrantHome;
}

export interface GrantHome {
	readonly address: string;
	readonly userAgent: string;
}

/** Short names: the grant is in every URL that a player asks for. */
interface Payload {
	readonly v: 1;
	readonly a: string;
	readonly i: string;
	readonly s: number;
	readonly t: string;
	readonly k: string;
	readonly e: number;
	readonly c: Claims;
	readonly o: 0 | 1;
	readonly n: readonly [string, number] | null;
	readonly d: readonly [string, string] | null;
	readonly r?: string;
	/** Sealed: a link that is passed on tells nobody's address. */
	readonly h?: string;
}

const MAC_CHARACTERS = 32; // 192 bits of HMAC-SHA256
const MOST_REMEMBERED = 5000;

/** Signs and opens grants with the Worker's own secrets: the first signs, all of them open. */
export class GrantBox {
	readonly #secrets: readonly [string, ...string[]];
	readonly #sealers: readonly Sealer[];
	readonly #opened = new LRUCache<string, Grant>({ max: MOST_REMEMBERED });

	constructor(secrets: readonly [string, ...string[]]) {
		this.#secrets = secrets;
		this.#sealers = secrets.map((secret) => new Sealer(secret, "addresses in grants"));
	}

	/** `[A-Za-z0-9_-]+.[A-Za-z0-9_-]{32}`, one path segment. */
	sign(grant: Grant): string {
		const payload: Payload = {
			v: 1,
			a: grant.account,
			i: grant.video,
			s: grant.source,
			t: grant.tokenId,
			k: grant.keyId,
			e: grant.expiresAt,
			c: grant.claims,
			o: grant.started ? 1 : 0,
			n: grant.session && [grant.session.key, grant.session.startedAt],
			d: grant.device && [grant.device.id, grant.device.userAgent],
			...(grant.configId === undefined ? {} : { r: grant.configId }),
			...this.#sealedHome(grant),
		};
		const body = Buffer.from(JSON.stringify(payload)).toString("base64url");
		return `${body}.${mac(body, this.#secrets[0])}`;
	}

	/** The grant, or null when this gate did not sign it. Its end is judged by the caller. */
	open(text: string): Grant | null {
		const known = this.#opened.get(text);
		if (known) return known;
		const dot = text.indexOf(".");
		const [body, given] = [text.slice(0, dot), Buffer.from(text.slice(dot + 1))];
		if (dot < 1 || given.length !== MAC_CHARACTERS) return null;
		if (!this.#secrets.some((secret) => timingSafeEqual(given, Buffer.from(mac(body, secret))))) return null;
		const payload = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Payload; // ours: the signature holds
		if (payload.v !== 1) return null;
		const grant = { ...grantOf(payload), ...this.#openedHome(payload) };
		this.#opened.set(text, grant);
		return grant;
	}

	#sealedHome({ home, tokenId }: Grant): Pick<Payload, "h"> {
		const h = home && this.#sealers[0]?.sealSame(`${home.userAgent} ${home.address}`, tokenId);
		return h === undefined ? {} : { h };
	}

	#openedHome({ h, t }: Payload): Pick<Grant, "home"> {
		if (h === undefined) return {};
		const [userAgent, address] =
			this.#sealers
				.map((sealer) => sealer.open(h, t))
				.find((text) => text !== null)
				?.split(" ") ?? [];
		return userAgent === undefined || address === undefined ? {} : { home: { address, userAgent } };
	}
}

function grantOf(payload: Payload): Grant {
	return {
		account: payload.a,
		video: payload.i,
		source: payload.s,
		tokenId: payload.t,
		keyId: payload.k,
		expiresAt: payload.e,
		claims: payload.c,
		started: payload.o === 1,
		session: payload.n && { key: payload.n[0], startedAt: payload.n[1] },
		device: payload.d && { id: payload.d[0], userAgent: payload.d[1] },
		...(payload.r === undefined ? {} : { configId: payload.r }),
	};
}

function mac(body: string, secret: string): string {
	return createHmac("sha256", secret).update(`grant\n${body}`).digest("base64url").slice(0, MAC_CHARACTERS);
}

/** Which video, audience and tier the token was for is settled by the grant itself; these are judged again and again. */
export function lastingClaims(claims: Claims): Claims {
	const {
		accid: _a,
		aud: _b,
		exp: _c,
		nbf: _d,
		vids: _e,
		conid: _f,
		tags: _g,
		pkid: _h,
		cexp: _i,
		...lasting
	} = claims;
	return lasting;
}
