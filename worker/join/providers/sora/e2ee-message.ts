/** A message between the end-to-end encryption of two clients: who has sent it to whom. What it says is theirs. */
export interface E2eeMessage {
	readonly from: string;
	readonly to: string;
}

/** type:8, reserved:8, length:16, source:26 characters, destination:26 characters (reference: rtc 2.3). */
const ID_CHARACTERS = 26;
const SOURCE_AT = 4;
const DESTINATION_AT = SOURCE_AT + ID_CHARACTERS;
const HEADER_BYTES = DESTINATION_AT + ID_CHARACTERS;
/** The header, the longest of the fixed parts, and a ciphertext of the length that 16 bits can tell. */
const MOST_BYTES = HEADER_BYTES + 128 + 65_535;
/** Base32 today, which is Sora's own matter. */
const CONNECTION_ID = /^[!-~]{26}$/;

/** Null: it is none. */
export function readE2eeMessage(data: ArrayBuffer): E2eeMessage | null {
	if (data.byteLength < HEADER_BYTES || data.byteLength > MOST_BYTES) return null;
	const [from, to] = [SOURCE_AT, DESTINATION_AT].map((at) => Buffer.from(data, at, ID_CHARACTERS).toString("latin1"));
	if (from === undefined || to === undefined) return null;
	return CONNECTION_ID.test(from) && CONNECTION_ID.test(to) ? { from, to } : null;
}
