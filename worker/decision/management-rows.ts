import type { DeviceOperation, ManagementRefusal } from "./refusals.ts";
import { type Rows, badRequest, denied, serverError, utc } from "./wire-row.ts";

const DEVICE_FAILURES: Readonly<Record<DeviceOperation, { readonly subcode: string; readonly what: string }>> = {
	list: { subcode: "DEVICES_RETRIEVE_FAILURE", what: "list the devices" },
	"remove-all": { subcode: "DEVICES_DELETE_FAILURE", what: "remove the devices" },
	remove: { subcode: "DEVICE_DELETE_FAILURE", what: "remove the device" },
	rename: { subcode: "DEVICE_STORE_FAILURE", what: "rename the device" },
};

/** How the refusals of the management API's records look on the wire. */
export const managementRows: Rows<ManagementRefusal["reason"]> = {
	"record-invalid": { ...badRequest("ILLEGAL_VALUE"), message: ({ issues }) => issues.join("; ") },
	"account-id-invalid": {
		...badRequest("INVALID_ACCOUNT_ID"),
		message: () =>
			"Invalid characters in account_id: it must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit.",
	},
	"catalog-not-written": {
		...serverError(502, "PLAYBACK_RIGHT_STORE_FAILURE"),
		message: ({ record }) => `The ${record} could not be stored. Try again.`,
	},
	"devices-unavailable": {
		status: 502,
		code: "SERVER_ERROR",
		subcode: ({ operation }) => DEVICE_FAILURES[operation].subcode,
		message: ({ operation }) => `The gate could not ${DEVICE_FAILURES[operation].what}. Try again shortly.`,
	},
	"object-unavailable": {
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		subcode: "SERVICE_UNAVAILABLE",
		message: () =>
			"What this call needs cannot be reached or stored right now. Try again shortly: every call may be repeated.",
	},
	"country-invalid": {
		status: 409,
		code: "CONFLICT",
		subcode: "INVALID_COUNTRY",
		message: ({ value }) => `Invalid country: ${value}`,
	},
	"address-invalid": {
		status: 422,
		code: "UNPROCESSABLE_ENTITY",
		subcode: "INVALID_IP",
		message: ({ value }) => `Invalid ip: ${value}`,
	},
	"report-link-invalid": {
		...denied("REPORT_LINK_INVALID"),
		message: () => "The link to this report is not valid. Ask for the report again.",
	},
	"report-link-expired": {
		...denied("REPORT_LINK_EXPIRED"),
		message: ({ expiredAt }) => `The link to this report expired at ${utc(expiredAt)}. Ask for the report again.`,
	},
	"record-too-large": {
		status: 413,
		code: "BAD_REQUEST",
		subcode: "ILLEGAL_VALUE",
		message: ({ maxBytes }) => `The body is larger than ${maxBytes} bytes.`,
	},
};
