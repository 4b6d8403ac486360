/** What the doors to Vonage Video refuse, beside what every door of the join gate does (reference: rtc 1). */
export type VonageRefusal =
	/** A call of the REST API without a token of a project or an application. */
	| { readonly reason: "vonage-credentials-required" }
	/** `detail` says what of it does not fit, for the log alone. */
	| { readonly reason: "vonage-credentials-invalid"; readonly detail: string }
	/** A session that could not be encrypted as it is asked for. */
	| { readonly reason: "vonage-session-options"; readonly detail: string }
	/** What decodes media on the platform's side, for a session that is encrypted: `archive`, `broadcast`, ... */
	| { readonly reason: "vonage-feature-refused"; readonly feature: string }
	/** The client's token is not one that the gate made for this participant. */
	| { readonly reason: "vonage-token-mismatch" }
	/** The platform knows the session as one without encryption, or does not say. */
	| { readonly reason: "vonage-session-unencrypted" }
	/** `what` is what would go without encryption: a connection, a stream, a subscription. */
	| { readonly reason: "vonage-encryption-missing"; readonly what: string }
	/** A participant has one connection. */
	| { readonly reason: "vonage-connection-limit" }
	/** An address beyond the platform's own. */
	| { readonly reason: "vonage-host-refused" };
