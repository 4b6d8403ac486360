import { routes } from "../../management/routes.ts";
import { scopesFor } from "../../credentials/scopes.ts";
import type { Operation } from "../operation.ts";
import { accountOperations } from "./account.ts";
import { auditOperations } from "./audit.ts";
import { catalogOperations } from "./catalog.ts";
import { deliveryOperations } from "./delivery.ts";
import { e2eeOperations } from "./e2ee.ts";
import { participantOperations as ofParticipants } from "./join.ts";
import { viewerOperations } from "./viewers.ts";
import type { Managed } from "./managed.ts";

const described: readonly Managed[] = [
	...accountOperations,
	...catalogOperations,
	...deliveryOperations,
	...e2eeOperations,
	...viewerOperations,
	...auditOperations,
];

/** The management API, each operation with the scopes that the route itself asks for. */
export const managementOperations: readonly Operation[] = described.map(managed);

/** Apart from the others, for they come after joins. */
export const participantOperations: readonly Operation[] = ofParticipants.map(managed);

function managed(operation: Managed): Operation {
	const route = routes.find(({ path }) => patternOf(path).test(operation.path));
	const scopes = route ? scopesFor(route.area, operation.method.toUpperCase()) : [];
	return { ...operation, credential: "management", scopes };
}

/** What a route's path takes: `:id` any segment, `*` any rest. */
function patternOf(path: string): RegExp {
	return new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+").replace("*", ".+")}$`);
}
