import type { Decision } from "../decision/decision.ts";
import { deviceNameOf } from "../delivery/device-name.ts";

/** Gives those of a refusal's conflicts a name whose device nobody has named. */
export function withDeviceNames<T>(answer: Decision<T>): Decision<T> {
	if (answer.allowed || !("conflicts" in answer.refusal) || !answer.refusal.conflicts) return answer;
	const conflicts = answer.refusal.conflicts.map((conflict) => ({
		...conflict,
		deviceName: conflict.deviceName ?? deviceNameOf(conflict.userAgent),
	}));
	return { allowed: false, refusal: { ...answer.refusal, conflicts } };
}
