import { routes } from "../../management/routes.ts";
import { scopesFor } from "../../credentials/scopes.ts";
import type { Operation } from "../operation.ts";
import { accountOperations } from "./account.ts";
import { catalogOperations } from "./catalog.ts";
import { deliveryOperations } from "./delivery.ts";
import { viewerOperations } from "./viewers.ts";
import type { Managed } from "./managed.ts";

const described: readonly Managed[] = [
	...accountOperations,
	...catalogOperations,
	...deliveryOperations,
	...viewerOperations,
];

/** The management API, each operation with the scopes that the route itself asks for. */
export const managementOperations: readonly Operation[] = described.map((operation) => {
	const route = routes.find(({ path }) => path.replaceAll(/:(\w+)/g, "{$1}") === operation.path);
	const scopes = route ? scopesFor(route.area, operation.method.toUpperCase()) : [];
	return { ...operation, credential: "management", scopes };
});
