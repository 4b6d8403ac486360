import { createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** Algorithms that the gate verifies (RFC 7518 section 3.1). */
export const signingAlgorithms = ["RS256", "ES256"] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

export interface SigningKey {
	readonly algorithm: SigningAlgorithm;
	readonly privateKey: KeyObject;
	/** Base64 of the SPKI DER of the public key: what the Key API and the seed files take. */
	readonly publicValue: string;
}

const generate = promisify(generateKeyPair);

const makers: Readonly<Record<SigningAlgorithm, () => Promise<{ privateKey: KeyObject }>>> = {
	RS256: () => generate("rsa", { modulusLength: 2048, publicExponent: 0x10001 }),
	ES256: () => generate("ec", { namedCurve: "P-256" }),
};

/**
 * Makes a key pair and writes its private key as PKCS#8 PEM, for the owner's eyes only (mode 0600).
 *
 * @throws Error when the file exists: a private key is never overwritten
 */
export async function makeSigningKey(file: string, algorithm: SigningAlgorithm): Promise<SigningKey> {
	const { privateKey } = await makers[algorithm]();
	await mkdir(dirname(file), { recursive: true });
	try {
		await writeFile(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		throw new Error(`${file} exists, and a private key is never overwritten: name another file.`, { cause: error });
	}
	return signingKey(file, privateKey);
}

/**
 * Reads a private key: PEM in PKCS#8, PKCS#1 (RSA) or SEC1 (EC) form.
 *
 * @throws Error that names the file and what is wrong with it, never its content
 */
export async function readSigningKey(file: string): Promise<SigningKey> {
	let pem: string;
	try {
		pem = await readFile(file, "utf8");
	} catch (error) {
		throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"}).`, {
			cause: error,
		});
	}
	if (/ENCRYPTED/.test(pem)) throw new Error(`${file} is protected by a password: give a key without one.`);
	let privateKey: KeyObject;
	try {
		privateKey = createPrivateKey(pem);
	} catch {
		// Without the cause: the parser's own error may quote the file.
		throw new Error(`${file} is no private key in PEM form (PKCS#8, PKCS#1 or SEC1).`);
	}
	return signingKey(file, privateKey);
}

function signingKey(file: string, privateKey: KeyObject): SigningKey {
	const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
	return { algorithm: algorithmOf(file, privateKey), privateKey, publicValue: publicKey.toString("base64") };
}

function algorithmOf(
	file: string,
	{ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
): SigningAlgorithm {
	if (type === "ec" && details?.namedCurve === "prime256v1") return "ES256";
	if (type === "rsa" && (details?.modulusLength ?? 0) >= 2048) return "RS256";
	throw new Error(`${file} must be an RSA key of at least 2048 bits or an EC key on P-256.`);
}
