import {
	BatchCreateAttendeeCommand,
	BatchUpdateAttendeeCapabilitiesExceptCommand,
	ChimeSDKMeetingsClient,
	type ChimeSDKMeetingsClientConfig,
	CreateAttendeeCommand,
	CreateMeetingCommand,
	type CreateMeetingCommandInput,
	CreateMeetingWithAttendeesCommand,
	DeleteAttendeeCommand,
	DeleteMeetingCommand,
	GetAttendeeCommand,
	GetMeetingCommand,
	ListAttendeesCommand,
	StartMeetingTranscriptionCommand,
	UpdateAttendeeCapabilitiesCommand,
} from "@aws-sdk/client-chime-sdk-meetings";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AWS_KEYS, type ChimeAws, startChimeAws } from "../standins/chime-aws.ts";
import { ask } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

// The publisher's back end with AWS's own client, whose endpoint is the gate. AWS is a stand-in that verifies signatures by itself.
let gate: TestGate;
let aws: ChimeAws;
let account: TestAccount;

beforeAll(async () => {
	[gate, aws] = await Promise.all([
		startTestGate({ decisionLog: "all" }),
		startChimeAws("wss://signal.chime.example/control"),
	]);
	account = await openAccount();
});
afterAll(async () => {
	await gate?.stop();
	await aws?.close();
});

async function openAccount(credentials: Json = {}): Promise<TestAccount> {
	const opened = await gate.openAccount();
	const { accessKeyId, secretAccessKey, region } = AWS_KEYS;
	const chime = {
		access_key_id: accessKeyId,
		secret_access_key: secretAccessKey,
		region,
		endpoint: aws.url,
		...credentials,
	};
	const put = await gate.manage("PUT", `${opened.manageUrl}/providers/chime`, chime);
	if (!put.ok) throw new Error(await put.text());
	return opened;
}

const apiOf = ({ id }: TestAccount): string => `${gate.url}/join/v1/accounts/${id}/chime/api`;

function clientOf(of: TestAccount, config: ChimeSDKMeetingsClientConfig = {}): ChimeSDKMeetingsClient {
	const { accessKeyId, secretAccessKey, region } = AWS_KEYS;
	const credentials = { accessKeyId, secretAccessKey };
	return new ChimeSDKMeetingsClient({ endpoint: apiOf(of), region, credentials, maxAttempts: 1, ...config });
}

let meetings = 0;
const meeting = (more: Partial<CreateMeetingCommandInput> = {}): CreateMeetingCommandInput => ({
	ClientRequestToken: `token-${(meetings += 1)}`,
	MediaRegion: "eu-central-1",
	ExternalMeetingId: `meeting-${meetings}`,
	...more,
});

async function putSession(id: string, chime: Json, more: Json = {}): Promise<void> {
	const put = await gate.manage("PUT", `${account.manageUrl}/e2ee-sessions/${id}`, {
		provider: "chime",
		chime,
		...more,
	});
	if (!put.ok) throw new Error(await put.text());
}

async function readSession(id: string): Promise<{ readonly chime: Json }> {
	const got = await gate.manage("GET", `${account.manageUrl}/e2ee-sessions/${id}`);
	return (await got.json()) as { chime: Json };
}

/** What the SDK throws, with what it made of the answer. */
async function failure(call: Promise<unknown>): Promise<Json> {
	const thrown: unknown = await call.then(() => null).catch((error: unknown) => error);
	const { name, message, $metadata, $response } = thrown as Error & {
		readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
		readonly $response?: { readonly headers: Readonly<Record<string, string>> };
	};
	return { name, message, status: $metadata.httpStatusCode, reason: $response?.headers["playgate-reason"] };
}

