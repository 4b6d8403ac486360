import * as v from "valibot";
import { object, parse } from "../catalog/issues.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { DeviceOperation, Refusal } from "../decision/refusals.ts";
import { viewerObjectName } from "../limits/client.ts";
import type { Device, DeviceOwner } from "../limits/device-contract.ts";
import type { ViewerLimits } from "../limits/viewer-limits.ts";
import { reach } from "../reach.ts";
import { type DevicePath, readDevicePath } from "./device-path.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

/*
 * The Devices API of a viewer (reference: brightcove 6.4): the one place where the slots of `dlimit` are freed. The list of all viewers'
 * devices is in account-devices.ts.
 */

/** As Brightcove's API shows a device: times in seconds since 1970, and the empty string for no name. */
export function shownDevice({ id, name, userAgent, createdAt, updatedAt }: Device) {
	const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
	return {
		id,
		created_at: seconds(createdAt),
		updated_at: seconds(updatedAt),
		name: name ?? "",
		user_agent: userAgent,
	};
}

/** Asks an object about devices, or says that it cannot be reached. */
export async function askDevices<T>(
	{ exchange }: ManagedCall,
	operation: DeviceOperation,
	ask: () => Promise<T>,
): Promise<Decision<T>> {
	return reach(exchange, "devices", ask, { reason: "devices-unavailable", operation });
}

/** The object of a viewer. A stub is broken after a fault, so each call takes a new one. */
const viewerOf = ({ exchange, account }: ManagedCall, uid: string): DurableObjectStub<ViewerLimits> =>
	exchange.gate.limits.getByName(viewerObjectName(account, { uid }));

const ownerOf = ({ account }: ManagedCall, { uid }: DevicePath): DeviceOwner => ({ account, uid });

/** What a method that the path does not have is answered; a path that is none is answered so by every method. */
export function wrongDeviceMethod(path: string): Refusal {
	const read = readDevicePath(path);
	if (!read.allowed) return read.refusal;
	const allowed = read.value.device === null ? ["GET", "HEAD", "DELETE", "OPTIONS"] : ["PATCH", "DELETE", "OPTIONS"];
	return { reason: "method-not-allowed", allowed };
}

/** `GET .../users/{uid}/devices`: oldest first; none is an empty list, for a viewer is nobody's record. */
export const listDevices: ManagedHandler = async (call) => {
	const path = readDevicePath(call.exchange.path);
	if (!path.allowed) return path;
	const { uid, device } = path.value;
	if (device !== null) return refuse(wrongDeviceMethod(call.exchange.path));
	const devices = await askDevices(call, "list", () => viewerOf(call, uid).listDevices());
	return devices.allowed ? json(call, devices.value.map(shownDevice)) : devices;
};

/** `DELETE .../users/{uid}/devices` and `.../{device}`: the slots are free at once. */
export const removeDevices: ManagedHandler = async (call) => {
	const path = readDevicePath(call.exchange.path);
	if (!path.allowed) return path;
	const { uid, device } = path.value;
	const owner = ownerOf(call, path.value);
	const operation = device === null ? "remove-all" : "remove";
	const removed = await askDevices(call, operation, () => viewerOf(call, uid).removeDevices(owner, device));
	call.exchange.gate.admissions.forgetViewer(viewerObjectName(call.account, { uid }));
	if (!removed.allowed) return removed;
	return device !== null && removed.value === 0 ? refuse({ reason: "resource-not-found" }) : noContent(call);
};

const MOST_NAME_CHARACTERS = 255;

/** What the list shows of a device may come back with its new name; it changes nothing. */
export const deviceSchema = object({
	name: v.pipe(
		v.string("must be a string"),
		v.maxLength(MOST_NAME_CHARACTERS, `must be at most ${MOST_NAME_CHARACTERS} characters`),
		v.check((name) => name.isWellFormed() && !/\p{Cc}/u.test(name), "must not have control characters"),
	),
	id: v.optional(v.string("must be a string")),
	created_at: v.optional(v.unknown()),
	updated_at: v.optional(v.unknown()),
	user_agent: v.optional(v.unknown()),
});

/** `PATCH .../users/{uid}/devices/{device}` with `{"name": "..."}`, alone or as the one element of a list; the empty string takes the name away. */
export const renameDevice: ManagedHandler = async (call) => {
	const path = readDevicePath(call.exchange.path);
	if (!path.allowed) return path;
	const { device } = path.value;
	if (device === null) return refuse(wrongDeviceMethod(call.exchange.path));
	const name = await readName(call, device);
	if (!name.allowed) return name;
	const [owner, text] = [ownerOf(call, path.value), name.value === "" ? null : name.value];
	const renamed = await askDevices(call, "rename", () => viewerOf(call, owner.uid).renameDevice(owner, device, text));
	if (!renamed.allowed) return renamed;
	return renamed.value ? noContent(call) : refuse({ reason: "resource-not-found" });
};

async function readName(call: ManagedCall, device: string): Promise<Decision<string>> {
	const body = await readJson(call);
	if (!body.allowed) return body;
	const list: readonly unknown[] = Array.isArray(body.value) ? body.value : [body.value];
	if (list.length !== 1) return mistaken(["the body: must be one object, or a list of one"]);
	const parsed = parse(deviceSchema, list[0]);
	if (!parsed.ok) return mistaken(parsed.issues);
	const { name, id = device } = parsed.value;
	return id === device ? allow(name) : mistaken(["id: is not that of the path"]);
}

const mistaken = (issues: readonly string[]) => refuse({ reason: "record-invalid", issues });
