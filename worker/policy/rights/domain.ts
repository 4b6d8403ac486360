import { canonicalHost } from "../../catalog/right-schema.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { CompiledRight, Domains } from "./compiled.ts";
import type { RightFacts } from "./facts.ts";

/**
 * The domain of the page (reference: brightcove 5.3, step 4). A request that names no page is in no list: blocked domains let
 * it pass, allowed ones do not.
 */
export function judgeDomain({ allowedDomains, blockedDomains }: CompiledRight, facts: RightFacts): Decision {
	if (allowedDomains.isEmpty && blockedDomains.isEmpty) return allow();
	const domain = hostOf(facts.origin) ?? hostOf(facts.referer);
	if (domain !== null && holds(blockedDomains, domain)) return refuse({ reason: "rights-domain-blocked", domain });
	if (allowedDomains.isEmpty || (domain !== null && holds(allowedDomains, domain))) return allow();
	return refuse({ reason: "rights-domain-not-allowed", domain });
}

/** No name of the DNS is longer (RFC 1035 2.3.4); what is told and logged of a request has an end. */
const MOST_HOST_CHARACTERS = 253;

/** The host of `Origin` or `Referer`. Null where there is none: an opaque origin is sent as "null", which is no URL. */
function hostOf(header: string | null): string | null {
	if (header === null || !URL.canParse(header)) return null;
	const host = canonicalHost(new URL(header).hostname);
	return host === "" || host.length > MOST_HOST_CHARACTERS ? null : host;
}

/** A host matches itself only; `*.` before it matches its subdomains, at any depth, and not itself. */
function holds({ hosts, parents }: Domains, host: string): boolean {
	if (hosts.has(host)) return true;
	if (parents.size === 0) return false;
	for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
		if (parents.has(host.slice(dot + 1))) return true;
	}
	return false;
}
