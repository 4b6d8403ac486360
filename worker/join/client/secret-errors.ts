/** Where a client of Vonage's runs; each platform has its own names for the same faults. */
export type SecretPlatform = "web" | "react-native" | "android" | "apple" | "windows" | "linux";

/** What may be wrong with a secret, in the order in which a call meets it. */
export type SecretFault =
	/** None at connecting. */
	| "missing"
	/** Shorter than 8 or longer than 256 characters. */
	| "invalid"
	| "publish-without"
	| "subscribe-without"
	/** Another one than the publisher's. */
	| "mismatch"
	| "decryption";

/** How the application hears of it. `name` is null where the platform has an error of no name of its own. */
export interface SecretError {
	readonly name: string | null;
	/** The object or function that tells it, or how it does. */
	readonly at: string;
}

/**
 * The names by which each platform's SDK tells an application what is wrong with an encryption secret (the vendor's guide to end-to-end
 * encryption). Null: the platform does not tell it, or cannot meet it.
 *
 * The web client lets an empty secret pass at connecting and then publishes without encryption: `checkSecret` comes before.
 */
export const SECRET_ERRORS: Readonly<Record<SecretPlatform, Readonly<Record<SecretFault, SecretError | null>>>> = {
	web: {
		missing: null,
		invalid: { name: "OT_INVALID_ENCRYPTION_SECRET", at: "Session.connect, Session.setEncryptionSecret" },
		"publish-without": { name: "OT_STREAM_CREATE_FAILED", at: "Session.publish" },
		"subscribe-without": { name: "OT_UNABLE_TO_SUBSCRIBE", at: "Session.subscribe" },
		mismatch: { name: "encryptionSecretMismatch", at: "event of Subscriber" },
		decryption: null,
	},
	"react-native": {
		missing: { name: null, at: "error event of OTSession" },
		invalid: { name: null, at: "error event of OTSession" },
		"publish-without": null,
		"subscribe-without": null,
		mismatch: { name: null, at: "error event of OTSubscriber" },
		decryption: null,
	},
	android: {
		missing: { name: "EncryptionSecretMissing", at: "SessionListener" },
		invalid: { name: "InvalidEncryptionSecret", at: "SessionListener" },
		"publish-without": { name: "EncryptionSecretMissing", at: "PublisherListener" },
		"subscribe-without": { name: "EncryptionSecretMissing", at: "SubscriberListener" },
		mismatch: { name: "EncryptionSecretMismatch", at: "SubscriberListener" },
		decryption: { name: "DecryptionInternalError", at: "SubscriberListener" },
	},
	apple: {
		missing: { name: "EncryptionSecretMissing", at: "session delegate" },
		invalid: { name: "InvalidEncryptionSecret", at: "session delegate" },
		"publish-without": { name: "OTPublisherEncryptionSecretMissing", at: "publisher delegate" },
		"subscribe-without": null,
		mismatch: { name: "EncryptionSecretMismatch", at: "subscriber delegate" },
		decryption: { name: "OTSubscriberDecryptionInternalError", at: "subscriber delegate" },
	},
	windows: {
		missing: { name: "EncryptionSecretMissing", at: "session" },
		invalid: null,
		"publish-without": { name: "EncryptionInternalError", at: "publisher" },
		"subscribe-without": null,
		mismatch: { name: "EncryptionSecretMismatch", at: "subscriber" },
		decryption: { name: "DecryptionInternalError", at: "subscriber" },
	},
	linux: {
		missing: null,
		invalid: { name: "OTC_SESSION_INVALID_ENCRYPTION_SECRET", at: "return value" },
		"publish-without": { name: "OTC_SESSION_ENCRYPTION_SECRET_MISSING", at: "session" },
		"subscribe-without": null,
		mismatch: { name: "OTC_SUBSCRIBER_ENCRYPTION_SECRET_MISMATCH", at: "subscriber" },
		decryption: { name: "OTC_SUBSCRIBER_DECRYPTION_INTERNAL_ERROR", at: "subscriber" },
	},
};

/** What an error's name of any platform means; null for a name that has nothing to do with the secret. */
export function secretFaultOf(platform: SecretPlatform, name: string): SecretFault | null {
	const faults = Object.entries(SECRET_ERRORS[platform]) as [SecretFault, SecretError | null][];
	return faults.find(([, error]) => error?.name === name)?.[0] ?? null;
}
