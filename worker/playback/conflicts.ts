import type { AdmitAnswer } from "../limits/contract.ts";
import { deviceNameOf } from "../delivery/device-name.ts";

/** Gives those of a refusal's conflicts a name whose device nobody has named. */
export function withDeviceNames(answer: AdmitAnswer): AdmitAnswer {
	if (answer.allowed || !("conflicts" in answer.refusal) || !answer.refusal.conflicts) return answer;
	const conflicts = answer.refusal.conflicts.map((conflict) => ({
		...conflict,
		deviceName: conflict.deviceName ?? deviceNameOf(conflict.userAgent),
	}));
	return { ...answer, refusal: { ...answer.refusal, conflicts } };
}
