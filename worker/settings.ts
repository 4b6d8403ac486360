import { isLoopback } from "./catalog/video-schema.ts";

/** What the deployment says, parsed once per isolate. Secrets stay in here and in what they key. */
export interface Settings {
	/** Local environment: http sources on loopback are allowed. */
	readonly local: boolean;
	readonly trustClientHeaders: boolean;
	readonly decisionLog: (typeof DECISION_LOGS)[number];
	readonly adminToken: string;
	/** Current secret first, then the previous one if it is still set. */
	readonly grantSecrets: readonly [string, ...string[]];
	readonly contentSecret: string;
	/** Null: Cloudflare Access is not set up, and its header means nothing. */
	readonly access: AccessSettings | null;
}

/** A Cloudflare Access team, and the applications of it whose tokens are for this gate. */
export interface AccessSettings {
	/** An origin: what tokens name as issuer, and where the keys are. */
	readonly teamDomain: string;
	readonly audiences: readonly [string, ...string[]];
}

const LEAST_SECRET_LENGTH = 16;
/**
 * Which decisions are written to the log. `all`: all that are not merely remembered. `decisions`: without what only goes on with a playback whose start
 * was logged, which is nearly everything.
 */
const DECISION_LOGS = ["all", "decisions", "refusals", "none"] as const;

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
		access: accessSettings(env, local, faults),
	};
	if (faults.length > 0) throw new TypeError(`Settings: ${faults.join("; ")}`);
	return settings;
}

/** Both variables or neither. What is wrong goes onto `faults`. */
function accessSettings(
	env: Readonly<Record<string, unknown>>,
	local: boolean,
	faults: string[],
): AccessSettings | null {
	const text = (name: string): string => (typeof env[name] === "string" ? env[name].trim() : "");
	const team = text("ACCESS_TEAM_DOMAIN");
	const [first, ...others] = text("ACCESS_AUDIENCE")
		.split(/[\s,]+/)
		.filter((audience) => audience !== "");
	if (!team && first === undefined) return null;
	const teamDomain = team ? originOf(team, local) : null;
	if (!team) faults.push("ACCESS_AUDIENCE is set and ACCESS_TEAM_DOMAIN is not");
	else if (teamDomain === null) faults.push("ACCESS_TEAM_DOMAIN is not like https://team.cloudflareaccess.com");
	if (first === undefined) faults.push("ACCESS_TEAM_DOMAIN is set and ACCESS_AUDIENCE is not");
	return teamDomain === null || first === undefined ? null : { teamDomain, audiences: [first, ...others] };
}

/** The origin that `text` is, with or without its scheme and a slash at the end; null when it is another kind of URL. */
function originOf(text: string, local: boolean): string | null {
	const url = URL.parse(text.includes("://") ? text : `https://${text}`);
	if (!url || `${url.origin}/` !== url.href) return null;
	const isAllowedHttp = local && url.protocol === "http:" && isLoopback(url.hostname);
	return url.protocol === "https:" || isAllowedHttp ? url.origin : null;
}
