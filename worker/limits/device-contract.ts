// Shapes of devices that cross RPC. During a deploy the two ends may be one version apart: add optional members only.

/** Ids of devices: those that clients give, and those that the gate makes where they give none (design 4). */
export const DEVICE_ID_PATTERN = /^[A-Za-z0-9=/,@_.+-]{1,128}$/;
export const DEVICE_ID_RULE = "1 to 128 of A-Z a-z 0-9 = / , @ _ . + -";

/** Whose devices the object of a viewer holds: its own name is a hash. */
export interface DeviceOwner {
	readonly account: string;
	readonly uid: string;
}

/** A registered device. Times are milliseconds since the epoch. */
export interface Device {
	readonly id: string;
	/** What the Devices API named it; null until then. */
	readonly name: string | null;
	/** Of the request that registered it. */
	readonly userAgent: string;
	readonly createdAt: number;
	/** When it was registered or last renamed. */
	readonly updatedAt: number;
}

/**
 * What changed of a viewer's devices, up to `version`: those that are there, as they are now, and the ids of those that are not. It says
 * how things are, not what was done, so to take it in twice is to take it in once.
 */
export interface DeviceChanges {
	readonly uid: string;
	readonly version: number;
	readonly present: readonly Device[];
	readonly gone: readonly string[];
}

/** One page of an account's devices, in the order of their registration. `page` is the page given: the last one, when a later was asked. */
export interface DevicePage {
	readonly page: number;
	readonly total: number;
	readonly records: readonly { readonly uid: string; readonly device: Device }[];
}
