import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import type { JsonSchema } from "./operation.ts";

/**
 * The JSON Schema of a schema that validates requests: what users may write. Rules that JSON Schema cannot say are told in words, with the
 * message that breaking them is answered with.
 */
export function schemaOf(schema: GenericSchema): JsonSchema {
	const { $schema: _dialect, ...converted } = toJsonSchema(schema, {
		target: "draft-2020-12",
		errorMode: "ignore",
		overrideAction: ({ valibotAction, jsonSchema }) => {
			if (valibotAction.type !== "check" || !("message" in valibotAction)) return null;
			const { message } = valibotAction;
			return typeof message === "string" ? { ...jsonSchema, description: message } : null;
		},
	});
	return converted;
}
