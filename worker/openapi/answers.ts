import { type JsonSchema, boolean, integer, listOf, nullable, record, ref, string } from "./operation.ts";

const idsOf = (name: string): JsonSchema =>
	record({ [name]: listOf(record({ id: ref("Id") })), cursor: nullable(string) });
/** A record as it is stored: what was written, with its defaults. Its secrets are masked. */
const stored = (members: Readonly<Record<string, JsonSchema>> = {}): JsonSchema =>
	record({ id: ref("Id"), ...members });
const ofAccount = { account_id: ref("Id"), name: string, created_at: string, updated_at: string };

const device = { created_at: integer, updated_at: integer, name: string, user_agent: string };
const participant = {
	id: string,
	name: nullable(string),
	role: ref("JoinRole"),
	status: { enum: ["waiting", "admitted", "connected", "away", "gone"] },
	uid: nullable(string),
	joined_at: integer,
	expires_at: integer,
	because: nullable(string),
	gone_at: nullable(integer),
};
const managementToken = {
	id: string,
	name: string,
	scopes: listOf(string),
	created_at: integer,
	created_by: string,
	expires_at: nullable(integer),
	last_used_at: nullable(integer),
};

/** A record of which the API tells the names of its members only. */
const sealed = { members: listOf(string), created_at: string, updated_at: string };

/** What the gate answers. Members that are not named here may be there too. */
export const answerSchemas: Readonly<Record<string, JsonSchema>> = {
	Key: record({
		id: ref("Id"),
		type: { const: "public" },
		algorithm: { enum: ["rsa", "ec"] },
		value: { type: "string", description: "Base64 of the SPKI DER." },
		created_at: string,
		createdAt: string,
	}),
	BlacklistedToken: record({ token: string }),
	Revocation: record({ kind: string, created_at: integer, expires_at: nullable(integer) }),
	ManagementToken: record(managementToken),
	NewManagementToken: record({ ...managementToken, token: { type: "string", description: "The bearer token." } }),
	StoredVideo: stored(ofAccount),
	VideoIds: idsOf("videos"),
	StoredPlaylist: stored({ ...ofAccount, video_ids: listOf(string) }),
	PlaylistIds: idsOf("playlists"),
	StoredE2eeSession: stored({
		account_id: ref("Id"),
		name: string,
		provider: string,
		status: { enum: ["open", "locked", "ended"] },
		status_changed_at: { type: "integer", description: "Milliseconds since 1970." },
	}),
	E2eeSessions: record({
		e2ee_sessions: listOf(
			record({
				id: ref("Id"),
				name: nullable(string),
				provider: nullable(string),
				starts_at: { ...nullable(integer), description: "Seconds since 1970." },
				ends_at: { ...nullable(integer), description: "Seconds since 1970." },
				max_participants: nullable(integer),
				status: { enum: ["open", "locked", "ended", null] },
				participants: { ...nullable(integer), description: "Those who are in; null when the room cannot be reached." },
				waiting: { ...nullable(integer), description: "Those who are in the lobby." },
			}),
		),
		cursor: nullable(string),
	}),
	StoredProvider: record({ provider: string, ...sealed }),
	StoredJoinWebhook: record({ url: string, ...sealed }),
	StoredPlaybackRight: stored({ name: string, is_default: boolean }),
	StoredAction: stored({ properties: { type: "object" } }),
	DeliveryRules: record({ conditions: ref("Conditions"), actions: listOf(ref("StoredAction")) }),
	PlayableVideo: {
		...record({ id: ref("Id"), account_id: ref("Id"), name: string, tags: listOf(string) }),
		description: "The video as Brightcove's Playback API returns it. Without sources it names why in errors.",
	},
	PlayablePlaylist: record({
		id: ref("Id"),
		account_id: ref("Id"),
		name: string,
		video_ids: listOf(string),
		videos: listOf(ref("PlayableVideo")),
	}),
	ClearKeys: record({
		keys: listOf(record({ kty: { const: "oct" }, kid: string, k: string })),
		type: { const: "temporary" },
	}),
	JoinRole: { enum: ["subscriber", "publisheronly", "publisher", "moderator"] },
	Join: record({
		participant_id: string,
		session_id: ref("Id"),
		provider: string,
		role: ref("JoinRole"),
		status: { enum: ["admitted", "waiting"] },
		expires_at: { type: "integer", description: "Seconds since 1970." },
		ticket: { type: "string", description: "Opens the connection, once." },
		join: { type: "object", description: "What the provider's client joins with." },
		e2ee: record({
			required: boolean,
			secret: record({ min_length: integer, max_length: integer }),
			least_versions: { type: "object", additionalProperties: string },
		}),
	}),
	ParticipantStatus: record({
		participant_id: string,
		session_id: ref("Id"),
		role: ref("JoinRole"),
		status: participant.status,
		because: nullable(string),
		expires_at: integer,
	}),
	Participant: record(participant),
	Participants: record({ session_id: ref("Id"), status: string, participants: listOf(ref("Participant")) }),
	SessionStatus: record({ session_id: ref("Id"), status: { enum: ["open", "locked", "ended"] } }),
	Heartbeat: record({
		current: integer,
		max: integer,
		heartbeat_interval: { type: "integer", description: "Milliseconds." },
	}),
	StreamSession: record({
		session_id: string,
		end_viewer_id: string,
		last_seen: { type: "integer", description: "Milliseconds since 1970." },
		stopped: boolean,
	}),
	Session: record({
		session_id: string,
		end_viewer_id: string,
		video: string,
		started_at: integer,
		last_seen: integer,
		stopped: boolean,
		ended_by: nullable(string),
	}),
	Execution: record({ execution_id: string, executionID: string }),
	ExecutionStatus: record({ state: { enum: ["SUCCEEDED", "processing", "failed"] }, status: string }),
	Report: record({ report_url: string, expiration_time: integer, signedURL: string, expirationTime: integer }),
	Decisions: record({ decisions: listOf({ type: "object" }), cursor: nullable(string) }),
	Device: record({ id: string, ...device }),
	AccountDevices: record({
		metadata: record({
			page: integer,
			per_page: integer,
			page_count: integer,
			total_count: integer,
			Links: listOf({ type: "object", additionalProperties: string }),
		}),
		records: listOf(record({ account_id: string, user_id: string, device: string, ...device })),
	}),
};
