import ipaddr from "ipaddr.js";

/** `candidate:` and RFC 8839 section 5.1; names of transports and types are case-insensitive. */
const CANDIDATE =
	/^candidate:[A-Za-z0-9+/]{1,32} (\d{1,3}) (?:udp|tcp|ssltcp) (\d{1,10}) ([!-~]{1,255}) (\d{1,5}) typ (?:host|srflx|prflx|relay)((?: [!-~]+ [!-~]+)*)$/i;
const NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)*[A-Za-z0-9-]{0,62}$/;
const UFRAG = / ufrag ([A-Za-z0-9+/]{4,256})(?: |$)/;
export const MOST_CANDIDATE_LENGTH = 1024;
const MOST_PRIORITY = 2 ** 32 - 1;
const MOST_PORT = 65_535;

/** What is wrong with the value of `a=candidate` and its name, or null. */
export function candidateFault(text: string): string | null {
	if (text.length > MOST_CANDIDATE_LENGTH) return `a candidate is longer than ${MOST_CANDIDATE_LENGTH} characters`;
	const [found, component, priority, address = "", port] = CANDIDATE.exec(text) ?? [];
	if (found === undefined) return "a candidate is not of the form of RFC 8839";
	if (Number(component) > 256) return "the component of a candidate is above 256";
	if (Number(priority) > MOST_PRIORITY) return "the priority of a candidate is above 2^32 - 1";
	if (Number(port) > MOST_PORT) return "the port of a candidate is above 65535";
	// One client library writes IPv6 in brackets, as a browser tells it the address.
	const plain = /^\[([0-9A-Fa-f:.]+)\]$/.exec(address)?.[1] ?? address;
	if (!ipaddr.isValid(plain) && !NAME.test(plain)) return "the address of a candidate is neither an address nor a name";
	return null;
}

/** The ICE user fragment that a candidate names as its generation, if it names one. */
export const ufragOf = (candidate: string): string | null => UFRAG.exec(candidate)?.[1] ?? null;
