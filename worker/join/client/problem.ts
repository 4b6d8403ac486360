/** The gate refused: a problem of RFC 9457. `reason` is stable (docs/reasons.md); `message` is for people. */
export class JoinError extends Error {
	override readonly name = "JoinError";
	readonly reason: string;
	/** Of HTTP; null where it came over the room's WebSocket. */
	readonly status: number | null;
	/** For the support of whoever runs the session. */
	readonly decisionId: string | null;
	/** What else the refusal says: `least_version`, `limit`, `starts_at`, ... */
	readonly details: Readonly<Record<string, unknown>>;

	constructor(
		reason: string,
		message: string,
		{
			status = null,
			decisionId = null,
			details = {},
		}: Partial<Pick<JoinError, "status" | "decisionId" | "details">> = {},
	) {
		super(message);
		this.reason = reason;
		this.status = status;
		this.decisionId = decisionId;
		this.details = details;
	}
}

/** An answer that is no success, as the error it stands for; one that is not of the gate (a proxy's page) is `unexpected-answer`. */
export async function errorOf(answer: Response): Promise<JoinError> {
	const { status } = answer;
	const problem: unknown = await answer.json().catch(() => null);
	if (typeof problem !== "object" || problem === null || !("reason" in problem) || typeof problem.reason !== "string") {
		return new JoinError("unexpected-answer", `The gate answered ${status}.`, { status });
	}
	const { reason, detail, decision_id: id, ...details } = problem as Record<string, unknown> & { reason: string };
	const message = typeof detail === "string" ? detail : reason;
	return new JoinError(reason, message, { status, decisionId: typeof id === "string" ? id : null, details });
}
