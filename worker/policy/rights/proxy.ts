import type { ProxyType } from "../../catalog/right-schema.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { CompiledRight } from "./compiled.ts";
import type { Geo, RightFacts } from "./facts.ts";

/** What `request.cf.country` says of Tor's exits. */
const TOR = "T1";

/**
 * Networks that let machines, not people. The platform tells no kind of proxy, so this is what stands for "hosting"
 * unless a trusted proxy tells better: Amazon, Google Cloud, Microsoft, Oracle, Alibaba, Tencent, DigitalOcean, OVH, Hetzner,
 * Akamai (Linode), Vultr, Contabo, Leaseweb, Scaleway, M247, Datacamp.
 */
const HOSTING_NETWORKS: ReadonlySet<number> = new Set([
	16_509, 14_618, 396_982, 8075, 31_898, 45_102, 132_203, 14_061, 16_276, 24_940, 63_949, 20_473, 51_167, 60_781,
	12_876, 9009, 60_068, 212_238,
]);

/** Refuses a client that comes through a blocked kind of proxy (reference: brightcove 5.3, step 3). */
export function judgeProxy({ blockedProxies }: CompiledRight, { geo }: RightFacts): Decision {
	const type = blockedProxies.find((blocked) => comesThrough(geo, blocked));
	return type === undefined ? allow() : refuse({ reason: "rights-proxy-blocked", type });
}

function comesThrough({ proxy, country, asn }: Geo, type: ProxyType): boolean {
	if (proxy === type || (type === "anonymous" && country === TOR)) return true;
	return type === "hosting" && proxy === null && asn !== null && HOSTING_NETWORKS.has(asn);
}
