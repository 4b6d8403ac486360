import * as v from "valibot";
import type { Participant } from "../../../room/contract.ts";

/** A session at a media server, as the room remembers it with the participant. */
const session = v.object({
	/** Where it is changed and deleted: never told to clients. */
	url: v.string(),
	/** Sealed, of the record by which it was opened: what the record names later may be another server's. Null: it wants none. */
	token: v.optional(v.nullable(v.string())),
	/** As the server gave it last; null where it gives none. */
	etag: v.nullable(v.string()),
	/** The server's own offer that waits for the client's answer (WHEP): what the answer is compared with. */
	counter: v.nullable(
		v.object({
			setup: v.string(),
			media: v.array(
				v.object({
					kind: v.string(),
					isLive: v.boolean(),
					direction: v.picklist(["sendrecv", "sendonly", "recvonly", "inactive"]),
				}),
			),
		}),
	),
});
export type MediaSession = v.InferOutput<typeof session>;

const remembered = v.object({
	session: v.optional(v.nullable(session), null),
	/** User names of TURN credentials that can be revoked. */
	turn: v.optional(v.array(v.string()), []),
});

/** What the room remembers of a participant for this provider. */
export function rememberedOf({ provider }: Pick<Participant, "provider">): v.InferOutput<typeof remembered> {
	const parsed = v.safeParse(remembered, provider);
	return parsed.success ? parsed.output : { session: null, turn: [] };
}
