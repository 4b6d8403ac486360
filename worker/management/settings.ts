import { readAccount, writeAccount } from "../catalog/account-record.ts";
import { parse } from "../catalog/issues.ts";
import { kvKeys } from "../catalog/kv-keys.ts";
import { accountSettingsSchema, defaultSettings } from "../catalog/settings-schema.ts";
import { refuse } from "../decision/decision.ts";
import { type ManagedCall, type ManagedHandler, json, readJson } from "./managed.ts";

async function stored({ exchange, account }: ManagedCall) {
	const text = await exchange.gate.kv.get(kvKeys.account(account));
	const record = text === null ? null : readAccount(text);
	return record?.ok ? record.value : { name: "", settings: defaultSettings };
}

export const getSettings: ManagedHandler = async (call) => json(call, (await stored(call)).settings);

/** Replaces all settings: what is not named gets its default. Makes the account if there is none. */
export const putSettings: ManagedHandler = async (call) => {
	const body = await readJson(call);
	if (!body.allowed) return body;
	const settings = parse(accountSettingsSchema, body.value);
	if (!settings.ok) return refuse({ reason: "record-invalid", issues: settings.issues });
	const { gate } = call.exchange;
	const { name } = await stored(call);
	await gate.kv.put(kvKeys.account(call.account), writeAccount(name, settings.value));
	gate.catalog.forgetAccount(call.account);
	return json(call, settings.value);
};
