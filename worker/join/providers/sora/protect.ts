import type { Account } from "../../../catalog/catalog.ts";
import { ID_PATTERN } from "../../../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { isSameSecret } from "../../../hash.ts";
import { type SoraCredentials, soraCredentials } from "./credentials.ts";

/** What the platform tells of a client's certificate; the header of a trusted proxy tells it where there is no platform. */
const CERTIFICATE_HEADER = "X-Client-Certificate-SHA256";

/** The account that a webhook's call is for. */
export interface WebhookCaller {
	readonly account: Account;
}

/**
 * Whether a call of a webhook comes from the account's Sora, which signs nothing: the secret in the path, and Basic authentication and the
 * client's certificate where the account wants them. Whoever does not know the secret learns nothing, not even whether there is one.
 */
export async function judgeCaller(exchange: Exchange, id: string, secret: string): Promise<Decision<WebhookCaller>> {
	const { gate, nowMs, told } = exchange;
	const account = ID_PATTERN.test(id) ? await gate.catalog.account(id, nowMs) : null;
	const credentials = account && (await soraCredentials(gate, account, nowMs));
	const isKnown = isSameSecret(secret, credentials?.auth_webhook_secret ?? NEVER);
	if (!account || !credentials || !isKnown) return refuse({ reason: "resource-not-found" });
	told.account = account;
	const fault = basicFault(exchange, credentials) ?? certificateFault(exchange, credentials);
	return fault === null ? allow({ account }) : refuse({ reason: "webhook-caller-refused", detail: fault });
}

/** No path has it. */
const NEVER = "/";

function basicFault({ headers }: Exchange, { basic_auth: wanted }: SoraCredentials): string | null {
	if (!wanted) return null;
	const expected = Buffer.from(`${wanted.user}:${wanted.password}`, "utf8").toString("base64");
	const [, given = ""] = /^Basic +([\w+/=-]+) *$/i.exec(headers.get("Authorization") ?? "") ?? [];
	return isSameSecret(given, expected) ? null : "its Basic credentials are missing or wrong";
}

function certificateFault(
	exchange: Exchange,
	{ client_certificate_fingerprints: wanted }: SoraCredentials,
): string | null {
	if (wanted.length === 0) return null;
	const given = certificateOf(exchange);
	return given !== null && wanted.some((one) => isSameSecret(given, one))
		? null
		: "its client certificate is missing or unknown";
}

/** SHA-256 of the certificate that the client has proved to have, in hex. It is pinned, so who has issued it does not matter. */
function certificateOf({ request, headers, gate }: Exchange): string | null {
	const claimed = gate.settings.trustClientHeaders ? headers.get(CERTIFICATE_HEADER) : null;
	const { tlsClientAuth } = (request.cf ?? {}) as Partial<IncomingRequestCfProperties>;
	const isPresented = tlsClientAuth?.certPresented === "1" && tlsClientAuth.certRevoked !== "1";
	const given = claimed ?? (isPresented ? tlsClientAuth.certFingerprintSHA256 : null);
	return given?.replaceAll(":", "").toLowerCase() ?? null;
}
