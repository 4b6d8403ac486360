// What applications import as "playgate/client": no dependency, and nothing of the gate's own code.
export {
	LEAST_SECRET_LENGTH,
	MOST_SECRET_LENGTH,
	type SecretProblem,
	checkSecret,
	secretProblemInWords,
} from "./secret.ts";
export {
	SECRET_ERRORS,
	type SecretError,
	type SecretFault,
	type SecretPlatform,
	secretFaultOf,
} from "./secret-errors.ts";
export { SECRET_NAMES, refuseSecrets } from "./no-secret.ts";
export { JoinError } from "./problem.ts";
export { type JoinRequest, type Joined, type Role, join, leave, renew } from "./join.ts";
export { type PageTicket, takeTicket } from "./ticket.ts";
export { Room, type RoomEvents, type RoomMessage } from "./room.ts";
export { Call, type CallEvents, type CallSetup, type Other } from "./call.ts";
export { FrameEncryption } from "./frames/encryption.ts";
export type { FrameEvent } from "./frames/messages.ts";
export type { Undecryptable } from "./frames/cipher.ts";
export { connectedToPinned, fingerprintsOf, matchesPinned } from "./fingerprint.ts";
