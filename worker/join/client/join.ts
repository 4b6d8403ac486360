import { refuseSecrets } from "./no-secret.ts";
import { JoinError, errorOf } from "./problem.ts";

export type Role = "subscriber" | "publisheronly" | "publisher" | "moderator";

/** Who joins which session. `token` is the JWT that the publisher's back end signed. */
export interface JoinRequest {
	/** `https://gate.example` */
	readonly gate: string;
	readonly account: string;
	readonly session: string;
	readonly token: string;
	readonly role?: Role;
	/** Shown to the others. */
	readonly name?: string;
	readonly deviceId?: string;
	/** SDK that the application joins with, where the session asks for a least version of it. */
	readonly client?: { readonly sdk: string; readonly version: string; readonly device?: string };
}

/** The gate's answer; times are seconds since the epoch. */
export interface Joined {
	readonly participant_id: string;
	readonly session_id: string;
	readonly provider: "vonage" | "sora" | "chime" | "webrtc";
	readonly role: Role;
	/** `waiting`: in the lobby. */
	readonly status: "admitted" | "waiting";
	readonly expires_at: number;
	readonly ticket: string;
	/** What the provider's SDK joins with; `url` is the room's WebSocket. */
	readonly join: Readonly<Record<string, unknown>> & { readonly url?: string };
	readonly e2ee: {
		readonly required: boolean;
		readonly secret: { readonly min_length: number; readonly max_length: number };
		readonly least_versions: Readonly<Record<string, string>>;
	};
}

/**
 * Asks the gate for a place in a session. The encryption secret has no place in the request: neither this nor the gate lets it pass.
 *
 * @throws JoinError with the gate's reason; `gate-unreachable` where there was no answer
 */
export async function join({
	gate,
	account,
	session,
	token,
	role,
	name,
	deviceId,
	client,
}: JoinRequest): Promise<Joined> {
	const body = { role, name, device_id: deviceId, client }; // JSON leaves out what is undefined
	refuseSecrets(body);
	const path = `/join/v1/accounts/${encodeURIComponent(account)}/sessions/${encodeURIComponent(session)}`;
	return ask(new URL(path, gate), {
		method: "POST",
		headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
		body: JSON.stringify(body),
	});
}

/** Redeems or renews: the same answer as `join`, with the next ticket. A token of the same holder moves the end of the stay. */
export async function renew(gate: string, ticket: string, token?: string): Promise<Joined> {
	const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
	return ask(participantUrl(gate, ticket), { method: "POST", headers });
}

/** Gives the place back. `keepalive` lets it go out while the page closes. */
export async function leave(gate: string, ticket: string): Promise<void> {
	await answerOf(participantUrl(gate, ticket), { method: "DELETE", keepalive: true });
}

const participantUrl = (gate: string, ticket: string): URL => new URL(`/join/v1/participants/${ticket}`, gate);

async function ask(url: URL, request: RequestInit): Promise<Joined> {
	const answer = await answerOf(url, request);
	return (await answer.json()) as Joined;
}

async function answerOf(url: URL, request: RequestInit): Promise<Response> {
	// Nothing of a join belongs into the Referer of what the page loads later, and no cache may hold it.
	const polite: RequestInit = { ...request, cache: "no-store", referrerPolicy: "no-referrer" };
	const answer = await fetch(url, polite).catch((cause: unknown) => {
		throw new JoinError("gate-unreachable", "The gate cannot be reached.", { details: { cause: String(cause) } });
	});
	if (!answer.ok) throw await errorOf(answer);
	return answer;
}
