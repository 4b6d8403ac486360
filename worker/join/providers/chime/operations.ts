import { requestSchemas } from "./request-schemas.ts";

/** One operation of the meetings API, as its REST form has it (reference: rtc 3.2). */
interface Shape {
	readonly name: string;
	readonly method: "GET" | "POST" | "PUT" | "DELETE";
	/** Segments of the path; `*` is an id. */
	readonly path: string;
	/** Value of the query `operation`; absent where there is none. */
	readonly operation?: string;
}

const SHAPES = [
	{ name: "CreateMeeting", method: "POST", path: "/meetings" },
	{ name: "CreateMeetingWithAttendees", method: "POST", path: "/meetings", operation: "create-attendees" },
	{ name: "GetMeeting", method: "GET", path: "/meetings/*" },
	{ name: "DeleteMeeting", method: "DELETE", path: "/meetings/*" },
	{ name: "CreateAttendee", method: "POST", path: "/meetings/*/attendees" },
	{ name: "BatchCreateAttendee", method: "POST", path: "/meetings/*/attendees", operation: "batch-create" },
	{ name: "ListAttendees", method: "GET", path: "/meetings/*/attendees" },
	{ name: "GetAttendee", method: "GET", path: "/meetings/*/attendees/*" },
	{ name: "DeleteAttendee", method: "DELETE", path: "/meetings/*/attendees/*" },
	{ name: "UpdateAttendeeCapabilities", method: "PUT", path: "/meetings/*/attendees/*/capabilities" },
	{
		name: "BatchUpdateAttendeeCapabilitiesExcept",
		method: "PUT",
		path: "/meetings/*/attendees/capabilities",
		operation: "batch-update-except",
	},
	{ name: "StartMeetingTranscription", method: "POST", path: "/meetings/*/transcription", operation: "start" },
	{ name: "StopMeetingTranscription", method: "POST", path: "/meetings/*/transcription", operation: "stop" },
	{ name: "ListTagsForResource", method: "GET", path: "/tags" },
	{ name: "TagResource", method: "POST", path: "/tags", operation: "tag-resource" },
	{ name: "UntagResource", method: "POST", path: "/tags", operation: "untag-resource" },
] as const satisfies readonly Shape[];

export type OperationName = (typeof SHAPES)[number]["name"];

export interface Operation {
	readonly name: OperationName;
	/** Null where the path names none. */
	readonly meetingId: string | null;
}

const MEETING = /^\/meetings\/([^/]+)/;
const ID = /^[-A-Za-z0-9_.%]{1,128}$/;

/** Which operation a request asks for; null when the service has none of that form. */
export function operationOf(method: string, path: string, query: URLSearchParams): Operation | null {
	const segments = path.split("/").slice(1);
	if (segments.some((segment) => !ID.test(segment) || segment === "." || segment === "..")) return null;
	const asked = query.get("operation") ?? undefined;
	const found = SHAPES.find(
		(shape: Shape) => shape.method === method && shape.operation === asked && fits(shape.path, segments),
	);
	return found ? { name: found.name, meetingId: MEETING.exec(path)?.[1] ?? null } : null;
}

function fits(shape: string, segments: readonly string[]): boolean {
	const wanted = shape.split("/").slice(1);
	return wanted.length === segments.length && wanted.every((part, index) => part === "*" || part === segments[index]);
}

/** What the body of an operation must fulfil; undefined where it has none, or none that the gate judges. */
export const schemaOf = (name: OperationName) =>
	(requestSchemas as Readonly<Partial<Record<OperationName, (typeof requestSchemas)[keyof typeof requestSchemas]>>>)[
		name
	];
