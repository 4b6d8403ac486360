import { type Decision } from "../decision/decision.ts";
import { type Exchange, refused } from "../exchange.ts";
import type { LicenseSystem } from "../manifest/dash.ts";
import { LICENSE_AUDIENCES } from "../token/audience.ts";
import { authorizeGrant, authorizeToken } from "./authorize.ts";
import { serveLicense } from "./license.ts";
import { licenseSystemOf, scopeOfGrant, scopeOfToken } from "./license-systems.ts";

/** `POST .../videos/{v}/licenses/...` with a token. */
export async function handleLicense(
	exchange: Exchange,
	path: { readonly account: string; readonly video: string },
	system: LicenseSystem,
): Promise<Response> {
	const asker = await authorizeToken(exchange, path, LICENSE_AUDIENCES);
	if (!asker.allowed) return refused(exchange, asker.refusal, "license");
	const { subject, video } = asker.value;
	const scope = scopeOfToken(video.record, subject.subject.claims.pro);
	return answered(exchange, await serveLicense(exchange, asker.value, system, scope, "license"));
}

/** `/g/{grant}/...` with a method other than GET: `POST` for a licence. `path` is what follows the grant, not decoded. */
export async function handleGrantWrite(exchange: Exchange, grantText: string, path: string): Promise<Response> {
	const system = licenseSystemOf(path);
	if (system === null) {
		return refused(exchange, { reason: "method-not-allowed", allowed: ["GET", "HEAD", "OPTIONS"] }, "static");
	}
	if (exchange.method !== "POST") {
		return refused(exchange, { reason: "method-not-allowed", allowed: ["POST", "OPTIONS"] }, "license");
	}
	const grant = exchange.gate.grants.open(grantText);
	if (!grant) return refused(exchange, { reason: "grant-invalid" }, "license");
	const asker = await authorizeGrant(exchange, grant);
	if (!asker.allowed) return refused(exchange, asker.refusal, "license");
	const scope = scopeOfGrant(asker.value.video.record, grant.source);
	const intent = grant.started ? "renew" : "license";
	return answered(exchange, await serveLicense(exchange, asker.value, system, scope, intent));
}

function answered(exchange: Exchange, served: Decision<Response>): Response {
	return served.allowed ? served.value : refused(exchange, served.refusal, "license");
}
