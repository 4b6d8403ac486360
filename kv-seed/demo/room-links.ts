import type { DemoLink } from "../local/site.ts";
import type { SigningKey } from "../tokens/key-pair.ts";
import { type RawClaims, signToken } from "../tokens/sign.ts";
import { demoKeyId } from "./seed.ts";

const twelveHours = 12 * 3600;

interface RoomCase extends Omit<DemoLink, "href"> {
	readonly id: "ann" | "ben" | "moderator" | "lobby";
	readonly session: string;
	readonly name: string;
	readonly claims: RawClaims;
}

const cases: readonly RoomCase[] = [
	{
		id: "ann",
		title: "An encrypted room: Ann",
		about:
			"Open this and Ben's link, type the same secret in both: the pictures are encrypted before they leave the browser.",
		session: "room-1",
		name: "Ann",
		claims: { uid: "ann" },
	},
	{
		id: "ben",
		title: "An encrypted room: Ben",
		about: "The other side of the call. With another secret nothing can be seen, and the page says so.",
		session: "room-1",
		name: "Ben",
		claims: { uid: "ben" },
	},
	{
		id: "moderator",
		title: "An encrypted room: the moderator of the lobby",
		about: "Lets in who waits, removes, locks and ends. The role stands in the token (join_role).",
		session: "lobby-1",
		name: "Mia",
		claims: { uid: "mia", join_role: "moderator" },
	},
	{
		id: "lobby",
		title: "An encrypted room: waiting in the lobby",
		about: "Waits until the moderator lets it in.",
		session: "lobby-1",
		name: "Lou",
		claims: { uid: "lou" },
	},
];

/** A link to the demo's room page for each case, relative to the gate. `nowSeconds` is seconds since the epoch. */
export async function roomLinks(
	key: SigningKey,
	nowSeconds: number,
): Promise<readonly (DemoLink & Pick<RoomCase, "id">)[]> {
	return Promise.all(
		cases.map(async ({ id, title, about, session, name, claims }) => {
			const lasting = { accid: "demo", iat: nowSeconds, exp: nowSeconds + twelveHours, conid: session };
			const token = await signToken(key, { ...lasting, ...claims }, demoKeyId);
			const fragment = new URLSearchParams({ account: "demo", session, name, token });
			return { id, title, about, href: `/demo/room#${fragment.toString()}` };
		}),
	);
}
