import { type Operation, listOf, one, ref } from "../operation.ts";
import { MANAGE, type Managed, V1, done, ok } from "./managed.ts";

const ofViewer: NonNullable<Operation["query"]> = {
	uid: {
		description: "The viewer: claim uid of the tokens.",
		schema: { type: "string" },
		example: "ann",
		required: true,
	},
};
const sessions = { tag: "Sessions", path: `${MANAGE}/sessions` } as const;

const devices = { tag: "Devices", path: `${V1}/users/{uid}/devices` } as const;
const device = { tag: "Devices", path: `${V1}/users/{uid}/devices/{device}` } as const;

/** What viewers do now, and what they did. */
export const viewerOperations: readonly Managed[] = [
	{
		...sessions,
		method: "get",
		id: "listSessions",
		summary: "The sessions of a viewer, newest first.",
		query: {
			...ofViewer,
			all: { description: "Ended ones too.", schema: { enum: ["true", "false"] }, example: "true" },
		},
		answers: ok("The sessions.", listOf(ref("Session"))),
	},
	{
		...sessions,
		path: `${MANAGE}/sessions/{id}`,
		params: { id: "television" },
		method: "delete",
		id: "endSession",
		summary: "Ends a session.",
		query: ofViewer,
		answers: done("It is ended."),
	},
	{
		...sessions,
		method: "delete",
		id: "endSessions",
		summary: "Ends every session of a viewer.",
		query: ofViewer,
		answers: done("They are ended."),
	},
	{
		...devices,
		method: "get",
		id: "listDevices",
		summary: "The devices of a viewer, oldest first.",
		answers: ok("The devices.", listOf(ref("Device"))),
	},
	{
		...device,
		method: "patch",
		id: "renameDevice",
		summary: "Names a device.",
		body: { schema: { anyOf: [ref("DeviceBody"), one(ref("DeviceBody"))] }, example: { name: "Ann's television" } },
		answers: done("It has the name."),
	},
	{ ...device, method: "delete", id: "deleteDevice", summary: "Frees a device's slot.", answers: done("It is free.") },
	{
		...devices,
		method: "delete",
		id: "deleteDevices",
		summary: "Frees every slot of a viewer.",
		answers: done("They are free."),
	},
	{
		tag: "Devices",
		path: `${V1}/devices`,
		method: "get",
		id: "listAccountDevices",
		summary: "The devices of all viewers, a page at a time.",
		query: {
			page: {
				description: "From 0 on; past the end is the last.",
				schema: { type: "integer", minimum: 0, default: 0 },
			},
			per_page: {
				description: "Devices on a page.",
				schema: { type: "integer", minimum: 1, maximum: 100, default: 10 },
			},
		},
		answers: ok("The page.", ref("AccountDevices")),
	},
];
