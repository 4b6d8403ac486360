import { randomBytes } from "node:crypto";

/** `p_` and 22 characters of base64url: 128 random bits. */
export const newParticipantId = (): string => `p_${randomBytes(16).toString("base64url")}`;
