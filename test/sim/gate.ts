import type { Admissions } from "../../worker/limits/admissions.ts";
import { type LimitsNamespace, askLimits } from "../../worker/limits/client.ts";
import {
	type AdmitAnswer,
	type AdmitRequest,
	type Limits,
	type Wired,
	unwire,
	wire,
} from "../../worker/limits/contract.ts";
import { decide } from "../../worker/limits/decide.ts";
import type { MemoryState } from "./memory-state.ts";
import { type Network, SimulatedObject } from "./platform.ts";
import type { Timeline } from "./timeline.ts";

/** Milliseconds since the epoch at which every run begins, for what reads like a clock. */
export const EPOCH = Date.UTC(2030, 0, 1);

type WiredAsk = Wired<AdmitRequest>;
type WiredAnswer = Wired<AdmitAnswer>;
export type LimitsObject = SimulatedObject<WiredAsk, WiredAnswer>;
export type { LimitsNamespace };

/** A limits object: the gate's own decisions, on a state in memory. `watch` sees each, and throws when it must not be. */
export function limitsObject(
	timeline: Timeline,
	state: MemoryState,
	watch: (request: AdmitRequest, answer: AdmitAnswer, nowMs: number) => void,
): LimitsObject {
	return new SimulatedObject<WiredAsk, WiredAnswer>(timeline, (inCommit) => (ask) => {
		const request = unwire<AdmitRequest>(ask);
		return inCommit((nowMs) => {
			const answer = decide(state, request, EPOCH + nowMs);
			watch(request, answer, nowMs);
			return wire(answer);
		});
	});
}

/** Asks an object as a Worker does, with the gate's own client: one retry where it helps, else the account's `deny`. */
export function askObject(
	network: Network,
	roundTripMs: number,
	object: LimitsObject,
	request: AdmitRequest,
): Promise<AdmitAnswer> {
	const stub = { admit: (ask: WiredAsk) => network.call(roundTripMs, object, ask) };
	const namespace = { getByName: () => stub } as unknown as LimitsNamespace;
	return askLimits(namespace, "", request, "deny", () => {});
}

/** "allowed", or the reason. */
export const verdict = (answer: AdmitAnswer): string => (answer.allowed ? "allowed" : answer.refusal.reason);

interface Asked {
	readonly id: string;
	readonly limits: Limits;
	readonly client: number;
	readonly use?: boolean;
	readonly intent?: "start" | "renew";
	/** Session, and its start where a grant names it. */
	readonly session?: { readonly key: string; readonly startedAt?: number };
}

/** The request for a client, which has an address and a device of its own. */
export function requestOf({ id, limits, client, use = false, intent = "start", session }: Asked): AdmitRequest {
	const address = `10.${(client >> 16) & 255}.${(client >> 8) & 255}.${client & 255}`;
	return {
		id,
		intent,
		use,
		counting: "requests",
		dryRun: false,
		token: { id: "token", expiresAt: EPOCH + 86_400_000 },
		limits,
		client: { address, userAgent: "Player/1.0", device: `device-${client}` },
		session: session
			? {
					key: session.key,
					ownKey: session.key,
					...(session.startedAt === undefined ? {} : { startedAt: session.startedAt }),
					video: "final",
					ttlSeconds: 90,
				}
			: null,
	};
}

/** An isolate: where it is, and what it remembers. */
export interface Isolate {
	readonly roundTripMs: number;
	readonly admissions: Admissions;
}
