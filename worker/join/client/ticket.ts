/** What the gate put into the fragment of the session's page. */
export interface PageTicket {
	readonly ticket: string;
	readonly participant: string;
}

/**
 * Takes the ticket out of the page's address: it is gone from there before anything else runs, so that neither history nor a copied link
 * holds it. Null when there is none. Other parts of the fragment stay.
 */
export function takeTicket(page: Pick<Window, "location" | "history"> = window): PageTicket | null {
	const parts = page.location.hash.slice(1).split("&");
	const named = new URLSearchParams(parts.join("&"));
	const [ticket, participant] = [named.get("ticket"), named.get("participant")];
	if (ticket === null || participant === null) return null;
	const rest = parts.filter((part) => !/^(?:ticket|participant)=/.test(part)).join("&");
	const { pathname, search } = page.location;
	page.history.replaceState(page.history.state, "", `${pathname}${search}${rest === "" ? "" : `#${rest}`}`);
	return { ticket, participant };
}
