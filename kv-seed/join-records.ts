import { acceptE2eeSession, SESSION_PURPOSE, providerKeyOf, writeE2eeSession } from "../worker/catalog/e2ee-session.ts";
import { type Parsed, parse } from "../worker/catalog/issues.ts";
import { kvKeys } from "../worker/catalog/kv-keys.ts";
import {
	type AcceptedCredentials,
	acceptCredentials,
	acceptJoinWebhook,
	isCredentialProvider,
} from "../worker/catalog/provider-credentials.ts";
import { CREDENTIALS_PURPOSE, writeSealed } from "../worker/catalog/sealed-record.ts";
import { idSchema } from "../worker/catalog/video-schema.ts";
import { Sealer } from "../worker/sealing.ts";

/** What a seed file has of the join gate, in one account. */
export interface JoinSeed {
	readonly id: string;
	readonly e2ee_sessions: readonly { readonly id: unknown }[];
	readonly providers: Readonly<Record<string, unknown>>;
	readonly join_webhook?: unknown;
}

interface Options {
	readonly contentSecret: string;
	readonly local: boolean;
	readonly now?: Date;
}

type Records = readonly { readonly key: string; readonly value: string }[];

/** End-to-end encrypted sessions, credentials with providers, and the webhook of joins. */
export async function joinRecords(account: JoinSeed, at: string, options: Options): Promise<Parsed<Records>[]> {
	return [
		...sessionRecords(account, at, options),
		...(await Promise.all(Object.keys(account.providers).map((name) => providerRecord(account, name, at, options)))),
		...(account.join_webhook === undefined ? [] : [webhookRecord(account, `${at}.join_webhook`, options)]),
	];
}

function sessionRecords({ id: account, e2ee_sessions }: JoinSeed, at: string, options: Options): Parsed<Records>[] {
	const sealer = new Sealer(options.contentSecret, SESSION_PURPOSE);
	return e2ee_sessions.map((input, index) => {
		const place = `${at}.e2ee_sessions[${index}]`;
		const id = parse(idSchema, input.id, `${place}.id`);
		if (!id.ok) return id;
		// No time of its own: a room that was locked or ended since stays so when it is seeded again.
		const where = { account, id: id.value, at: place, local: options.local, nowMs: 0 };
		const accepted = acceptE2eeSession(input, where, sealer);
		if (!accepted.ok) return accepted;
		const record = { key: kvKeys.e2eeSession(account, id.value), value: writeE2eeSession(accepted.value) };
		const name = providerKeyOf(accepted.value);
		return { ok: true, value: name === null ? [record] : [record, { key: name, value: id.value }] };
	});
}

async function providerRecord(
	{ id: account, providers }: JoinSeed,
	provider: string,
	at: string,
	options: Options,
): Promise<Parsed<Records>> {
	const place = `${at}.providers.${provider}`;
	if (!isCredentialProvider(provider)) return { ok: false, issues: [`${place}: is not a known field`] };
	const accepted = await acceptCredentials(provider, providers[provider], {
		at: place,
		local: options.local,
		stored: null,
	});
	return sealed(accepted, place, { account, id: provider, key: kvKeys.provider(account, provider) }, options);
}

function webhookRecord({ id: account, join_webhook }: JoinSeed, at: string, options: Options): Parsed<Records> {
	const accepted = acceptJoinWebhook(join_webhook, { at, local: options.local, stored: null });
	return sealed(accepted, at, { account, id: "join-webhook", key: kvKeys.joinWebhook(account) }, options);
}

/** A secret that the gate made would be known to nobody, and another one each time. */
function sealed(
	accepted: Parsed<AcceptedCredentials<object>>,
	at: string,
	{ account, id, key }: { readonly account: string; readonly id: string; readonly key: string },
	{ contentSecret, now = new Date() }: Options,
): Parsed<Records> {
	if (!accepted.ok) return accepted;
	const { value, made } = accepted.value;
	const missing = Object.keys(made).map((name) => `${at}.${name}: is missing, and a seed must have it`);
	if (missing.length > 0) return { ok: false, issues: missing };
	const sealer = new Sealer(contentSecret, CREDENTIALS_PURPOSE);
	const { text } = writeSealed(value, { account, id, nowMs: now.getTime(), before: null }, sealer);
	return { ok: true, value: [{ key, value: text }] };
}
