import { createHmac, timingSafeEqual } from "node:crypto";
import { type Decision, allow, refuse } from "../decision/decision.ts";

/** How long a link to a report can be opened (reference: brightcove 7.3). */
export const REPORT_LINK_SECONDS = 15 * 60;

/** What a link to a report opens. */
export interface ReportTicket {
	readonly account: string;
	readonly execution: string;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
}

/** Signs and opens the links to reports, which need no other credential: the first secret signs, all of them open. */
export class ReportLinks {
	readonly #secrets: readonly [string, ...string[]];

	constructor(secrets: readonly [string, ...string[]]) {
		this.#secrets = secrets;
	}

	/** `[A-Za-z0-9_-]+.[A-Za-z0-9_-]{43}`, one path segment. */
	sign({ account, execution, expiresAt }: ReportTicket): string {
		const body = Buffer.from(JSON.stringify([account, execution, expiresAt])).toString("base64url");
		return `${body}.${mac(body, this.#secrets[0])}`;
	}

	open(text: string, nowSeconds: number): Decision<ReportTicket> {
		const dot = text.indexOf(".");
		const [body, given] = [text.slice(0, dot), text.slice(dot + 1)];
		if (dot < 1 || !this.#secrets.some((secret) => equal(given, mac(body, secret)))) {
			return refuse({ reason: "report-link-invalid" });
		}
		const signed = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as [string, string, number]; // ours: the signature holds
		const [account, execution, expiresAt] = signed;
		if (nowSeconds >= expiresAt) return refuse({ reason: "report-link-expired", expiredAt: expiresAt });
		return allow({ account, execution, expiresAt });
	}
}

function mac(body: string, secret: string): string {
	return createHmac("sha256", secret).update(`audit-report\n${body}`).digest("base64url");
}

function equal(left: string, right: string): boolean {
	const [given, expected] = [Buffer.from(left), Buffer.from(right)];
	return given.length === expected.length && timingSafeEqual(given, expected);
}
