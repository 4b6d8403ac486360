import { describe, expect, it } from "vitest";
import { ReportLinks } from "../../../worker/audit/report-link.ts";
import { GrantBox } from "../../../worker/playback/grant.ts";

const NOW = 1_795_334_400;
const links = new ReportLinks(["secret-of-now", "secret-of-before"]);
const ticket = { account: "acme", execution: "2026-11-22-0b0e", expiresAt: NOW + 900 };
const reasonOf = (text: string, now = NOW, box = links) => {
	const opened = box.open(text, now);
	return opened.allowed ? "opened" : opened.refusal.reason;
};

describe("a link to a report", () => {
	it("opens what it was signed for, until it expires", () => {
		const signed = links.sign(ticket);
		expect(signed).toMatch(/^[\w-]+\.[\w-]{43}$/);
		expect(links.open(signed, NOW + 899)).toEqual({ allowed: true, value: ticket });
		expect(reasonOf(signed, NOW + 900)).toBe("report-link-expired");
	});

	it("opens after the secret was rotated, and no longer when it is gone", () => {
		const signed = new ReportLinks(["secret-of-before"]).sign(ticket);
		expect(reasonOf(signed)).toBe("opened");
		expect(reasonOf(signed, NOW, new ReportLinks(["secret-of-now"]))).toBe("report-link-invalid");
	});

	it("does not open when any character of it was changed", () => {
		const signed = links.sign(ticket);
		for (let at = 0; at < signed.length; at++) {
			const other = signed[at] === "A" ? "B" : "A";
			expect(reasonOf(signed.slice(0, at) + other + signed.slice(at + 1))).toBe("report-link-invalid");
		}
	});

	it.each(["", ".", "a", "a.", ".a", "a.b.c", "é.é", `${"x".repeat(10_000)}.${"y".repeat(43)}`])(
		"'%s' is none",
		(text) => {
			expect(reasonOf(text)).toBe("report-link-invalid");
		},
	);

	it("is no grant, and a grant is no link", () => {
		const grants = new GrantBox(["secret-of-now"]);
		expect(grants.open(links.sign(ticket))).toBeNull();
		const grant = grants.sign({
			account: "acme",
			video: "clip",
			source: 0,
			tokenId: "t",
			keyId: "k",
			expiresAt: NOW,
			claims: {},
			started: true,
			session: null,
			device: null,
		});
		expect(reasonOf(grant)).toBe("report-link-invalid");
	});
});
