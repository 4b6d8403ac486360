import type { E2eeSessionRecord } from "../../catalog/e2ee-session-record.ts";

/** Least versions that clients of the session must have. */
export function leastVersionsOf(record: E2eeSessionRecord): Readonly<Record<string, string>> {
	return record.least_versions;
}
