import type { Refusal } from "../../../../decision/refusals.ts";
import { wireError } from "../../../../decision/wire.ts";
import type { Effect, RoomView, Seat } from "../../../room/protocol.ts";
import { keptOf } from "./kept.ts";

type Json = Readonly<Record<string, unknown>>;

export const send = (to: string, message: Json & { readonly type: string }): Effect => ({
	effect: "send",
	to,
	message,
});

/** A refusal as a message: the members of a problem, without what only HTTP has. */
export function refused(to: Seat, refusal: Refusal, inReplyTo: string | null): Effect {
	const { reason, message, tells } = wireError(refusal, "problem");
	return send(to.id, { ...tells, type: "refused", reason, detail: message, ...replyTo(inReplyTo) });
}

export const replyTo = (id: string | null | undefined): Json =>
	id === null || id === undefined ? {} : { in_reply_to: id };

/** Whom a participant may hear and speak to: those who are in and have come. */
export const isIn = ({ status }: Seat): boolean => status === "connected" || status === "away";

export function others(view: RoomView, seat: Seat): Seat[] {
	return [...view.seats.values()].filter((each) => each.id !== seat.id && isIn(each));
}

/** The same message to everybody else who is in. */
export function toOthers(view: RoomView, seat: Seat, message: Json & { readonly type: string }): Effect[] {
	return others(view, seat).map(({ id }) => send(id, message));
}

export function toModerators(view: RoomView, message: Json & { readonly type: string }): Effect[] {
	return [...view.seats.values()]
		.filter((each) => isIn(each) && each.role === "moderator")
		.map(({ id }) => send(id, message));
}

export const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** A participant as others see it: `fingerprints` are those that it has shown to `viewer`. */
export function participantFor(viewer: Seat, seat: Seat): Json {
	const { pins, muted } = keptOf(seat);
	return {
		id: seat.id,
		name: seat.name,
		role: seat.role,
		status: seat.status,
		joined_at: seconds(seat.joinedAt),
		muted,
		fingerprints: pins[viewer.id]?.fingerprints ?? [],
		...(viewer.role === "moderator" ? { uid: seat.uid } : {}),
	};
}

export function selfOf({ id, name, role, status, expiresAt }: Seat): Json {
	return { id, name, role, status, expires_at: seconds(expiresAt) };
}

/** Everybody whom the viewer may see; moderators see who waits, too. */
export function participantsFor(view: RoomView, viewer: Seat): Json[] {
	return [...view.seats.values()]
		.filter((each) => each.id !== viewer.id)
		.filter((each) => isIn(each) || (viewer.role === "moderator" && each.status === "waiting"))
		.map((each) => participantFor(viewer, each));
}
