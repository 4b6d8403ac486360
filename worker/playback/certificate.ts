import { certificateBytes } from "../catalog/certificate.ts";
import { ID_PATTERN } from "../catalog/video-schema.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";

/** Players fetch it before each playback, and it changes once in years. */
const MOST_AGE_SECONDS = 300;

/**
 * `GET /playback/v1/accounts/{a}/fairplay_app_cert`: the account's FairPlay application certificate, and below a video that video's own, if
 * it has one. No token: the certificate is no secret, and native players fetch it before they have one.
 */
export async function handleCertificate(
	exchange: Exchange,
	path: { readonly account: string; readonly video?: string },
): Promise<Response> {
	const text = ID_PATTERN.test(path.account) ? await certificateOf(exchange, path.account, path.video) : null;
	const bytes = text === null ? null : certificateBytes(text);
	if (bytes === null) return refused(exchange, { reason: "resource-not-found" }, "api");
	logDecision(exchange, { status: 200 });
	return new Response(bytes, {
		headers: {
			...decisionHeaders(answerContext(exchange)),
			"Content-Type": "application/octet-stream",
			"Cache-Control": `public, max-age=${MOST_AGE_SECONDS}`,
		},
	});
}

async function certificateOf(
	{ gate, nowMs, told }: Exchange,
	accountId: string,
	videoId: string | undefined,
): Promise<string | null> {
	const account = await gate.catalog.account(accountId, nowMs);
	told.account = account;
	const video = videoId === undefined ? null : await gate.catalog.video(account, videoId, nowMs);
	return video?.record.licenses.fairplay?.certificate ?? account.settings.fairplay_certificate;
}
