import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { startServer } from "../support/server.ts";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

// A stand-in for the meetings API of Amazon Chime, as @aws-sdk/client-chime-sdk-meetings 3.1142.0 calls it: meetings and attendees in
// memory, and each call's signature made again with AWS's own signer.

export const AWS_KEYS = {
	accessKeyId: "AKIAIOSFODNN7EXAMPLE",
	secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	region: "eu-central-1",
} as const;

export interface SeenCall {
	readonly method: string;
	readonly path: string;
	readonly body: Readonly<Record<string, unknown>> | null;
}

type Members = Record<string, unknown>;

interface Meeting {
	readonly token: string;
	readonly shown: Members;
	readonly attendees: Map<string, Members>;
}

/** What the next call gets instead of its answer. */
export interface Failure {
	readonly status: number;
	readonly code: string;
	readonly message: string;
	readonly headers?: Readonly<Record<string, string>>;
}

export interface ChimeAws {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	/** Calls whose signature was good, oldest first. */
	readonly calls: readonly SeenCall[];
	/** Calls whose signature was not. */
	readonly forged: readonly SeenCall[];
	readonly meetings: ReadonlyMap<string, Meeting>;
	/** Whether an attendee has this JoinToken: what the signalling service asks. */
	readonly knowsToken: (joinToken: string) => boolean;
	readonly failNext: (failure: Failure) => void;
	/** As the service does with meetings that nobody is in. */
	readonly endMeeting: (meetingId: string) => void;
	readonly close: () => Promise<void>;
}

/** @param signalingUrl what meetings name as their SignalingUrl */
export async function startChimeAws(signalingUrl: string): Promise<ChimeAws> {
	const meetings = new Map<string, Meeting>();
	const [calls, forged]: [SeenCall[], SeenCall[]] = [[], []];
	const failures: Failure[] = [];
	const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const sent = await text(request);
		const url = new URL(request.url ?? "/", "http://stand-in");
		const seen = {
			method: request.method ?? "",
			path: url.pathname + url.search,
			body: sent ? JSON.parse(sent) : null,
		};
		const isSigned = await isSignedBy(request, sent);
		(isSigned ? calls : forged).push(seen);
		const failure = isSigned ? failures.shift() : FORGED;
		const [status, body] = failure ? [failure.status, null] : act(meetings, seen, url, signalingUrl);
		const told = failure ?? (status === 404 ? { status, code: "NotFoundException", message: "There is none." } : null);
		const error = told && { Code: told.code, Message: told.message, RequestId: randomUUID() };
		const headers = { "Content-Type": "application/json", "x-amzn-requestid": randomUUID(), ...failure?.headers };
		response.writeHead(status, { ...headers, ...(told ? { "x-amzn-errortype": `${told.code}:http://internal` } : {}) });
		response.end(status === 204 ? undefined : JSON.stringify(error ?? body));
	};
	const { host, close } = await startServer(answer);
	return {
		url: `http://${host}`,
		calls,
		forged,
		meetings,
		knowsToken: (joinToken) =>
			[...meetings.values()].some(({ attendees }) =>
				[...attendees.values()].some((one) => one["JoinToken"] === joinToken),
			),
		failNext: (failure) => failures.push(failure),
		endMeeting: (meetingId) => meetings.delete(meetingId),
		close,
	};
}

const FORGED: Failure = { status: 403, code: "InvalidSignatureException", message: "The signature does not match." };

/** Signs what came, as a client with the right keys would have, and compares. */
async function isSignedBy(request: IncomingMessage, body: string): Promise<boolean> {
	const { authorization = "", ...incoming } = request.headers;
	const [, names = ""] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
	const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(incoming["x-amz-date"]));
	if (!date) return false;
	const [year, month, day, hour, minute, second] = date.slice(1).map(Number) as [
		number,
		number,
		number,
		number,
		number,
		number,
	];
	const named = incoming["x-amz-content-sha256"];
	if (named !== undefined && named !== createHash("sha256").update(body).digest("hex")) return false;
	const url = new URL(request.url ?? "/", "http://stand-in");
	const { accessKeyId, secretAccessKey, region } = AWS_KEYS;
	const signer = new SignatureV4({
		service: "chime",
		region,
		sha256: Sha256,
		applyChecksum: named !== undefined,
		credentials: { accessKeyId, secretAccessKey },
	});
	const signed = await signer.sign(
		{
			method: request.method ?? "",
			protocol: "http:",
			hostname: "stand-in",
			path: url.pathname,
			query: Object.fromEntries(url.searchParams),
			headers: Object.fromEntries(names.split(";").map((name) => [name, String(incoming[name])])),
			body,
		},
		{
			signingDate: new Date(Date.UTC(year, month - 1, day, hour, minute, second)),
			signableHeaders: new Set(names.split(";")),
		},
	);
	return signed.headers["authorization"] === authorization;
}

