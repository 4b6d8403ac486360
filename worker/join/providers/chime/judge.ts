import { type Decision, allow } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { judgeSdk as judgeNamedSdk } from "../../support/support.ts";
import { judgeNetwork, readNetworkHeaders } from "./app-keys.ts";
import type { ClientFrame } from "./frames.ts";
import type { ChimeSession } from "./session-rules.ts";

/**
 * What the client's network says of the session, where the record wants it judged. Where the gate itself is the network's proxy
 * (`inject`), what comes from the client says nothing: it is neither judged nor passed on.
 */
export function judgeIncoming({ headers }: Exchange, { chime }: ChimeSession): Decision {
	if (chime.headers === "inject") return allow();
	return judgeNetwork(readNetworkHeaders(headers), { appKey: chime.app_key, tenantIds: chime.tenant_ids });
}

/** The client's SDK as it names itself, in its URL and in its JOIN. */
export function judgeSdk(session: ChimeSession, { name, version }: NonNullable<ClientFrame["sdk"]>): Decision {
	return judgeNamedSdk(session, name.slice(0, MOST_CHARACTERS), version.slice(0, MOST_CHARACTERS), null);
}

const MOST_CHARACTERS = 64;
