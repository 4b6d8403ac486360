import type { Operation } from "./operation.ts";
import { reportOperation } from "./operations/audit.ts";
import { doorOperations } from "./operations/doors.ts";
import { joinOperations } from "./operations/join.ts";
import { managementOperations, participantOperations } from "./operations/management.ts";
import { ownOperations } from "./operations/own.ts";
import { playbackOperations } from "./operations/playback.ts";
import { streamOperations } from "./operations/streams.ts";

/** Every operation of the gate, in the order of the document. */
export const operations: readonly Operation[] = [
	...playbackOperations,
	...managementOperations,
	...joinOperations,
	...doorOperations,
	...participantOperations,
	reportOperation,
	...streamOperations,
	...ownOperations,
];
