import type { E2eeSessionRecord } from "../catalog/e2ee-session-record.ts";
import type { Exchange } from "../exchange.ts";

/** Which session a decision is about, for the log. */
export function tellSession({ told }: Pick<Exchange, "told">, { id, provider }: E2eeSessionRecord): void {
	told.video = id;
	told.provider = provider;
}
