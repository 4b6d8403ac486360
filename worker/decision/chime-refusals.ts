/** What the doors to Amazon Chime refuse, beside what every door of the join gate does (reference: rtc 3). */
export type ChimeRefusal =
	/** `detail` is about the header that a network's proxy sends, never its value. */
	| { readonly reason: "chime-app-key-refused"; readonly detail: string }
	| { readonly reason: "chime-tenant-refused"; readonly detail: string }
	/** The JoinToken on the signalling connection is not the one that the gate got for this participant. */
	| { readonly reason: "chime-attendee-mismatch" }
	/** The signalling service does not take the JoinToken. */
	| { readonly reason: "chime-token-refused" }
	/** A call of the meetings API that the session's record speaks against. */
	| { readonly reason: "chime-session-conflict"; readonly detail: string }
	/** A call of the meetings API without a signature of version 4. */
	| { readonly reason: "aws-signature-required" }
	/** `detail` names what of the signature does not fit; never a key, nor what would fit. */
	| { readonly reason: "aws-signature-invalid"; readonly detail: string }
	| { readonly reason: "aws-clock-skewed"; readonly mostSeconds: number };
