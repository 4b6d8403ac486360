import { JoinError } from "./problem.ts";

/** Names under which applications hand a secret to an SDK, without case and separators. The gate refuses the same ones (join/secret-guard). */
export const SECRET_NAMES: ReadonlySet<string> = new Set([
	"encryptionsecret",
	"e2eesecret",
	"e2esecret",
	"encryptionkey",
	"mediaencryptionkey",
	"e2eekey",
	"e2ekey",
	"encryptionpassphrase",
	"e2eepassphrase",
	"passphrase",
	"sharedkey",
	"sharedsecret",
	"presharedkey",
	"secretkey",
	"secret",
	"basekey",
	"sframekey",
	"framekey",
]);

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/**
 * What goes to the gate is looked through before it goes: an application that hands over its secret by mistake finds out on its own machine.
 *
 * @throws JoinError `encryption-secret-sent`, with its place as `member`; never the value
 */
export function refuseSecrets(value: unknown, place = ""): void {
	if (typeof value !== "object" || value === null) return;
	for (const [name, inner] of Object.entries(value)) {
		const here = place === "" ? name : `${place}.${name}`;
		if (!Array.isArray(value) && SECRET_NAMES.has(plain(name)) && inner !== undefined) {
			const message = `${here} is named like an encryption secret: it must not leave this client, and was not sent.`;
			throw new JoinError("encryption-secret-sent", message, { details: { member: here } });
		}
		refuseSecrets(inner, here);
	}
}
