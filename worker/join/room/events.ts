import type { Applied, Departure, RoomBook } from "./book.ts";
import type { GoneBecause, Participant } from "./contract.ts";

/** An event as the publisher's webhook gets it, without what the room adds (`account`, `session`, `provider`). */
interface Event {
	/** Where what is told may still be taken back: then it waits for a moment. */
	readonly of?: string;
	readonly type: "join.participant_joined" | "join.participant_left" | "join.refused" | "join.session_ended";
	readonly data: Readonly<Record<string, unknown>>;
}

/** What is told of a refused join: never the token. */
export interface RefusedJoin {
	readonly reason: string;
	readonly status: number;
	readonly uid: string | null;
	readonly tokenId: string | null;
	readonly decision: string;
}

/** Refusals that a room tells of in a minute: whoever is refused can ask as often as they like. */
const MOST_REFUSALS = 30;

/** Somebody is in, now or after the lobby. */
export const joinedEvent = (participant: Participant, decision: string | null): Event => ({
	of: participant.id,
	type: "join.participant_joined",
	data: { participant: told(participant), decision_id: decision },
});

/** Writes down what the publisher and the provider are to be told of those who are out. */
export function queueDepartures(book: RoomBook, { departures, statusChanged }: Applied, now: number): void {
	for (const departure of departures) {
		queueEvent(book, departureEvent(departure), now);
		queueEjection(book, departure.member, now);
	}
	if (statusChanged && book.ownStatus?.status === "ended") queueEvent(book, ENDED, now);
}

/** The provider puts a participant out. Asked for once more, it is done once more, even while the first is on its way. */
export function queueEjection(book: RoomBook, gone: Participant, now: number): void {
	book.errands.add(`eject ${gone.id}`, "eject", { ...gone, nonce: crypto.randomUUID() }, now);
}

export const ENDED: Event = { type: "join.session_ended", data: {} };

function departureEvent({ member, because, before }: Departure): Event {
	const data = { participant: told(member), because: because as GoneBecause };
	if (before !== "waiting") return { of: member.id, type: "join.participant_left", data };
	const reason = because === "denied" ? "lobby-denied" : because;
	return { type: "join.refused", data: { participant: told(member), reason, decision_id: null } };
}

export function queueRefusal(
	book: RoomBook,
	{ reason, status, uid, tokenId, decision }: RefusedJoin,
	now: number,
): void {
	const minute = Math.floor(now / 60_000);
	const { refusals } = book.record;
	const count = refusals.minute === minute ? refusals.count + 1 : 1;
	if (count > MOST_REFUSALS) return;
	book.change({ refusals: { minute, count } });
	const data = { participant: { id: null, uid, token_id: tokenId }, reason, status, decision_id: decision };
	queueEvent(book, { type: "join.refused", data }, now);
}

/** A provider that fails takes its join back within this time, mostly. */
const JOINED_AFTER_MS = 1000;
const leftId = (participant: string): string => `msg_left_${participant}`;
const joinedId = (participant: string): string => `msg_joined_${participant}`;

/** The join came to nothing: neither its beginning nor its end is told. */
export function unqueueJoin(book: RoomBook, participant: string): void {
	book.errands.remove(joinedId(participant));
	book.errands.remove(leftId(participant));
}

export function queueEvent(book: RoomBook, { of, type, data }: Event, now: number): void {
	const { rules } = book.record;
	if (!rules || rules.webhook === false || !book.errands.hasRoom()) return;
	const { account, session, provider } = rules;
	const timestamp = new Date(now).toISOString();
	const isJoin = type === "join.participant_joined";
	const anyId = `msg_${crypto.randomUUID().replaceAll("-", "")}`;
	const id = of === undefined ? anyId : isJoin ? joinedId(of) : leftId(of);
	const body = { type, timestamp, data: { account, session, provider, ...data } };
	book.errands.add(id, "webhook", body, isJoin ? now + JOINED_AFTER_MS : now);
}

function told({ id, uid, name, role, tokenId, device, sdk, version, joinedAt, expiresAt }: Participant) {
	const seconds = (ms: number): number => Math.floor(ms / 1000);
	return {
		id,
		uid,
		name,
		role,
		token_id: tokenId,
		device,
		sdk,
		version,
		joined_at: seconds(joinedAt),
		expires_at: seconds(expiresAt),
	};
}
