import type { Participant, Seated } from "./contract.ts";
import type { Member } from "./state.ts";

export const seated = ({ participant, ticket }: Seated): Seated => ({ participant: shown(participant), ticket });

/** Without what only the room needs to know. */
export function shown(member: Member | Participant): Participant {
	const { id, name, role, status, uid, tokenId, device, sdk, version, joinedAt, expiresAt, because, provider } = member;
	const known = { id, name, role, status, uid, tokenId, device, sdk, version, joinedAt, expiresAt, because, provider };
	return { ...known, goneAt: member.goneAt ?? null };
}