describe("the AWS client", () => {
	it("makes a meeting and attendees, lists, changes and deletes them", async () => {
		const client = clientOf(account);
		const made = await client.send(new CreateMeetingCommand(meeting({ TenantIds: ["org-1"] })));
		const MeetingId = made.Meeting?.MeetingId ?? "";
		expect(made.Meeting).toMatchObject({
			TenantIds: ["org-1"],
			MediaPlacement: { SignalingUrl: "wss://signal.chime.example/control" },
		});
		expect((await client.send(new GetMeetingCommand({ MeetingId }))).Meeting).toEqual(made.Meeting);
		const capabilities = { Audio: "SendReceive", Video: "Receive", Content: "Receive" } as const;
		const { Attendee } = await client.send(
			new CreateAttendeeCommand({ MeetingId, ExternalUserId: "ann", Capabilities: capabilities }),
		);
		const AttendeeId = Attendee?.AttendeeId ?? "";
		expect(Attendee).toMatchObject({ ExternalUserId: "ann", Capabilities: capabilities });
		const Attendees = [{ ExternalUserId: "ben" }, { ExternalUserId: "cleo" }];
		expect((await client.send(new BatchCreateAttendeeCommand({ MeetingId, Attendees }))).Attendees).toHaveLength(2);
		expect((await client.send(new ListAttendeesCommand({ MeetingId, MaxResults: 10 }))).Attendees).toHaveLength(3);
		expect((await client.send(new GetAttendeeCommand({ MeetingId, AttendeeId }))).Attendee?.ExternalUserId).toBe("ann");
		const Capabilities = { Audio: "None", Video: "None", Content: "Send" } as const;
		await client.send(new UpdateAttendeeCapabilitiesCommand({ MeetingId, AttendeeId, Capabilities }));
		const ExcludedAttendeeIds = [{ AttendeeId }];
		await client.send(
			new BatchUpdateAttendeeCapabilitiesExceptCommand({ MeetingId, Capabilities, ExcludedAttendeeIds }),
		);
		await client.send(new DeleteAttendeeCommand({ MeetingId, AttendeeId }));
		expect(await failure(client.send(new GetAttendeeCommand({ MeetingId, AttendeeId })))).toMatchObject({
			name: "NotFoundException",
			status: 404,
		});
		await client.send(new DeleteMeetingCommand({ MeetingId }));
		expect(await failure(client.send(new GetMeetingCommand({ MeetingId })))).toMatchObject({
			name: "NotFoundException",
			status: 404,
		});
		expect(aws.forged).toEqual([]);
	});

	it("makes a meeting with attendees in one call", async () => {
		const made = await clientOf(account).send(
			new CreateMeetingWithAttendeesCommand({
				...meeting(),
				Attendees: [{ ExternalUserId: "ann" }, { ExternalUserId: "ben" }],
			}),
		);
		expect(made.Attendees?.map(({ ExternalUserId }) => ExternalUserId)).toEqual(["ann", "ben"]);
	});

	it.each([
		[429, "ThrottlingException"],
		[503, "ServiceUnavailableException"],
		[400, "LimitExceededException"],
		[422, "UnprocessableEntityException"],
	])("gets AWS's own error %s %s as AWS gave it", async (status, code) => {
		aws.failNext({ status, code, message: `AWS says ${code}.`, headers: { "Retry-After": "3" } });
		const failed = await failure(clientOf(account).send(new CreateMeetingCommand(meeting())));
		expect(failed).toEqual({ name: code, message: `AWS says ${code}.`, status, reason: undefined });
	});
});

describe("a call that is not signed by the account", () => {
	const other = { accessKeyId: AWS_KEYS.accessKeyId, secretAccessKey: "another secret key" };
	it.each<[string, ChimeSDKMeetingsClientConfig, Json]>([
		[
			"another secret key",
			{ credentials: other },
			{ name: "ForbiddenException", status: 403, reason: "aws-signature-invalid" },
		],
		[
			"another access key",
			{ credentials: { ...other, accessKeyId: "AKIAOTHER00000000000" } },
			{ name: "ForbiddenException", status: 403, reason: "aws-signature-invalid" },
		],
		[
			"another region",
			{ region: "us-east-1" },
			{ name: "ForbiddenException", status: 403, reason: "aws-signature-invalid" },
		],
		[
			"a clock ten minutes ahead",
			{ systemClockOffset: 600_000 },
			{ name: "RequestTimeTooSkewed", status: 403, reason: "aws-clock-skewed" },
		],
	])("%s", async (_what, config, expected) => {
		const before = aws.calls.length;
		expect(await failure(clientOf(account, config).send(new CreateMeetingCommand(meeting())))).toMatchObject(expected);
		expect(aws.calls.length).toBe(before);
	});

	it("no signature at all", async () => {
		const answer = await ask(`${apiOf(account)}/meetings`, { method: "POST", body: "{}" });
		expect(answer.status).toBe(401);
		expect(answer.headers.get("x-amzn-errortype")).toBe("UnauthorizedException");
		const body = (await answer.json()) as Json;
		expect(body).toMatchObject({ Code: "UnauthorizedException", reason: "aws-signature-required" });
		expect(body["RequestId"]).toBe(answer.headers.get("Playgate-Decision"));
	});

	it("a preflight needs none", async () => {
		const headers = { Origin: "https://page.example", "Access-Control-Request-Method": "POST" };
		const answer = await ask(`${apiOf(account)}/meetings`, { method: "OPTIONS", headers });
		expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "https://page.example"]);
	});

	it("tells the client the time, so that its next call is signed with it", async () => {
		const client = clientOf(account, { systemClockOffset: 600_000 });
		await failure(client.send(new CreateMeetingCommand(meeting())));
		expect((await client.send(new CreateMeetingCommand(meeting()))).Meeting?.MeetingId).toBeDefined();
	});

	it("another account's credentials", async () => {
		const foreign = await openAccount({ access_key_id: "AKIAFOREIGN000000000", secret_access_key: "foreign" });
		expect(await failure(clientOf(foreign).send(new CreateMeetingCommand(meeting())))).toMatchObject({ status: 403 });
	});

	it("an account without credentials", async () => {
		const without = await gate.openAccount();
		expect(await failure(clientOf(without).send(new CreateMeetingCommand(meeting())))).toMatchObject({
			name: "ServiceFailureException",
			reason: "provider-not-configured",
		});
	});
});

