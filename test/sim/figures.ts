import {
	type Assumed,
	assumed,
	gigabytesOf,
	hourOf,
	keptObjects,
	priceOf,
	prices as pricesOf,
	totalOf,
	touchesPerHour,
	ways,
} from "./cost.ts";
import { figure, table } from "./markdown.ts";
import { stored, written } from "./rows.ts";
import { REQUESTS_A_SEGMENT, simulateTouches } from "./touches.ts";

const perHour = (name: string, formula: string, value: (hour: ReturnType<typeof hourOf>) => number): string[] => [
	name,
	formula,
	...ways.map((way) => figure(value(hourOf(way)))),
];

function requests(): string {
	const atOnce = (value: number): string => figure((value * assumed.viewers) / 3600);
	return table([
		["of one viewer, an hour", "formula", ...ways],
		perHour("segments", "tracks x 3600 / 6 s", (hour) => hour.segments),
		perHour("playlists loaded again", "the same, live", (hour) => hour.reloads),
		perHour("for starts", "2 starts x (1 + 2 playlists + 1 key + 2 init.)", (hour) => hour.starting),
		perHour("heartbeats", "3600 / 30 s", (hour) => hour.heartbeats),
		perHour("**Worker requests**", "sum", (hour) => hour.workerRequests),
		perHour("touches", "3600 / (touch_seconds / K + 3600 / requests)", (hour) => hour.touches),
		perHour("**calls of the viewer's object**", "starts + touches + heartbeats", (hour) => hour.objectCalls),
		perHour(
			"**rows written**",
			"calls, less touches within 5 s of another, + 1 alarm + 2 forgotten",
			(hour) => hour.rowsWritten,
		),
		perHour("revocation polls", "3600 / 2 s / 1,000 viewers", (hour) => hour.revocationCalls),
		perHour("calls of the audit", "3600 / 10 s / 1,000 viewers", (hour) => hour.auditCalls),
		perHour("KV reads and lists", "(4 + 1) x 3600 / 30 s / 1,000 viewers", (hour) => hour.kvReads + hour.kvLists),
		perHour("audited decisions", "2 starts x (manifest + key)", (hour) => hour.audited),
		perHour("log lines", "calls + keys", (hour) => hour.logLines),
		["**10 million at once: Worker requests/s**", "", ...ways.map((way) => atOnce(hourOf(way).workerRequests))],
		["**object calls/s**", "", ...ways.map((way) => atOnce(hourOf(way).objectCalls))],
	]);
}

function price(): string {
	const prices = ways.map((way) => priceOf(way));
	const rows = [...(prices[0]?.keys() ?? [])].map((name) => [
		name,
		...prices.map((each) => figure(each.get(name) ?? 0)),
	]);
	return table([
		["dollars for a million viewer-hours", ...ways],
		...rows,
		["**sum**", ...prices.map((each) => `**${figure(totalOf(each))}**`)],
		["an hour of 10 million viewers", ...prices.map((each) => figure(totalOf(each) * 10))],
	]);
}

const changes: readonly (readonly [string, Partial<Assumed>])[] = [
	["as above", {}],
	["`touch_seconds` 45 (the most that a session of 90 s allows)", { touchSeconds: 45 }],
	["`touch_seconds` 150, `session_ttl_seconds` 300", { touchSeconds: 150 }],
	["requests of a viewer land on 1 isolate", { isolatesOfViewer: 1 }],
	["on 4", { isolatesOfViewer: 4 }],
	["on 16", { isolatesOfViewer: 16 }],
	["segments of 2 s", { segmentSeconds: 2 }],
];

/** The first manifest and the key of each playback, and heartbeats. */
function linesOfDecisions(way: (typeof ways)[number]): number {
	const { audited, heartbeats } = hourOf(way);
	return audited + heartbeats;
}

function levers(): string {
	const rows = changes.map(([name, change]) => [
		name,
		...ways.map((way) => figure(totalOf(priceOf(way, { ...assumed, ...change })))),
	]);
	const quiet = ways.map((way) => totalOf(priceOf(way)) - (priceOf(way).get("log lines") ?? 0));
	const starts = ways.map((way, index) => (quiet[index] ?? 0) + linesOfDecisions(way) * pricesOf.logLine * 1_000_000);
	return table([
		["dollars for a million viewer-hours", ...ways],
		...rows,
		["`DECISION_LOG=decisions`", ...starts.map(figure)],
		["`DECISION_LOG=refusals`", ...quiet.map(figure)],
	]);
}

const TOUCH_WORLDS = [
	[1000, 1],
	[1000, 2],
	[1000, 4],
	[1000, 16],
	[8000, 1],
	[24_000, 1],
	[26_000, 1],
] as const;

function touches(): string {
	const requestsPerHour = (3600 / assumed.segmentSeconds) * REQUESTS_A_SEGMENT;
	const rows = TOUCH_WORLDS.map(([viewers, isolates]) => {
		const simulated = simulateTouches({ viewers, isolates, touchSeconds: assumed.touchSeconds }, 7);
		const formula = touchesPerHour(requestsPerHour, assumed.touchSeconds, isolates);
		return [figure(viewers), String(isolates), figure(formula), figure(simulated)];
	});
	return table([
		["viewers whom an isolate serves", "isolates of one viewer (K)", "touches an hour, formula", "simulated"],
		...rows,
	]);
}

function rowsWritten(): string {
	const rows = Object.entries(written).map(([what, { rows, alarms }]) => [what, String(rows), String(alarms)]);
	return table([["what", "rows", "alarms set, a row each"], ...rows]);
}

/** The parts of docs/scale.md that are worked out at once, by name. */
export function figures(): ReadonlyMap<string, string> {
	return new Map([
		["rows", rowsWritten()],
		["requests", requests()],
		["price", price()],
		["levers", levers()],
		["touches", touches()],
		[
			"kept",
			`A million objects that are not used any more hold ${figure(gigabytesOf(stored.empty * 1e6))} GB of empty tables: ${figure(keptObjects)} dollars a month.`,
		],
	]);
}