type Answer = readonly [status: number, body: unknown];
const NOT_FOUND: Answer = [404, null];

function act(meetings: Map<string, Meeting>, { method, body }: SeenCall, url: URL, signalingUrl: string): Answer {
	const [, , id = "", what, attendeeId] = url.pathname.split("/");
	if (url.pathname === "/meetings" && method === "POST") return makeMeeting(meetings, body ?? {}, signalingUrl);
	const meeting = meetings.get(id);
	if (!meeting) return NOT_FOUND;
	if (what === undefined && method === "GET") return [200, { Meeting: meeting.shown }];
	if (what === undefined && method === "DELETE") return meetings.delete(id) ? [204, null] : NOT_FOUND;
	if (what === "transcription") return [200, {}];
	return what === "attendees" ? actOnAttendees(meeting, method, attendeeId, body ?? {}) : NOT_FOUND;
}

function makeMeeting(meetings: Map<string, Meeting>, body: Members, signalingUrl: string): Answer {
	const token = String(body["ClientRequestToken"]);
	const made = [...meetings.values()].find((one) => one.token === token) ?? newMeeting(body, token, signalingUrl);
	meetings.set(String(made.shown["MeetingId"]), made);
	const wanted = (body["Attendees"] as Members[] | undefined) ?? [];
	const attendees = wanted.map((one) => addAttendee(made, one));
	return [200, { Meeting: made.shown, ...(wanted.length > 0 ? { Attendees: attendees, Errors: [] } : {}) }];
}

function newMeeting(body: Members, token: string, signalingUrl: string): Meeting {
	const { MediaRegion, ExternalMeetingId, TenantIds = [], MeetingFeatures = {} } = body;
	const id = randomUUID();
	const placement = {
		AudioHostUrl: "127.0.0.1:3478",
		AudioFallbackUrl: "wss://127.0.0.1/fallback",
		SignalingUrl: signalingUrl,
		TurnControlUrl: "https://127.0.0.1/turn",
		EventIngestionUrl: "https://127.0.0.1/events",
	};
	const shown = {
		MeetingId: id,
		ExternalMeetingId,
		MediaRegion,
		TenantIds,
		MeetingFeatures,
		MediaPlacement: placement,
		MeetingArn: `arn:aws:chime:${AWS_KEYS.region}:123456789012:meeting/${id}`,
	};
	return { token, shown, attendees: new Map() };
}

function addAttendee(meeting: Meeting, { ExternalUserId, Capabilities }: Members): Members {
	const attendee = { AttendeeId: randomUUID(), ExternalUserId, JoinToken: joinToken(), Capabilities };
	meeting.attendees.set(attendee.AttendeeId, attendee);
	return attendee;
}

/** Long, and of an alphabet that a subprotocol may have. */
const joinToken = (): string => Buffer.from(randomUUID() + randomUUID() + randomUUID()).toString("base64url");

function actOnAttendees(meeting: Meeting, method: string, attendeeId: string | undefined, body: Members): Answer {
	if (attendeeId === undefined && method === "GET") return [200, { Attendees: [...meeting.attendees.values()] }];
	if (attendeeId === undefined) {
		const batch = body["Attendees"] as Members[] | undefined;
		return batch
			? [200, { Attendees: batch.map((one) => addAttendee(meeting, one)), Errors: [] }]
			: [200, { Attendee: addAttendee(meeting, body) }];
	}
	if (attendeeId === "capabilities") return [200, {}];
	const attendee = meeting.attendees.get(attendeeId);
	if (!attendee) return NOT_FOUND;
	if (method === "DELETE") meeting.attendees.delete(attendeeId);
	return method === "DELETE" ? [204, null] : [200, { Attendee: { ...attendee, ...body } }];
}