describe("what AWS would not take is told before AWS is asked", () => {
	const attendee = (Audio: string, Video: string, Content: string) => ({ Audio, Video, Content });
	it.each<[string, Json, string]>([
		["six TenantIds", { TenantIds: ["t1", "t2", "t3", "t4", "t5", "t6"] }, "TenantIds: must have at most 5 entries"],
		["no TenantId in the list", { TenantIds: [] }, "TenantIds: must name at least one"],
		["a TenantId of one character", { TenantIds: ["t"] }, "TenantIds[0]: must be at least 2 characters"],
		["a TenantId of 257", { TenantIds: ["ab".repeat(128) + "c"] }, "TenantIds[0]: must be at most 256 characters"],
		["a TenantId with a colon", { TenantIds: ["ok", "a:b"] }, "TenantIds[1]: must be of A-Z"],
		["a character four times in a row", { TenantIds: ["abbbbc"] }, "four times in a row"],
		[
			"an ExternalMeetingId of AWS's own",
			{ ExternalMeetingId: "AWS:x" },
			'ExternalMeetingId: must not begin with "aws:"',
		],
		["a token with a dot", { ClientRequestToken: "a.b" }, "ClientRequestToken: must be of A-Z"],
		["a token of one character", { ClientRequestToken: "a" }, "ClientRequestToken: must be at least 2"],
		[
			"MaxCount 251",
			{ MeetingFeatures: { Attendee: { MaxCount: 251 } } },
			"MeetingFeatures.Attendee.MaxCount: must be at most 250",
		],
		["no region", { MediaRegion: undefined }, "MediaRegion: is missing"],
	])("%s", async (_what, wrong, expected) => {
		const before = aws.calls.length;
		const failed = await failure(
			clientOf(account).send(new CreateMeetingCommand(meeting(wrong as Partial<CreateMeetingCommandInput>))),
		);
		expect(failed).toMatchObject({ name: "BadRequestException", status: 400, reason: "bad-request" });
		expect(failed["message"]).toContain(expected);
		expect(aws.calls.length).toBe(before);
	});

	it.each<[string, Json, string]>([
		["a user id of AWS's own", { ExternalUserId: "aws:ann" }, 'ExternalUserId: must not begin with "aws:"'],
		["a user id of one character", { ExternalUserId: "a" }, "ExternalUserId: must be at least 2"],
		["a user id of 65", { ExternalUserId: "a".repeat(65) }, "ExternalUserId: must be at most 64"],
		["two capabilities", { Capabilities: { Audio: "Send", Video: "Send" } }, "Capabilities.Content: is missing"],
		["an unknown capability", { Capabilities: attendee("Both", "Send", "Send") }, "Capabilities.Audio: must be one of"],
		[
			"content received without video",
			{ Capabilities: attendee("Send", "Send", "Receive") },
			"must let Video be received",
		],
		[
			"content both ways without video",
			{ Capabilities: attendee("Send", "None", "SendReceive") },
			"must let Video be received",
		],
	])("of an attendee: %s", async (_what, wrong, expected) => {
		const before = aws.calls.length;
		const input = { MeetingId: "0b0e8a1c-0000-4000-8000-000000000000", ExternalUserId: "ann", ...wrong };
		const failed = await failure(clientOf(account).send(new CreateAttendeeCommand(input)));
		expect(failed).toMatchObject({ name: "BadRequestException", status: 400 });
		expect(failed["message"]).toContain(expected);
		const batch = {
			MeetingId: input.MeetingId,
			Attendees: [{ ExternalUserId: "ben" }, { ExternalUserId: "ann", ...wrong }],
		};
		expect((await failure(clientOf(account).send(new BatchCreateAttendeeCommand(batch))))["message"]).toContain(
			"Attendees[1].",
		);
		expect(aws.calls.length).toBe(before);
	});

	it("as many attendees as one call does not take", async () => {
		const Attendees = Array.from({ length: 101 }, (_, index) => ({ ExternalUserId: `user-${index}` }));
		const batch = new BatchCreateAttendeeCommand({ MeetingId: "0b0e8a1c-0000-4000-8000-000000000000", Attendees });
		expect((await failure(clientOf(account).send(batch)))["message"]).toContain("at most 100 entries");
		const many = new CreateMeetingWithAttendeesCommand({ ...meeting(), Attendees: Attendees.slice(0, 21) });
		expect((await failure(clientOf(account).send(many)))["message"]).toContain("at most 20 entries");
	});
});

