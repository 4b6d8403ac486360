import { stored } from "./rows.ts";

/** Dollars, beyond what the plan includes; docs/scale.md names the pages. */
export const prices = {
	workerRequest: 0.3e-6,
	cpuMs: 0.02e-6,
	objectRequest: 0.15e-6,
	objectGbSecond: 12.5e-6,
	rowWritten: 1e-6,
	storedGbMonth: 0.2,
	kvRead: 0.5e-6,
	kvList: 5e-6,
	logLine: 0.6e-6,
} as const;

/** What the arithmetic assumes; everything else follows from the gate. */
export const assumed = {
	viewers: 10_000_000,
	segmentSeconds: 6,
	/** Video and audio apart, as CMAF is packaged. */
	tracks: 2,
	/** Playbacks that one viewer starts in an hour. */
	starts: 2,
	touchSeconds: 20,
	/** Isolates that the requests of one viewer land on. */
	isolatesOfViewer: 2,
	/** Viewers of the account for each isolate that serves it. */
	viewersOfIsolate: 1000,
	heartbeatSeconds: 30,
	/** For so long after a session was seen it is not written again that it was: a quarter of `touch_seconds`. */
	seenSeconds: 5,
	/** Of the gate, from docs/performance.md, rounded up. */
	cpuMs: { segment: 0.5, other: 0.3 },
	/** How long an object is awake for a call, with its commit. */
	objectMs: 20,
	objectGb: 0.125,
	auditedBytes: 300,
} as const;

export type Assumed = {
	readonly [K in keyof typeof assumed]: (typeof assumed)[K] extends number ? number : (typeof assumed)[K];
};

export const ways = ["VOD, gate", "VOD, direct", "live, gate", "live, direct"] as const;
type Way = (typeof ways)[number];

/** What one viewer makes in an hour. */
export interface Hour {
	readonly starting: number;
	readonly segments: number;
	readonly reloads: number;
	readonly heartbeats: number;
	readonly workerRequests: number;
	readonly cpuMs: number;
	readonly touches: number;
	readonly objectCalls: number;
	readonly rowsWritten: number;
	readonly revocationCalls: number;
	readonly auditCalls: number;
	readonly kvReads: number;
	readonly kvLists: number;
	readonly audited: number;
	readonly logLines: number;
}

/** How often isolates ask an object for a viewer who makes `requests` an hour through the gate: each at most once in `touchSeconds`. */
export function touchesPerHour(requests: number, touchSeconds: number, isolates: number): number {
	return requests === 0 ? 0 : 3600 / (touchSeconds / isolates + 3600 / requests);
}

/** Those of them that write a row: not what comes soon after the touch of another isolate. */
export function touchesWritten(touches: number, isolates: number, seenSeconds: number): number {
	const ofOthers = (touches / 3600) * (1 - 1 / isolates);
	return touches / (1 + seenSeconds * ofOthers);
}

export function hourOf(way: Way, a: Assumed = assumed): Hour {
	const direct = way.endsWith("direct");
	const live = way.startsWith("live");
	const files = (3600 / a.segmentSeconds) * a.tracks;
	const segments = direct ? 0 : files;
	const reloads = live ? files : 0;
	// The multivariant playlist, a playlist for each track, a key; and through the gate an initialisation segment for each track.
	const starting = a.starts * (1 + a.tracks + 1 + (direct ? 0 : a.tracks));
	const heartbeats = direct && !live ? 3600 / a.heartbeatSeconds : 0;
	const touches = touchesPerHour(segments + reloads, a.touchSeconds, a.isolatesOfViewer);
	const objectCalls = a.starts + touches + heartbeats;
	const perIsolate = 1 / a.viewersOfIsolate;
	return {
		starting,
		segments,
		reloads,
		heartbeats,
		workerRequests: starting + segments + reloads + heartbeats,
		cpuMs: segments * a.cpuMs.segment + (starting + reloads + heartbeats) * a.cpuMs.other,
		touches,
		objectCalls,
		rowsWritten: objectCalls - touches + touchesWritten(touches, a.isolatesOfViewer, a.seenSeconds) + 1 + a.starts, // the alarm of the hour, and the sessions that it forgets
		revocationCalls: 1800 * perIsolate,
		auditCalls: 360 * perIsolate,
		kvReads: 4 * 120 * perIsolate,
		kvLists: 120 * perIsolate,
		audited: 2 * a.starts,
		logLines: objectCalls + a.starts,
	};
}

const MILLION = 1_000_000;
export const gigabytesOf = (bytes: number): number => bytes / 1e9;

/** Dollars for a million viewer-hours, by what they are for. */
export function priceOf(way: Way, a: Assumed = assumed): ReadonlyMap<string, number> {
	const hour = hourOf(way, a);
	const calls = hour.objectCalls + hour.revocationCalls + hour.auditCalls + 1;
	const rows = hour.rowsWritten + hour.auditCalls;
	const each: [string, number][] = [
		["Worker requests", hour.workerRequests * prices.workerRequest],
		["Worker CPU", hour.cpuMs * prices.cpuMs],
		["object requests", calls * prices.objectRequest],
		["object duration", calls * (a.objectMs / 1000) * a.objectGb * prices.objectGbSecond],
		["rows written", rows * prices.rowWritten],
		["KV", hour.kvReads * prices.kvRead + hour.kvLists * prices.kvList],
		["audit, stored a month", gigabytesOf(hour.audited * a.auditedBytes) * prices.storedGbMonth],
		["log lines", hour.logLines * prices.logLine],
	];
	return new Map(each.map(([name, dollars]) => [name, dollars * MILLION]));
}

export const totalOf = (price: ReadonlyMap<string, number>): number =>
	[...price.values()].reduce((sum, dollars) => sum + dollars, 0);

/** Dollars a month for a million viewers who ever came: their objects. */
export const keptObjects = gigabytesOf(stored.empty * MILLION) * prices.storedGbMonth;
