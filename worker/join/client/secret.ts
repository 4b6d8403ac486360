/** Lengths of an encryption secret, in UTF-16 units as `String.length` counts them (the rule of Vonage's clients, for every provider). */
export const LEAST_SECRET_LENGTH = 8;
export const MOST_SECRET_LENGTH = 256;

export type SecretProblem = "missing" | "not-text" | "too-short" | "too-long";

/**
 * What is wrong with an encryption secret; null when it may be used. The check runs in the client alone: the secret never goes to the gate.
 * The empty string is `missing`: an SDK that lets it pass publishes without encryption.
 */
export function checkSecret(secret: unknown): SecretProblem | null {
	if (secret === undefined || secret === null || secret === "") return "missing";
	if (typeof secret !== "string") return "not-text";
	if (secret.length < LEAST_SECRET_LENGTH) return "too-short";
	return secret.length > MOST_SECRET_LENGTH ? "too-long" : null;
}

const IN_WORDS: Record<SecretProblem, string> = {
	missing: "Enter the encryption secret of this session.",
	"not-text": "The encryption secret must be text.",
	"too-short": `The encryption secret needs at least ${LEAST_SECRET_LENGTH} characters.`,
	"too-long": `The encryption secret may have at most ${MOST_SECRET_LENGTH} characters.`,
};

export const secretProblemInWords = (problem: SecretProblem): string => IN_WORDS[problem];
