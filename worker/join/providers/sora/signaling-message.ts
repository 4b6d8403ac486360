import { isJsonObject } from "../../../token/json-object.ts";

type Message = Readonly<Record<string, unknown>>;

/** A connection is asked for once: a second channel on the same socket would be another decision. */
export function faultOf({ type }: Message): string | null {
	if (typeof type !== "string") return "A message has no type.";
	return type === "connect" ? "The connection is made already." : null;
}

/** Connections that a notification names: the one that came, and those that were there. */
export function namesIn(message: Message): readonly string[] {
	const listed = ["data", "metadata_list"].flatMap((name) => {
		const list = message[name];
		return Array.isArray(list) ? (list as readonly unknown[]) : [];
	});
	return [message, ...listed].flatMap((one) => {
		const id = isJsonObject(one) ? one["connection_id"] : null;
		return typeof id === "string" ? [id] : [];
	});
}
