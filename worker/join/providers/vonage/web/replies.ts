import type { Refusal } from "../../../../decision/refusals.ts";
import { wireError } from "../../../../decision/wire.ts";
import { RUMOR, type RumorFrame, writeRumor } from "./rumor.ts";

const TRANSACTION = "TRANSACTION-ID";

/** Status and reason by which the client's SDK knows what was refused; others hear 403 and the gate's own reason (reference: rtc 1.4). */
const KNOWN: Readonly<Partial<Record<Refusal["reason"], readonly [status: string, reason: string]>>> = {
	"e2ee-session-full": ["1027", "connectionLimitExceeded"],
	"vonage-connection-limit": ["1027", "connectionLimitExceeded"],
	"bad-request": ["400", "bad-request"],
	"encryption-secret-sent": ["400", "encryption-secret-sent"],
};
const WITHOUT_ENCRYPTION = ["405", "IncompatibleEncryptionSettings"] as const;
const CONNECTION = "a connection";

/** The answer to a message that was not passed on. Null where the message asks for none. */
export function refusalFrame(asked: RumorFrame, refusal: Refusal, from: string): Uint8Array | null {
	const transaction = asked.headers.get(TRANSACTION);
	if (transaction === undefined) return null;
	const { reason: own, message } = wireError(refusal, "problem");
	const isMedia = refusal.reason === "vonage-encryption-missing" && refusal.what !== CONNECTION;
	const [status, reason] = isMedia ? WITHOUT_ENCRYPTION : (KNOWN[refusal.reason] ?? ["403", own]);
	return writeRumor({
		type: RUMOR.status,
		addresses: [],
		headers: new Map([
			[TRANSACTION, transaction],
			["STATUS", status],
			["X-TB-FROM-ADDRESS", from],
		]),
		data: JSON.stringify({ reason, message }),
	});
}

/** Tells a client that its connection was ended: it reports `sessionDisconnected` with the reason `forceDisconnected`. */
export function disconnectedFrame(session: string, connectionId: string, from: string): Uint8Array {
	const uri = `${session}/connection/${connectionId}`;
	return writeRumor({
		type: RUMOR.message,
		addresses: [session],
		headers: new Map([
			["Content-Type", "application/x-raptor+v2"],
			["X-TB-FROM-ADDRESS", from],
		]),
		data: JSON.stringify({ method: "deleted", uri, content: {}, reason: "forceDisconnected" }),
	});
}
