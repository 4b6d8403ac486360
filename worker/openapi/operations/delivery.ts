import { listOf, ref } from "../operation.ts";
import { type Managed, done, ok } from "./managed.ts";

const RULES = "/accounts/{account}";
const conditions = { tag: "Delivery rules", path: `${RULES}/conditions` } as const;
const actions = { tag: "Delivery rules", path: `${RULES}/actions` } as const;
const action = { tag: "Delivery rules", path: `${RULES}/actions/{id}`, params: { id: "small" } } as const;

// oxlint-disable-next-line unicorn/no-thenable -- the API's own name; a list is nothing that `await` would call
const PHONES = { name: "Phones", if: { device_group: ["iphone", "android"] }, then: ["small"] };

/** Which renditions are offered to whom. */
export const deliveryOperations: readonly Managed[] = [
	{
		...actions,
		method: "post",
		id: "addAction",
		summary: "Makes an action.",
		body: { schema: ref("Action"), example: { id: "small", properties: { max_video_bitrate: 700 } } },
		answers: ok("The action.", ref("StoredAction")),
	},
	{
		...action,
		method: "put",
		id: "putAction",
		summary: "Replaces an action.",
		body: {
			schema: ref("Action"),
			example: { id: "small", properties: { max_video_resolution: "640x360", first_video_bitrate: 400 } },
		},
		answers: ok("The action.", ref("StoredAction")),
	},
	{
		...action,
		method: "get",
		id: "getAction",
		summary: "One action.",
		answers: ok("The action.", ref("StoredAction")),
	},
	{
		...actions,
		method: "get",
		id: "listActions",
		summary: "All actions.",
		answers: ok("The actions.", listOf(ref("StoredAction"))),
	},
	{
		...conditions,
		method: "put",
		id: "putConditions",
		summary: "Replaces all conditions.",
		body: {
			schema: ref("Conditions"),
			example: [PHONES],
		},
		answers: ok("The conditions.", ref("Conditions")),
	},
	{
		...conditions,
		method: "get",
		id: "getConditions",
		summary: "All conditions, in the order in which they are applied.",
		answers: ok("The conditions.", ref("Conditions")),
	},
	{
		tag: "Delivery rules",
		path: RULES,
		method: "get",
		id: "getDeliveryRules",
		summary: "All conditions and actions.",
		answers: ok("The rules.", ref("DeliveryRules")),
	},
	{ ...action, method: "delete", id: "deleteAction", summary: "Removes an action.", answers: done("It is gone.") },
];
