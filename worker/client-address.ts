import type { Settings } from "./settings.ts";

/** What stands for the address where the platform names none. */
export const NO_ADDRESS = "unknown";

/** The client's address as the platform names it, or behind a trusted proxy `X-Client-IP` . Text, not checked. */
export function clientAddress(headers: Headers, { trustClientHeaders }: Settings): string {
	const claimed = trustClientHeaders ? headers.get("X-Client-IP") : null;
	return (claimed ?? headers.get("CF-Connecting-IP") ?? NO_ADDRESS).trim();
}
