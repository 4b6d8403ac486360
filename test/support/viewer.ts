import { env } from "cloudflare:workers";
import { type AdmitAnswer, type AdmitRequest, type Limits, unwire, wire } from "../../worker/limits/contract.ts";
import type { DeviceOwner } from "../../worker/limits/device-contract.ts";
import type { ViewerLimits } from "../../worker/limits/viewer-limits.ts";

/** Alarms set for the past fire at once, so tests that hold the clock live far in the future. */
export const EPOCH = Date.UTC(2100, 0, 1);

let viewers = 0;

export interface Asked {
	readonly id?: string;
	readonly intent?: AdmitRequest["intent"];
	readonly use?: boolean;
	readonly counting?: AdmitRequest["counting"];
	readonly dryRun?: boolean;
	readonly token?: string;
	/** End of the token; a day after the epoch when it is not given. */
	readonly expiresAt?: number;
	readonly limits?: Limits;
	readonly address?: string;
	readonly agent?: string;
	readonly device?: string;
	/** Session of the grant, if any, with its start. */
	readonly granted?: { readonly key: string; readonly startedAt: number };
	/** The session that the request's own facts make; null for none. */
	readonly session?: string | null;
	readonly ttlSeconds?: number;
	readonly noteAfterMs?: number;
	readonly owner?: DeviceOwner;
	readonly ipCounting?: "sessions";
	readonly grantedTo?: string;
	readonly listConflicts?: true;
	readonly endSession?: string;
	readonly shared?: true;
}

export interface Viewer {
	readonly stub: DurableObjectStub<ViewerLimits>;
	readonly ask: (asked: Asked) => Promise<AdmitAnswer>;
}

/** The limits object of a viewer nobody else asks about. */
export function newViewer(): Viewer {
	viewers += 1;
	const namespace = env.VIEWER_LIMITS;
	const name = `test/viewer-${viewers}`;
	return {
		get stub() {
			return namespace.getByName(name); // a stub is broken after its object was evicted
		},
		ask: async (asked) => unwire<AdmitAnswer>(await namespace.getByName(name).admit(wire(requestOf(asked)))),
	};
}

/** What the object is sent. */
export function requestOf(asked: Asked): AdmitRequest {
	const { address = "203.0.113.1", agent = "Player/1.0", session = "own" } = asked;
	return {
		id: asked.id ?? crypto.randomUUID(),
		intent: asked.intent ?? "start",
		use: asked.use ?? false,
		counting: asked.counting ?? "requests",
		dryRun: asked.dryRun ?? false,
		token: { id: asked.token ?? "token-1", expiresAt: asked.expiresAt ?? EPOCH + 86_400_000 },
		limits: asked.limits ?? {},
		client: { address, userAgent: agent, device: asked.device ?? `${agent} at ${address}` },
		...(asked.owner ? { owner: asked.owner } : {}),
		...(asked.ipCounting ? { ipCounting: asked.ipCounting } : {}),
		...(asked.grantedTo === undefined ? {} : { grantedTo: asked.grantedTo }),
		...(asked.shared ? { shared: true } : {}),
		...(asked.listConflicts ? { listConflicts: true } : {}),
		...(asked.endSession === undefined ? {} : { endSession: asked.endSession }),
		session:
			session === null
				? null
				: {
						key: asked.granted?.key ?? session,
						ownKey: session,
						...(asked.granted ? { startedAt: asked.granted.startedAt } : {}),
						video: "clip",
						ttlSeconds: asked.ttlSeconds ?? 90,
						noteAfterMs: asked.noteAfterMs ?? 0,
					},
	};
}

/** "allowed", or the reason. */
export function verdict(answer: AdmitAnswer): string {
	return answer.allowed ? "allowed" : answer.refusal.reason;
}

/** The session that an answer admitted. */
export function sessionOf(answer: AdmitAnswer): { readonly key: string; readonly startedAt: number } {
	if (!answer.allowed || !answer.value.session) throw new Error(`no session: ${verdict(answer)}`);
	return answer.value.session;
}
