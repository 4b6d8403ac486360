import { UsageError, quote, readFlags, runCommand, textOf } from "./local/command.ts";
import { makeSigningKey, signingAlgorithms } from "./tokens/key-pair.ts";

const help = `Makes a key pair for signing tokens, and prints the public key as the gate takes it.

  npm run keygen -- --out my.pem
  npm run keygen -- --out my.pem --alg ES256 --kid key-1

  --out FILE    where the private key goes (mode 0600); it must not exist
  --alg ALG     RS256 (RSA 2048, the default) or ES256 (EC P-256)
  --kid ID      id of the key in the seed file (default: key-1)
  --help`;

/**
 * The command: flags in, text to print out.
 *
 * @throws UsageError for a wrong flag; Error when the file exists
 */
export async function keygen(args: readonly string[]): Promise<string> {
	const values = readFlags(args, {
		out: { type: "string" },
		alg: { type: "string", default: "RS256" },
		kid: { type: "string", default: "key-1" },
	});
	if (values["help"] === true) return help;
	const file = textOf(values, "out");
	if (file === undefined) throw new UsageError("--out is required: the file for the private key.");
	const wanted = textOf(values, "alg") ?? "";
	const algorithm = signingAlgorithms.find((name) => name === wanted);
	if (algorithm === undefined) throw new UsageError(`--alg must be RS256 or ES256, not ${quote(wanted)}.`);
	const { publicValue } = await makeSigningKey(file, algorithm);
	return [
		`The private key is in ${file}. Keep it where tokens are signed, and nowhere else.`,
		"",
		"Body for POST /v1/accounts/{account}/keys:",
		JSON.stringify({ value: publicValue }),
		"",
		'Entry for "keys" of an account in a seed file:',
		JSON.stringify({ id: textOf(values, "kid"), value: publicValue }),
	].join("\n");
}

await runCommand(import.meta, keygen);
