/** What the deployment says, parsed once per isolate. Secrets stay in here and in what they key. */
export interface Settings {
	/** Local environment: http sources on loopback are allowed. */
	readonly local: boolean;
	readonly trustClientHeaders: boolean;
	readonly decisionLog: "all" | "refusals" | "none";
	readonly adminToken: string;
	/** Current secret first, then the previous one if it is still set. */
	readonly grantSecrets: readonly [string, ...string[]];
	readonly contentSecret: string;
}

const LEAST_SECRET_LENGTH = 16;
const DECISION_LOGS = ["all", "refusals", "none"] as const;

/**
 * Reads the variables and secrets of wrangler.toml.
 * @throws one TypeError that names every fault; it never holds a value.
 */
export function parseSettings(env: Readonly<Record<string, unknown>>): Settings {
	const faults: string[] = [];
	const local = env["ENVIRONMENT"] === "local";
	const secret = (name: string): string => {
		const value = env[name];
		if (typeof value !== "string" || value === "") faults.push(`${name} is not set`);
		else if (!local && value.length < LEAST_SECRET_LENGTH)
			faults.push(`${name} is shorter than ${LEAST_SECRET_LENGTH} characters`);
		else return value;
		return "";
	};
	const decisionLog = DECISION_LOGS.find((mode) => mode === (env["DECISION_LOG"] ?? "all"));
	if (!decisionLog) faults.push(`DECISION_LOG is not one of ${DECISION_LOGS.join(", ")}`);
	const previous = env["GRANT_SECRET_PREVIOUS"];
	const settings: Settings = {
		local,
		trustClientHeaders: env["TRUST_CLIENT_HEADERS"] === "true",
		decisionLog: decisionLog ?? "all",
		adminToken: secret("ADMIN_TOKEN"),
		grantSecrets:
			typeof previous === "string" && previous !== "" ? [secret("GRANT_SECRET"), previous] : [secret("GRANT_SECRET")],
		contentSecret: secret("CONTENT_SECRET"),
	};
	if (faults.length > 0) throw new TypeError(`Settings: ${faults.join("; ")}`);
	return settings;
}
