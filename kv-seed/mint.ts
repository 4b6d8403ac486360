import { existsSync } from "node:fs";
import { UsageError, quote, readFlags, runCommand, textOf } from "./local/command.ts";
import type { FlagValues } from "./local/command.ts";
import { demoKeyFile, portOf, stateDirOf } from "./local/paths.ts";
import type { Environment } from "./local/paths.ts";
import { manifestUrl, playerUrl, videoUrl } from "./local/urls.ts";
import { claimOptions, claimsFromFlags } from "./tokens/claim-flags.ts";
import { readSigningKey } from "./tokens/key-pair.ts";
import { signToken } from "./tokens/sign.ts";
import type { RawClaims } from "./tokens/sign.ts";

const help = `Signs a playback token, and prints it with URLs that work as they stand.

  npm run mint -- --uid ann --climit 1
  npm run mint -- --key my.pem --kid key-1 --account 1234 --video 5678 --exp 30m --raw

Claims, each by its name in the token:
  --exp, --iat, --nbf TIME    from now (90s, 30m, 2h, 7d, -2h), seconds since the epoch, or none
                              (default: iat now, exp 2h)
  --uid --sid --accid --conid --prid --pkid --jti --ip --ua TEXT     (default: accid is the account)
  --climit --dlimit --maxip --maxu NUMBER
  --tags --vids --aud --drules LIST     with commas, or repeated
  --cbeh BLOCK_NEW|BLOCK_NEW_USER   --pro aes128|widevine|...   --cexp 2h   --vod.ssai ID
  --claims JSON               an object laid over the others, unchecked: for tokens that should be refused

Key and content:
  --key FILE      private key, PEM (PKCS#8, PKCS#1 or SEC1), RSA or EC P-256 (default: the demo key of npm start)
  --kid ID        key id in the header (default: demo-key with the demo key, else none)
  --account ID    default: demo
  --video ID      default: clip
  --url BASE      of the gate (default: http://127.0.0.1 and PORT, or 8787)

  --raw           prints the token and nothing else
  --help`;

/**
 * The command: flags in, text to print out.
 *
 * @param nowSeconds seconds since the epoch
 * @throws UsageError for a wrong flag; Error when the key cannot be used
 */
export async function mint(args: readonly string[], env: Environment, nowSeconds: number): Promise<string> {
	const values = readFlags(args, {
		...claimOptions,
		claims: { type: "string" },
		key: { type: "string" },
		kid: { type: "string" },
		account: { type: "string", default: "demo" },
		video: { type: "string", default: "clip" },
		url: { type: "string" },
		raw: { type: "boolean" },
	});
	if (values["help"] === true) return help;
	const account = textOf(values, "account") ?? "";
	const base = baseUrl(textOf(values, "url") ?? `http://127.0.0.1:${portOf(env)}`);
	const claims = {
		...claimsFromFlags({ accid: account, ...values }, nowSeconds),
		...rawClaims(textOf(values, "claims")),
	};
	const token = await sign(values, env, claims);
	if (values["raw"] === true) return token;
	const address = { base, account, video: textOf(values, "video") ?? "" };
	return [
		token,
		"",
		`Player:    ${playerUrl(address, token)}`,
		`Manifest:  ${manifestUrl(address, token)}`,
		`Video:     curl -H 'Authorization: Bearer ${token}' '${videoUrl(address)}'`,
	].join("\n");
}

async function sign(values: FlagValues, env: Environment, claims: RawClaims): Promise<string> {
	const file = textOf(values, "key");
	if (file !== undefined) return signToken(await readSigningKey(file), claims, textOf(values, "kid"));
	const demoFile = demoKeyFile(stateDirOf(env));
	if (!existsSync(demoFile)) {
		throw new Error("There is no demo key yet: run npm start once, or name a private key with --key FILE.");
	}
	return signToken(await readSigningKey(demoFile), claims, textOf(values, "kid") ?? "demo-key");
}

function baseUrl(text: string): string {
	if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
		throw new UsageError(`--url must be a URL like https://gate.example, not ${quote(text)}.`);
	}
	return text.replace(/\/+$/, "");
}

function rawClaims(text: string | undefined): RawClaims {
	if (text === undefined) return {};
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new UsageError("--claims must be JSON.");
	}
	if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as RawClaims;
	throw new UsageError('--claims must be a JSON object, like {"uid":"ann"}.');
}

await runCommand(import.meta, (args) => mint(args, process.env, Math.floor(Date.now() / 1000)));
