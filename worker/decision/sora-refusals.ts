/** What the doors to Sora refuse, beside what every door of the join gate does (reference: rtc 2). */
export type SoraRefusal =
	/** The client connects without end-to-end encryption. */
	| { readonly reason: "sora-e2ee-required" }
	/** Sora cannot keep a client waiting: it is let in when it connects again after a moderator has said so. */
	| { readonly reason: "lobby-waiting" }
	/** `detail` says which of Basic authentication and client certificate is missing or wrong; never what would fit. */
	| { readonly reason: "webhook-caller-refused"; readonly detail: string };
