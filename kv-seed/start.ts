import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { demoCases } from "./demo/links.ts";
import type { DemoCase } from "./demo/links.ts";
import { roomLinks } from "./demo/room-links.ts";
import { seedDemo } from "./demo/seed.ts";
import { ensureDevVars } from "./local/dev-vars.ts";
import { startGate } from "./local/gate.ts";
import type { RunningGate } from "./local/gate.ts";
import { demoKeyFile, portOf, projectDir, stateDirOf } from "./local/paths.ts";
import type { Environment } from "./local/paths.ts";
import { makeSigningKey, readSigningKey } from "./tokens/key-pair.ts";

const devVarsFile = join(projectDir, ".dev.vars");

/** `npm start`: the gate with a demo account and a real encrypted clip, on this machine. */
async function start(env: Environment): Promise<void> {
	const stateDir = stateDirOf(env);
	const port = portOf(env);
	const secrets = await ensureDevVars(devVarsFile);
	const keyFile = demoKeyFile(stateDir);
	const key = existsSync(keyFile) ? await readSigningKey(keyFile) : await makeSigningKey(keyFile, "RS256");
	const nowSeconds = Math.floor(Date.now() / 1000);
	const cases = await demoCases(key, nowSeconds);
	const rooms = await roomLinks(key, nowSeconds);
	const gate = await startGate({
		stateDir,
		port,
		secrets,
		decisionLog: decisionLogOf(env),
		demo: true,
		demoLinks: [...cases.map(({ title, about, player }) => ({ title, about, href: player })), ...rooms],
		onLog: (level, message) => (level === "error" ? console.error(message) : console.log(message)),
	});
	stopOnSignals(gate);
	try {
		const { publicValue } = key;
		await seedDemo({ miniflare: gate.miniflare, stateDir, publicValue, contentSecret: secrets.CONTENT_SECRET });
		console.log(await welcome(gate.url, cases, rooms));
	} catch (error) {
		await gate.stop();
		throw error;
	}
}

const decisionLogs = ["all", "decisions", "refusals", "none"] as const;

function decisionLogOf(env: Environment): (typeof decisionLogs)[number] {
	const wanted = env["DECISION_LOG"] || "refusals";
	const known = decisionLogs.find((name) => name === wanted);
	if (known === undefined)
		throw new Error(`DECISION_LOG must be one of ${decisionLogs.join(", ")}, not ${JSON.stringify(wanted)}.`);
	return known;
}

/** Stopping when asked is success: exit code 0. Ctrl-C reaches npm as well as this process, so it may be asked twice. */
function stopOnSignals(gate: RunningGate): void {
	let stopping = false;
	const stop = (): void => {
		if (stopping) return;
		stopping = true;
		void gate.stop().then(
			() => process.exit(0),
			() => process.exit(1),
		);
	};
	stopWithNpm(stop);
	for (const signal of ["SIGINT", "SIGTERM"]) {
		process.removeAllListeners(signal); // Miniflare's, which ends the process before anything else is done
		process.on(signal, stop);
	}
}

/** A signal to npm ends npm and its shell, and does not reach this process: it sees that its parent is gone. */
function stopWithNpm(stop: () => void): void {
	if (process.env["npm_lifecycle_event"] === undefined) return;
	const parent = process.ppid;
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		stop();
	}, 500);
}

type Rooms = Awaited<ReturnType<typeof roomLinks>>;

/** What the terminal shows: links that work as they stand, after the gate itself was asked. */
async function welcome(url: string, cases: readonly DemoCase[], rooms: Rooms): Promise<string> {
	const link = (id: DemoCase["id"], part: "player" | "manifest"): string =>
		url + (cases.find((one) => one.id === id)?.[part] ?? "");
	const room = (id: Rooms[number]["id"]): string => url + (rooms.find((one) => one.id === id)?.href ?? "");
	const allowed = link("allowed", "manifest");
	const refused = link("expired", "manifest");
	const secretsFile = relative(process.cwd(), devVarsFile);
	return `
Playgate runs at ${url}    (Ctrl-C stops it)
${await checkAllowed(allowed)}

All demo links     ${url}/demo/
Plays              ${link("allowed", "player")}
Two devices, one stream: open the first, then the second, and see the first stop
                   ${link("first-device", "player")}
                   ${link("second-device", "player")}
Encrypted room: open both, type the same secret, then another one
                   ${room("ann")}
                   ${room("ben")}
The same with a lobby: the moderator, who lets in and removes, and one who waits
                   ${room("moderator")}
                   ${room("lobby")}

Allowed            curl -i '${allowed}'
Refused            curl -i '${refused}'
                   ${await describeRefusal(refused)}

Playing now        curl -H "Authorization: Bearer $(sed -n 's/^ADMIN_TOKEN=//p' ${secretsFile})" '${url}/manage/v1/accounts/demo/sessions?uid=ann'
Another token      npm run mint -- --uid ann --climit 1    (npm run mint -- --help)
`;
}

async function checkAllowed(manifest: string): Promise<string> {
	const response = await fetch(manifest);
	const body = await response.text();
	if (response.status === 200 && body.startsWith("#EXTM3U")) return "Checked: the allowed manifest answers 200.";
	const reason = response.headers.get("Playgate-Reason") ?? "no reason given";
	return `CHECK FAILED: the allowed manifest answers ${response.status} (${reason}):\n${body.slice(0, 500)}`;
}

async function describeRefusal(manifest: string): Promise<string> {
	const response = await fetch(manifest);
	return `${response.status} ${response.headers.get("Playgate-Reason") ?? "(not refused)"}: ${messageOf(await response.text())}`;
}

function messageOf(body: string): string {
	try {
		const [first] = JSON.parse(body) as readonly { message?: string }[];
		return first?.message ?? "";
	} catch {
		return "";
	}
}

try {
	await start(process.env);
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}