describe("the meeting of a session", () => {
	it("is the record's from then on, and clients are sent to the gate", async () => {
		await putSession(
			"room-a",
			{ region: "eu-central-1", app_key: "k", tenant_ids: ["org-1", "org-2"] },
			{ max_participants: 7 },
		);
		const made = await clientOf(account).send(new CreateMeetingCommand(meeting({ ExternalMeetingId: "room-a" })));
		expect(aws.calls.at(-1)?.body).toMatchObject({
			TenantIds: ["org-1", "org-2"],
			MeetingFeatures: { Attendee: { MaxCount: 7 } },
		});
		expect(made.Meeting?.MediaPlacement?.SignalingUrl).toMatch(
			/^ws:\/\/127\.0\.0\.1:\d+\/join\/v1\/chime\/ticket-of-a-join$/,
		);
		expect((await readSession("room-a")).chime).toMatchObject({
			meeting_id: made.Meeting?.MeetingId,
			tenant_ids: ["org-1", "org-2"],
		});
		const { Meeting } = await clientOf(account).send(new GetMeetingCommand({ MeetingId: made.Meeting?.MeetingId }));
		expect(Meeting?.MediaPlacement).toEqual(made.Meeting?.MediaPlacement);
		await clientOf(account).send(new DeleteMeetingCommand({ MeetingId: made.Meeting?.MeetingId }));
		expect((await readSession("room-a")).chime["meeting_id"]).toBeNull();
	});

	it("gives its TenantIds to a record that has none", async () => {
		await putSession("room-b", { app_key: "k" });
		await clientOf(account).send(
			new CreateMeetingCommand(meeting({ ExternalMeetingId: "room-b", TenantIds: ["org-9"] })),
		);
		expect((await readSession("room-b")).chime["tenant_ids"]).toEqual(["org-9"]);
	});

	it.each<[string, Json, Json, string, string]>([
		["other TenantIds", { TenantIds: ["org-1", "org-3"] }, {}, "ConflictException", "chime-session-conflict"],
		[
			"more attendees",
			{ MeetingFeatures: { Attendee: { MaxCount: 8 } } },
			{},
			"ConflictException",
			"chime-session-conflict",
		],
		["a session that has ended", {}, { status: "ended" }, "ForbiddenException", "e2ee-session-ended"],
	])("is refused where the record speaks against: %s", async (_what, wrong, more, name, reason) => {
		await putSession("room-c", { tenant_ids: ["org-1", "org-2"] }, { max_participants: 7, ...more });
		const before = aws.calls.length;
		const input = meeting({ ExternalMeetingId: "room-c", ...wrong });
		expect(await failure(clientOf(account).send(new CreateMeetingCommand(input)))).toMatchObject({ name, reason });
		expect(aws.calls.length).toBe(before);
	});

	it("is not transcribed", async () => {
		await putSession("room-d", {});
		const { Meeting } = await clientOf(account).send(
			new CreateMeetingCommand(meeting({ ExternalMeetingId: "room-d" })),
		);
		const transcribe = new StartMeetingTranscriptionCommand({
			MeetingId: Meeting?.MeetingId,
			TranscriptionConfiguration: { EngineTranscribeSettings: { LanguageCode: "en-US" } },
		});
		expect(await failure(clientOf(account).send(transcribe))).toMatchObject({ name: "ConflictException", status: 409 });
	});
});

describe("the door itself", () => {
	it.each(["GET", "PUT", "DELETE", "PATCH", "HEAD"])("answers %s without a signature as AWS would", async (method) => {
		const answer = await ask(apiOf(account), { method });
		expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([401, "UnauthorizedException"]);
	});

	it("finds the same call below an account that is spelled in another way", async () => {
		const spelled = account.id.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`);
		const client = clientOf(account, { endpoint: apiOf(account).replace(account.id, spelled) });
		const meeting = { MediaRegion: AWS_KEYS.region, ExternalMeetingId: "spelled", ClientRequestToken: "spelled-1" };
		const made = await client.send(new CreateMeetingCommand(meeting));
		expect(made.Meeting?.ExternalMeetingId).toBe("spelled");
	});

	it("never lets a key into the log", () => {
		const log = gate.logLines.join("\n");
		expect(log).toContain("aws-signature-invalid");
		expect(log).not.toContain(AWS_KEYS.secretAccessKey);
		expect(log).not.toContain(AWS_KEYS.accessKeyId);
	});
});
