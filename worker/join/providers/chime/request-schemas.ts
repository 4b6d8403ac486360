import * as v from "valibot";
import { list, string } from "../../../catalog/fields.ts";
import { recordOf } from "../../../catalog/issues.ts";

// What calls of the meetings API must fulfil (reference: rtc 3.2), so that a mistake is told before AWS is asked. Members that are not
// named here pass as they are: the service may learn new ones.

const MOST_TENANTS = 5;
const RESERVED = /^aws:/i;

const bounded = (least: number, most: number) =>
	v.pipe(
		string,
		v.minLength(least, `must be at least ${least} characters`),
		v.maxLength(most, `must be at most ${most} characters`),
	);

const tenantId = v.pipe(
	bounded(2, 256),
	v.regex(/^[-_!@#$a-zA-Z0-9]*$/, "must be of A-Z a-z 0-9 - _ ! @ # $ only"),
	v.check((id) => !/(.)\1{3}/.test(id), "must not have a character four times in a row"),
);

const tenantIds = v.pipe(list(tenantId, MOST_TENANTS), v.minLength(1, "must name at least one, or be left out"));

const unreserved = (least: number, most: number) =>
	v.pipe(
		bounded(least, most),
		v.check((id) => !RESERVED.test(id), 'must not begin with "aws:", which is reserved'),
	);

const CAPABILITIES = ["SendReceive", "Send", "Receive", "None"] as const;
const capability = v.picklist(CAPABILITIES, `must be one of ${CAPABILITIES.join(", ")}`);
const receives = (value: string): boolean => value === "SendReceive" || value === "Receive";

const capabilities = v.pipe(
	recordOf(string, v.unknown()),
	v.looseObject({ Audio: capability, Video: capability, Content: capability }),
	v.check(
		({ Video, Content }) => !receives(Content) || receives(Video),
		"must let Video be received where Content is, for content comes as video",
	),
);

const attendee = v.looseObject({ ExternalUserId: unreserved(2, 64), Capabilities: v.nullish(capabilities) });
const attendees = (most: number) => v.pipe(list(attendee, most), v.minLength(1, "must have at least one entry"));

const token = v.pipe(bounded(2, 64), v.regex(/^[-_a-zA-Z0-9]*$/, "must be of A-Z a-z 0-9 - _ only"));

const features = v.looseObject({
	Attendee: v.nullish(
		v.looseObject({
			MaxCount: v.nullish(
				v.pipe(
					v.number("must be a number"),
					v.integer("must be a whole number"),
					v.minValue(1, "must be at least 1"),
					v.maxValue(250, "must be at most 250"),
				),
			),
		}),
	),
});

const meeting = {
	ClientRequestToken: token,
	MediaRegion: bounded(2, 64),
	ExternalMeetingId: unreserved(2, 64),
	MeetingHostId: v.nullish(bounded(2, 64)),
	PrimaryMeetingId: v.nullish(bounded(2, 64)),
	TenantIds: v.nullish(tenantIds),
	MeetingFeatures: v.nullish(features),
	Tags: v.nullish(
		list(
			v.looseObject({
				Key: bounded(1, 128),
				Value: v.pipe(string, v.maxLength(256, "must be at most 256 characters")),
			}),
			50,
		),
	),
};

const MOST_WITH_MEETING = 20;
const MOST_IN_BATCH = 100;
const attendeeId = v.looseObject({ AttendeeId: bounded(1, 128) });

export const requestSchemas = {
	CreateMeeting: v.looseObject(meeting),
	CreateMeetingWithAttendees: v.looseObject({ ...meeting, Attendees: attendees(MOST_WITH_MEETING) }),
	CreateAttendee: attendee,
	BatchCreateAttendee: v.looseObject({ Attendees: attendees(MOST_IN_BATCH) }),
	UpdateAttendeeCapabilities: v.looseObject({ Capabilities: capabilities }),
	BatchUpdateAttendeeCapabilitiesExcept: v.looseObject({
		ExcludedAttendeeIds: v.pipe(list(attendeeId, 250), v.minLength(1, "must have at least one entry")),
		Capabilities: capabilities,
	}),
} as const satisfies Readonly<Record<string, v.GenericSchema>>;

export type MeetingRequest = v.InferOutput<typeof requestSchemas.CreateMeeting>;
