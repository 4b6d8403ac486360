import { CONNECTION } from "./contract.ts";
import type { Member } from "./state.ts";

/** What a client that a door carries sends to another one, through the control sockets of both. `data` is the door's own. */
export interface Mail {
	/** What the provider calls the other connection. */
	readonly to: string;
	readonly data: string;
}

/** What comes to a door: from another client of the session, or its own back, where the room has nobody of that name. */
export type Delivery =
	| { readonly from: string; readonly data: string }
	| { readonly returned: string; readonly data: string };

const MOST_MAIL_CHARACTERS = 131_072;

/** Who gets it, and what; null where it is none. One whose own name is not known yet has its mail back. */
export function route(
	members: ReadonlyMap<string, Member>,
	sender: string,
	text: string,
): { readonly participant: string; readonly delivery: Delivery } | null {
	const mail = readMail(text);
	if (!mail) return null;
	const { to, data } = mail;
	const from = members.get(sender)?.provider[CONNECTION];
	const receiver = [...members.values()].find(
		({ status, via, provider }) => status === "connected" && via === "socket" && provider[CONNECTION] === to,
	);
	return receiver && typeof from === "string"
		? { participant: receiver.id, delivery: { from, data } }
		: { participant: sender, delivery: { returned: to, data } };
}

function readMail(text: string): Mail | null {
	if (text.length > MOST_MAIL_CHARACTERS) return null;
	try {
		const { to, data } = JSON.parse(text) as Partial<Record<keyof Mail, unknown>>;
		return typeof to === "string" && typeof data === "string" ? { to, data } : null;
	} catch {
		return null;
	}
}
