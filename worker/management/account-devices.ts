import { askDevices, shownDevice } from "./devices.ts";
import { type ManagedHandler, json } from "./managed.ts";
import { pageMetadata, readPage } from "./paging.ts";

/** `GET /v1/accounts/{a}/devices?page=&per_page=`: the devices of all viewers, in the order of their registration. */
export const listAccountDevices: ManagedHandler = async (call) => {
	const { exchange, account } = call;
	const asked = readPage(exchange.query);
	if (!asked.allowed) return asked;
	const { page, perPage } = asked.value;
	const { deviceIndexes } = exchange.gate;
	const answer = await askDevices(call, "list", () => deviceIndexes.getByName(account).page(page, perPage));
	if (!answer.allowed) return answer;
	const { page: given, total, records } = answer.value;
	return json(call, {
		metadata: pageMetadata(`/v1/accounts/${account}/devices`, { page: given, perPage }, total),
		// `device` is an id, as Brightcove's clients read it; what else is known of the device stands beside.
		records: records.map(({ uid, device }) => {
			const { id, ...more } = shownDevice(device);
			return { account_id: account, user_id: uid, device: id, ...more };
		}),
	});
};
