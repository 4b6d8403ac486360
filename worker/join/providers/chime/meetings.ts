import * as v from "valibot";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { jsonOf } from "../../../token/json-object.ts";
import { type ProviderAnswer, isGood, unavailable } from "../../provider-call.ts";
import type { ApiCall, MeetingsApi } from "./meetings-api.ts";

/** A meeting as the service describes it; members that the gate does not use pass on to the client's SDK as they are. */
const meetingSchema = v.looseObject({
	MeetingId: v.pipe(v.string(), v.regex(/^[-0-9a-zA-Z]{1,128}$/)),
	ExternalMeetingId: v.nullish(v.string()),
	TenantIds: v.nullish(v.array(v.string())),
	MediaPlacement: v.nullish(v.looseObject({ SignalingUrl: v.nullish(v.string()) })),
});
const attendeeSchema = v.looseObject({
	AttendeeId: v.pipe(v.string(), v.regex(/^[-0-9a-zA-Z]{1,128}$/)),
	JoinToken: v.string(),
});

export type Meeting = v.InferOutput<typeof meetingSchema>;
export type Attendee = v.InferOutput<typeof attendeeSchema>;

/** Null where the service knows no such meeting or attendee, or not any more. */
type Found<T> = Promise<Decision<T | null>>;

/** The calls of the meetings API that the gate makes for itself. Refusals never repeat what the service said. */
export class Meetings {
	readonly #api: MeetingsApi;

	constructor(api: MeetingsApi) {
		this.#api = api;
	}

	/** @param request body of CreateMeeting; asked again with the same ClientRequestToken, the service answers the same meeting */
	create(request: Readonly<Record<string, unknown>>): Promise<Decision<Meeting>> {
		return this.#existing(
			{ method: "POST", path: "/meetings", body: JSON.stringify(request) },
			"Meeting",
			meetingSchema,
		);
	}

	get(meetingId: string): Found<Meeting> {
		return this.#ask({ method: "GET", path: pathOf(meetingId) }, "Meeting", meetingSchema);
	}

	/** @param request body of CreateAttendee */
	createAttendee(meetingId: string, request: Readonly<Record<string, unknown>>): Found<Attendee> {
		const call = { method: "POST", path: `${pathOf(meetingId)}/attendees`, body: JSON.stringify(request) };
		return this.#ask(call, "Attendee", attendeeSchema);
	}

	getAttendee(meetingId: string, attendeeId: string): Found<Attendee> {
		return this.#ask({ method: "GET", path: pathOf(meetingId, attendeeId) }, "Attendee", attendeeSchema);
	}

	/** Takes the JoinToken its force and puts the attendee out of the meeting. One who is not there is done with. */
	async deleteAttendee(meetingId: string, attendeeId: string): Promise<Decision> {
		const answer = await this.#api.call({ method: "DELETE", path: pathOf(meetingId, attendeeId) });
		if (!answer.allowed) return answer;
		return answer.value.status === 404 || isGood(answer.value) ? allow() : refusalOf(answer.value);
	}

	async #existing<S extends Shape>(call: ApiCall, member: string, shape: S): Promise<Decision<v.InferOutput<S>>> {
		const found = await this.#ask(call, member, shape);
		if (!found.allowed) return found;
		return found.value === null ? failed("its meetings API answered 404") : allow(found.value);
	}

	async #ask<S extends Shape>(call: ApiCall, member: string, shape: S): Found<v.InferOutput<S>> {
		const answer = await this.#api.call(call);
		if (!answer.allowed) return answer;
		if (answer.value.status === 404) return allow(null);
		if (!isGood(answer.value)) return refusalOf(answer.value);
		const read = v.safeParse(v.looseObject({ [member]: shape }), jsonOf(answer.value.text));
		return read.success
			? allow(read.output[member] as v.InferOutput<S>)
			: failed(`its meetings API answered without ${member}`);
	}
}

type Shape = typeof meetingSchema | typeof attendeeSchema;

const pathOf = (meetingId: string, attendeeId?: string): string =>
	`/meetings/${encodeURIComponent(meetingId)}${attendeeId === undefined ? "" : `/attendees/${encodeURIComponent(attendeeId)}`}`;

/** The meeting that an answer of the service holds, if it holds one. */
export function meetingOf(answer: unknown): Meeting | null {
	const read = v.safeParse(v.looseObject({ Meeting: meetingSchema }), answer);
	return read.success ? read.output.Meeting : null;
}

/** A service that does not take the account's credentials is a matter of the publisher's, not of the moment. */
function refusalOf({ status, headers }: ProviderAnswer) {
	const kind = headers.get("x-amzn-errortype")?.split(":", 1)[0];
	const named = kind !== undefined && /^[A-Za-z]{1,60}$/.test(kind) ? ` (${kind})` : "";
	if (status === 401 || status === 403)
		return refuse({
			reason: "provider-not-configured",
			provider: "chime",
			detail: `its meetings API does not take the account's credentials: ${status}${named}`,
		});
	return failed(`its meetings API answered ${status}${named}`);
}

const failed = (detail: string) => unavailable("chime", detail);
