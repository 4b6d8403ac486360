import { manifestUrl, playerUrl } from "../local/urls.ts";
import type { SigningKey } from "../tokens/key-pair.ts";
import { signToken } from "../tokens/sign.ts";
import type { RawClaims } from "../tokens/sign.ts";
import { demoKeyId } from "./seed.ts";

/** A token that shows one thing. */
export interface DemoCase {
	readonly id: "allowed" | "expired" | "other-video" | "first-device" | "second-device";
	readonly title: string;
	readonly about: string;
	/** Relative to the gate. */
	readonly player: string;
	readonly manifest: string;
}

const hour = 3600;

type CaseText = Pick<DemoCase, "id" | "title" | "about"> & { readonly claims: (now: number) => RawClaims };

const texts: readonly CaseText[] = [
	{
		id: "allowed",
		title: "A token that plays",
		about:
			"Signed for this clip, good for twelve hours. Playlists, the AES key and every segment pass through the gate.",
		claims: (now) => ({ iat: now, exp: now + 12 * hour, uid: "ann", conid: "clip" }),
	},
	{
		id: "expired",
		title: "An expired token",
		about: "It ended an hour ago: the gate answers 401, and the page shows the reason.",
		claims: (now) => ({ iat: now - 2 * hour, exp: now - hour, uid: "ann" }),
	},
	{
		id: "other-video",
		title: "A token for another video",
		about: "Good and signed, but its conid claim names a video that is not this one.",
		claims: (now) => ({ iat: now, exp: now + 12 * hour, uid: "ann", conid: "another-clip" }),
	},
	{
		id: "first-device",
		title: "One stream only: the first device",
		about: "The viewer bob may watch one stream (climit 1). Play this, then open the second device.",
		claims: (now) => ({ iat: now, exp: now + 12 * hour, uid: "bob", climit: 1, sid: "television" }),
	},
	{
		id: "second-device",
		title: "One stream only: the second device",
		about: "The same viewer elsewhere. It plays, and within seconds the first device stops and says why.",
		claims: (now) => ({ iat: now, exp: now + 12 * hour, uid: "bob", climit: 1, sid: "telephone" }),
	},
];

/** Signs the tokens of the demo. `nowSeconds` is seconds since the epoch. */
export async function demoCases(key: SigningKey, nowSeconds: number): Promise<DemoCase[]> {
	const address = { base: "", account: "demo", video: "clip" };
	return Promise.all(
		texts.map(async ({ claims, ...text }) => {
			const token = await signToken(key, { accid: address.account, ...claims(nowSeconds) }, demoKeyId);
			return { ...text, player: playerUrl(address, token), manifest: manifestUrl(address, token) };
		}),
	);
}
