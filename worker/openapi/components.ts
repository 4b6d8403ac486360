import { actionSchema, conditionsSchema } from "../catalog/delivery-schema.ts";
import { e2eeSessionSchema } from "../catalog/e2ee-session-schema.ts";
import { playlistSchema } from "../catalog/playlist-record.ts";
import { credentialSchemas, joinWebhookSchema } from "../catalog/provider-credentials-schema.ts";
import { rightSchema } from "../catalog/right-schema.ts";
import { accountSettingsSchema } from "../catalog/settings-schema.ts";
import { idSchema, videoSchema } from "../catalog/video-schema.ts";
import { joinSchema } from "../join/asked.ts";
import { deviceSchema } from "../management/devices.ts";
import { keyBodySchema } from "../management/keys.ts";
import { revocationSchema } from "../management/revocations.ts";
import { managementTokenSchema } from "../management/tokens.ts";
import { clearKeySchema } from "../playback/clear-key.ts";
import { heartbeatSchema } from "../playback/stream-sessions.ts";
import { type JsonSchema, one, record, ref, string } from "./operation.ts";
import { answerSchemas } from "./answers.ts";
import { schemaOf } from "./schemas.ts";

/** What users write: generated from the schemas that validate it. */
const requestSchemas: Readonly<Record<string, JsonSchema>> = {
	Id: schemaOf(idSchema),
	Settings: schemaOf(accountSettingsSchema),
	KeyBody: schemaOf(keyBodySchema),
	RevocationBody: schemaOf(revocationSchema),
	ManagementTokenBody: schemaOf(managementTokenSchema),
	Video: schemaOf(videoSchema),
	Playlist: schemaOf(playlistSchema),
	PlaybackRight: schemaOf(rightSchema),
	Action: schemaOf(actionSchema),
	Conditions: schemaOf(conditionsSchema),
	E2eeSession: schemaOf(e2eeSessionSchema),
	ProviderCredentials: { anyOf: Object.values(credentialSchemas).map((schema) => schemaOf(schema)) },
	JoinWebhook: schemaOf(joinWebhookSchema),
	DeviceBody: schemaOf(deviceSchema),
	JoinBody: schemaOf(joinSchema),
	HeartbeatBody: schemaOf(heartbeatSchema),
	ClearKeyRequest: schemaOf(clearKeySchema),
};

const refusal = (members: Readonly<Record<string, JsonSchema>>): JsonSchema =>
	record({
		...members,
		message: { type: "string", description: "What was wrong and what to do, for a person." },
		reason: { type: "string", description: "Stable, as in docs/reasons.md and in the header Playgate-Reason." },
		decision_id: string,
	});

const codes = { error_code: string, error_subcode: string };

const refusalSchemas: Readonly<Record<string, JsonSchema>> = {
	Refusal: refusal(codes),
	Refusals: one(ref("Refusal")),
	LicenseRefusals: one(refusal({ error: string, ...codes })),
	Problem: {
		...record({
			type: string,
			title: string,
			status: { type: "integer" },
			detail: string,
			reason: string,
			decision_id: string,
		}),
		description: "RFC 9457. The reason is stable, as in docs/reasons.md; some add members of their own.",
	},
	SessionRefusal: record({ error: refusal({ code: string, sub_code: string }) }),
};

const refused = (schema: string, type = "application/json"): JsonSchema => ({
	description: "Refused.",
	headers: {
		"Playgate-Decision": { description: "Id of the decision, as in the log.", schema: string },
		"Playgate-Reason": { description: "As in docs/reasons.md.", schema: string },
	},
	content: { [type]: { schema: ref(schema) } },
});

export const components: JsonSchema = {
	schemas: { ...requestSchemas, ...answerSchemas, ...refusalSchemas },
	responses: {
		Refusals: refused("Refusals"),
		LicenseRefusals: refused("LicenseRefusals"),
		SessionRefusal: refused("SessionRefusal"),
		Problem: refused("Problem", "application/problem+json"),
	},
	securitySchemes: {
		tokenBearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
		tokenHeader: { type: "apiKey", in: "header", name: "BCOV-Auth" },
		tokenQuery: { type: "apiKey", in: "query", name: "bcov_auth" },
		tokenCookie: { type: "apiKey", in: "cookie", name: "bcov-auth" },
		managementBearer: {
			type: "http",
			scheme: "bearer",
			description: "ADMIN_TOKEN, or a management token of the account.",
		},
		access: { type: "apiKey", in: "header", name: "Cf-Access-Jwt-Assertion", description: "Cloudflare Access." },
	},
};
