import { randomBytes } from "node:crypto";
import { sha256 } from "../hash.ts";

/** `p_` and 22 characters of base64url: 128 random bits. */
export const newParticipantId = (): string => `p_${randomBytes(16).toString("base64url")}`;

/** The one that a provider's connection has, however often it is asked about. */
export const participantIdOf = (...connection: readonly string[]): string =>
	`p_${sha256(JSON.stringify(connection)).slice(0, 22)}`;
