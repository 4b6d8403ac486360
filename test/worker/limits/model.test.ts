import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterEach, assert, beforeEach, expect, it, vi } from "vitest";
import {
	type AdmitAnswer,
	type AdmitRequest,
	type LiveSession,
	unwire,
	wire,
} from "../../../worker/limits/contract.ts";
import type { DeviceOwner } from "../../../worker/limits/device-contract.ts";
import type { ViewerLimits } from "../../../worker/limits/viewer-limits.ts";
import { EPOCH, type Viewer, newViewer } from "../../support/viewer.ts";
import {
	type Model,
	NOTHING,
	admit,
	endSessions,
	listSessions,
	placesOf,
	refund,
	removeDevices,
	usesOf,
} from "./model.ts";

// Runs of random commands against the object in workerd and against the model: the same answers, and the same state after each command.
// A longer search: LIMITS_RUNS=5000 LIMITS_SEED=7 npm test -- limits/model

const RUNS = Number(process.env["LIMITS_RUNS"] || 400);
const SEED = Number(process.env["LIMITS_SEED"] || 20_260_101);
/** Also a counter-example is made small in this time, on a machine that is busy. */
const LONGEST_MS = Math.max(240_000, RUNS * 1000);

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

// Vocabularies are small, so that clients, sessions and tokens meet often.

const clients = fc.record({
	address: fc.constantFrom("198.51.100.1", "198.51.100.2", "192.0.2.3", "2001:db8:0:1::/64", "2001:db8:0:2::/64"),
	userAgent: fc.constantFrom("TV/1", "Phone/2"),
	device: fc.constantFrom("tv", "phone", "tablet"),
});
const upTo = (limit: number) => fc.option(fc.integer({ min: 1, max: limit }), { nil: undefined, freq: 2 });

/** The claims of a viewer's tokens, and their account's settings. A token is issued again when it has ended. */
const kindsOfToken = fc.record({
	maxip: upTo(3),
	maxu: upTo(4),
	dlimit: upTo(2),
	climit: upTo(2),
	cbeh: fc.constantFrom(undefined, undefined, "BLOCK_NEW" as const, "BLOCK_NEW_USER" as const),
	sid: fc.constantFrom(undefined, undefined, "sofa"),
	counting: fc.constantFrom("requests" as const, "playbacks" as const),
	lifeSeconds: fc.constantFrom(40, 200, 8000),
});
/** Whose addresses nothing else gets in the way of. */
const kindsForRoaming = kindsOfToken.map(({ maxip = 1, sid, lifeSeconds }): Arbitrated<typeof kindsOfToken> => {
	const nothing = { maxu: undefined, dlimit: undefined, climit: undefined, cbeh: undefined };
	return { ...nothing, maxip, sid, counting: "requests", lifeSeconds };
});
const viewerKinds = fc.record({
	tokens: fc.array(fc.oneof(kindsOfToken, kindsOfToken, kindsForRoaming), { minLength: 1, maxLength: 3 }),
	ttlSeconds: fc.constantFrom(30, 90),
	noteAfterMs: fc.constantFrom(0, 5000),
	/** With a `uid` sessions are kept whatever the limits are. */
	uid: fc.constantFrom(true, true, false),
	ipCounting: fc.constantFrom("distinct" as const, "sessions" as const),
	listsConflicts: fc.boolean(),
});
type Arbitrated<A> = A extends fc.Arbitrary<infer T> ? T : never;
type ViewerKind = Arbitrated<typeof viewerKinds>;
type TokenKind = Arbitrated<typeof kindsOfToken>;

const rarely = fc.nat({ max: 7 }).map((eighth) => eighth === 7);
const choice = fc.nat({ max: 999 });
const requested = { client: clients, use: fc.boolean(), dryRun: rarely };
const withToken = {
	...requested,
	token: choice,
	video: fc.constantFrom("film", "match"),
	/** One of the sessions that are known, or one that never was. */
	ends: fc.option(choice, { freq: 3 }),
};

/** What may be asked of the object. What a number chooses is worked out from what was asked and answered before. */
const steps = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ does: fc.constant("start" as const), ...withToken }) },
	{
		weight: 6,
		arbitrary: fc.record({
			does: fc.constant("renew" as const),
			...requested,
			grant: choice,
			/** The player where it was, the same program elsewhere, or whoever was given the grant. */
			from: fc.constantFrom("home" as const, "elsewhere" as const, "anywhere" as const),
			unproven: rarely,
		}),
	},
	{ weight: 2, arbitrary: fc.record({ does: fc.constant("reload" as const), ...withToken, heartbeat: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant("retry" as const), request: choice }) },
	{ weight: 2, arbitrary: fc.record({ does: fc.constant("refund" as const), request: choice }) },
	{
		weight: 1,
		arbitrary: fc.record({
			does: fc.constant("end" as const),
			session: fc.option(choice, { freq: 3 }),
			by: fc.constantFrom("operator" as const, "player" as const),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			does: fc.constant("remove" as const),
			device: fc.constantFrom("tv", "phone", "tablet", null),
		}),
	},
);
type Step = Arbitrated<typeof steps>;
type Playing = Extract<Step, { does: "start" | "renew" | "reload" }>;

/** A call of the object, with everything worked out. */
type Call =
	| { readonly to: "admit"; readonly request: AdmitRequest }
	| { readonly to: "refund"; readonly id: string; readonly token: string }
	| { readonly to: "end"; readonly key: string | null; readonly by: "operator" | "player" }
	| { readonly to: "remove"; readonly device: string | null };
const FAULT = "fault";
type Answer = AdmitAnswer | readonly string[] | number | null | typeof FAULT;

/** What was given to a player: it may come back with it until its token ends. */
interface Grant {
	readonly kind: TokenKind;
	readonly token: AdmitRequest["token"];
	readonly client: AdmitRequest["client"];
	readonly video: string;
	readonly session: { readonly key: string; readonly startedAt: number } | null;
}

interface Sent {
	readonly request: AdmitRequest;
	readonly kind: TokenKind;
	readonly at: number;
}

/** A request may be on its way when its token ends. */
const ON_ITS_WAY_MS = 30_000;
/** With its retry it is so for less than a minute, for which it counts with the others of its token. */
const COUNTED_FOR_MS = 60_000;
/** Retries, and uses that are given back, come within seconds; for a minute they are promised to be known. */
const RETRIED_WITHIN_MS = 60_000;

interface World {
	readonly kind: ViewerKind;
	readonly viewer: Viewer;
	readonly owner: DeviceOwner;
	/** What the object may be, by its answers: one, or a few when calls that ran at once can have come in either order. */
	models: readonly Model[];
	stored: Stored;
	readonly tokens: (AdmitRequest["token"] & { readonly kind: TokenKind })[];
	readonly sent: Sent[];
	readonly grants: Grant[];
	/** Requests that something came of. */
	readonly came: Map<string, Set<string>>;
	/** Tokens of which the object has said that nothing is left for good. */
	readonly spent: Set<string>;
	/** What has happened, for whoever reads a counter-example. */
	readonly story: string[];
}

const picked = <T>(from: readonly T[], chosen: number): T | undefined => from[chosen % Math.max(1, from.length)];
const onlyGiven = <T extends object>(members: T) =>
	Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

function tokenFor(world: World, chosen: number): World["tokens"][number] {
	const now = Date.now();
	const kind = picked(world.kind.tokens, chosen) as TokenKind;
	const valid = world.tokens.find((token) => token.kind === kind && now < token.expiresAt + ON_ITS_WAY_MS);
	if (valid) return valid;
	const issued = { id: `token-${world.tokens.length}`, expiresAt: now + kind.lifeSeconds * 1000, kind };
	world.tokens.push(issued);
	return issued;
}

function grantFor(world: World, chosen: number): Grant | undefined {
	const now = Date.now();
	return picked(
		world.grants.filter(({ token }) => now < token.expiresAt + ON_ITS_WAY_MS),
		chosen,
	);
}

function namedSession({ stored }: World, chosen: number): string | undefined {
	return picked([...stored.sessions.map(({ key }) => key), "nobody's"], chosen);
}

function clientOf(
	{ client }: Grant,
	{ from, client: other }: Extract<Step, { does: "renew" }>,
): AdmitRequest["client"] {
	if (from === "home") return client;
	return from === "elsewhere" ? { ...client, address: other.address } : other;
}

/** As `worker/playback/admit.ts` asks. */
function requestOf(world: World, step: Playing): Sent | null {
	const grant = step.does === "renew" ? grantFor(world, step.grant) : null;
	if (grant === undefined) return null;
	const token = step.does === "renew" ? grant : tokenFor(world, step.token);
	if (token === null) return null;
	const { kind } = token;
	const heartbeat = step.does === "reload" && step.heartbeat;
	const counting = step.does === "reload" ? "playbacks" : kind.counting;
	const { id, expiresAt } = "token" in token ? token.token : token;
	const client = grant && step.does === "renew" ? clientOf(grant, step) : step.client;
	const video = step.does === "renew" ? (grant?.video ?? "") : step.video;
	const ownKey = kind.sid ?? (heartbeat ? "heartbeat" : `${client.userAgent} at ${client.address}: ${video}`);
	const granted = step.does === "renew" && !step.unproven ? grant?.session : null;
	const { maxip, maxu, dlimit, climit, cbeh = heartbeat ? "BLOCK_NEW" : undefined } = kind;
	const countsBySession = maxip !== undefined && world.kind.ipCounting === "sessions";
	const keepsSession =
		world.kind.uid ||
		climit !== undefined ||
		heartbeat ||
		countsBySession ||
		(maxu !== undefined && counting === "playbacks");
	const home = grant && maxip !== undefined && !countsBySession ? grant.client : null;
	const ends = step.does === "renew" || step.ends === null ? undefined : namedSession(world, step.ends);
	const request: AdmitRequest = {
		id: `request-${world.sent.length}`,
		intent: step.does,
		use: step.use && !heartbeat && maxu !== undefined,
		counting,
		dryRun: step.dryRun,
		token: { id, expiresAt },
		limits: onlyGiven({ maxip, maxu, dlimit, climit, cbeh }),
		client,
		session: keepsSession
			? {
					key: granted?.key ?? ownKey,
					ownKey,
					...(granted ? { startedAt: granted.startedAt } : {}),
					video,
					ttlSeconds: world.kind.ttlSeconds,
					noteAfterMs: world.kind.noteAfterMs,
				}
			: null,
		...(heartbeat ? { countAlive: true } : {}),
		...(dlimit === undefined ? {} : { owner: world.owner }),
		...(countsBySession ? { ipCounting: "sessions" } : {}),
		...(home && home.userAgent === client.userAgent ? { grantedTo: home.address } : {}),
		...(climit !== undefined && world.kind.listsConflicts ? { listConflicts: true } : {}),
		...(ends === undefined ? {} : { endSession: ends }),
	};
	return { request, kind, at: Date.now() };
}

/** The call that a step is; null when there is nothing yet that it could be about. */
function callOf(world: World, step: Step, answered: readonly Sent[]): Call | null {
	const now = Date.now();
	const recent = (sent: Sent) => now - sent.at <= RETRIED_WITHIN_MS;
	const isOnItsWay = ({ request }: Sent) => now < request.token.expiresAt + COUNTED_FOR_MS;
	switch (step.does) {
		case "start":
		case "renew":
		case "reload": {
			const sent = requestOf(world, step);
			if (sent) world.sent.push(sent);
			return sent && { to: "admit", request: sent.request };
		}
		case "retry": {
			const sent = picked(world.sent.filter(recent).filter(isOnItsWay), step.request);
			return sent ? { to: "admit", request: sent.request } : null;
		}
		case "refund": {
			const counted = answered.filter(
				(sent) => recent(sent) && sent.request.use && sent.request.counting === "requests",
			);
			const sent = picked(counted, step.request);
			return sent ? { to: "refund", id: sent.request.id, token: sent.request.token.id } : null;
		}
		case "end": {
			const key = step.session === null ? null : (namedSession(world, step.session) ?? null);
			return { to: "end", key, by: step.by };
		}
		case "remove":
			return { to: "remove", device: step.device };
	}
}

/** The object, or a stub of it. */
type Limiter = Pick<ViewerLimits | Viewer["stub"], "admit" | "refund" | "endSessions" | "removeDevices">;

async function answerOf(world: World, limiter: Limiter, call: Call): Promise<Answer> {
	const { owner } = world;
	switch (call.to) {
		case "admit":
			return withoutFinal(world, call.request, unwire<AdmitAnswer>(await limiter.admit(wire(call.request))));
		case "refund":
			await limiter.refund(wire({ id: call.id, token: call.token }));
			return null;
		case "end":
			return await limiter.endSessions(call.key, call.by);
		case "remove":
			return await limiter.removeDevices(owner, call.device);
	}
}

/** The model does not say when a refusal is final; but after one, nothing may come of a use any more. */
function withoutFinal(
	{ spent }: World,
	{ token, use, limits, counting }: AdmitRequest,
	answer: AdmitAnswer,
): AdmitAnswer {
	const { final, ...said } = answer;
	if (final) spent.add(token.id);
	const isUse = use && limits.maxu !== undefined && counting === "requests";
	if (isUse && spent.has(token.id)) expect(said.allowed).toBe(false);
	return said;
}

function modelled(model: Model, call: Call, now: number): readonly [Answer, Model] {
	switch (call.to) {
		case "admit": {
			const outcome = admit(model, call.request, now);
			return [outcome.answer, outcome.model];
		}
		case "refund":
			return [null, refund(model, call.id)];
		case "end":
			return endSessions(model, call.key, call.by, now);
		case "remove":
			return removeDevices(model, call.device);
	}
}

/** What the object holds, as far as it can be seen from outside, and what the tables hold of tokens. */
interface Stored {
	readonly sessions: readonly LiveSession[];
	readonly devices: readonly { readonly id: string; readonly userAgent: string; readonly createdAt: number }[];
	readonly tokens: Readonly<Record<string, StoredToken>>;
}

interface StoredToken {
	readonly uses: number;
	/** That are counted. */
	readonly addresses: readonly string[];
	/** Two of one place, both ways round. */
	readonly partners: readonly string[];
}

const TABLES = ["tokens", "sessions", "devices", "outbox"];

async function storedOf({ viewer, tokens }: World): Promise<Stored> {
	return runInDurableObject(viewer.stub, async (object, state) => {
		const { sql } = state.storage;
		const holdsAnything = TABLES.some((table) => sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0);
		if (holdsAnything) expect(await state.storage.getAlarm(), "the alarm that is to clean up").not.toBeNull();
		const used = sql
			.exec<{ id: string; used: number; addresses: number }>("SELECT id, used, addresses FROM tokens")
			.toArray();
		const visits = sql.exec<{ token: string; address: string }>("SELECT * FROM addresses ORDER BY address").toArray();
		const partners = sql.exec<{ token: string; address: string; partner: string }>("SELECT * FROM partners").toArray();
		const devices = object.listDevices();
		return {
			sessions: object.listSessions(),
			devices: devices.map(({ id, userAgent, createdAt }) => ({ id, userAgent, createdAt })),
			tokens: Object.fromEntries(
				validOf(tokens).map(({ id }) => {
					const row = used.find((token) => token.id === id);
					const addresses = visits.filter(({ token }) => token === id).map(({ address }) => address);
					expect(row?.addresses ?? 0, "the count of addresses").toBe(addresses.length);
					const pairs = partners.filter(({ token }) => token === id);
					const stored: StoredToken = {
						uses: row?.used ?? 0,
						addresses,
						partners: pairs.map(({ address, partner }) => `${address} ${partner}`).toSorted(),
					};
					return [id, stored];
				}),
			),
		};
	});
}

function validOf(tokens: World["tokens"]) {
	return tokens.filter(({ expiresAt }) => Date.now() < expiresAt + ON_ITS_WAY_MS);
}

function expectedOf(model: Model, { tokens }: World): Stored {
	const inOrder = model.devices.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
	return {
		sessions: listSessions(model, Date.now()),
		devices: inOrder,
		tokens: Object.fromEntries(
			validOf(tokens).map(({ id }) => {
				const places = placesOf(model, id);
				const pairs = places.flatMap(({ address, other }) => (other === null ? [] : [[address, other]]));
				const expected: StoredToken = {
					uses: usesOf(model, id),
					addresses: places.map(({ address }) => address).toSorted(),
					partners: pairs.flatMap((pair) => [pair.join(" "), pair.toReversed().join(" ")]).toSorted(),
				};
				return [id, expected];
			}),
		),
	};
}

/** Ended sessions that no decision can need are listed until they are cleaned up. */
function withoutDead(stored: Stored, expected: Stored): Stored {
	const known = new Set(expected.sessions.map(({ key }) => key));
	return { ...stored, sessions: stored.sessions.filter(({ key, endedBy }) => endedBy === null || known.has(key)) };
}

/** Every order in which calls can have been judged: admissions among themselves as they were sent, and so all others. */
function orders(calls: readonly Call[]): number[][] {
	const places = calls.map((_, index) => index);
	const merge = (left: readonly number[], right: readonly number[]): number[][] => {
		const [first, ...lefts] = left;
		const [second, ...rights] = right;
		if (first === undefined) return [[...right]];
		if (second === undefined) return [[...left]];
		return [
			...merge(lefts, right).map((rest) => [first, ...rest]),
			...merge(left, rights).map((rest) => [second, ...rest]),
		];
	};
	const [admissions, others] = [true, false].map((wanted) =>
		places.filter((place) => (calls[place]?.to === "admit") === wanted),
	);
	const all = merge(admissions ?? [], others ?? []);
	const sent = all.findIndex((order) => isDeepStrictEqual(order, places));
	return [all[sent] ?? places, ...all.filter((_, index) => index !== sent)];
}

interface Possible {
	readonly model: Model;
	readonly answers: readonly Answer[];
}

/** Calls that came to a fault have done nothing. */
function inOrder(model: Model, calls: readonly Call[], given: readonly Answer[], order: readonly number[]): Possible {
	const now = Date.now();
	const answers: Answer[] = calls.map(() => FAULT);
	let after = model;
	for (const place of order.filter((each) => given[each] !== FAULT)) {
		const [answer, next] = modelled(after, calls[place] as Call, now);
		answers[place] = answer;
		after = next;
	}
	return { model: after, answers };
}

/** The object answered and holds what the model does, in one of the orders; and no limit was passed, whatever the model says. */
async function agrees(world: World, calls: readonly Call[], answers: readonly Answer[]): Promise<void> {
	const before = world.stored;
	world.stored = await storedOf(world);
	const possible = world.models.flatMap((model) => orders(calls).map((order) => inOrder(model, calls, answers, order)));
	const fits = possible.filter(({ model, answers: modelAnswers }) => {
		const expected = expectedOf(model, world);
		return isDeepStrictEqual([answers, withoutDead(world.stored, expected)], [modelAnswers, expected]);
	});
	if (fits.length === 0) {
		const { model, answers: modelAnswers } = possible[0] as Possible;
		const expected = expectedOf(model, world);
		const [actual, wanted] = [
			{ answers, ...withoutDead(world.stored, expected) },
			{ answers: modelAnswers, ...expected },
		];
		assert.deepEqual(actual, wanted, world.story.join("\n"));
	}
	const different = new Map(fits.map(({ model }) => [JSON.stringify(model), model]));
	world.models = [...different.values()];
	limitsHold(world, calls, answers, before);
}

function limitsHold(world: World, calls: readonly Call[], answers: readonly Answer[], before: Stored): void {
	for (const [index, call] of calls.entries()) noteWhatCame(world, call, answers[index] ?? null);
	const { stored } = world;
	for (const { id, kind } of validOf(world.tokens)) {
		const { uses = 0, addresses = [], partners = [] } = stored.tokens[id] ?? {};
		const { maxu = Infinity, maxip = Infinity } = kind;
		expect(uses).toBeLessThanOrEqual(maxu);
		expect(world.came.get(id)?.size ?? 0).toBeLessThanOrEqual(maxu);
		expect(addresses.length).toBeLessThanOrEqual(maxip);
		const known = new Set([...addresses, ...partners.map((pair) => pair.split(" ")[0] ?? "")]);
		const ofIpv6 = [...known].filter((address) => address.includes(":")).length;
		expect(Math.max(ofIpv6, known.size - ofIpv6)).toBeLessThanOrEqual(maxip);
	}
	const limits = calls.flatMap((call) => (call.to === "admit" ? [call.request.limits] : []));
	const most = (of: readonly (number | undefined)[]) => Math.max(0, ...of.map((limit) => limit ?? 0));
	expect(stored.devices.length).toBeLessThanOrEqual(
		Math.max(before.devices.length, most(limits.map(({ dlimit }) => dlimit))),
	);
	if (limits.some(({ climit, cbeh }) => climit === undefined || cbeh === "BLOCK_NEW_USER")) return;
	const alive = ({ sessions }: Stored) => sessions.filter(({ endedBy }) => endedBy === null).length;
	expect(alive(stored)).toBeLessThanOrEqual(Math.max(alive(before), most(limits.map(({ climit }) => climit))));
}

/** Keeps the viewer's own account of what it got. */
function noteWhatCame(world: World, call: Call, answer: Answer): void {
	if (call.to === "refund" && answer !== FAULT) world.came.get(call.token)?.delete(call.id);
	if (call.to !== "admit" || answer === null || typeof answer !== "object" || !("allowed" in answer)) return;
	const { request } = call;
	if (!answer.allowed || request.dryRun) return;
	if (request.use && request.counting === "requests" && !wasGivenBack(world, request.id)) {
		const came = world.came.get(request.token.id) ?? new Set();
		world.came.set(request.token.id, came.add(request.id));
	}
	const sent = world.sent.find((each) => each.request === request);
	if (!sent || request.intent === "renew") return;
	const { kind } = sent;
	const { token, client } = request;
	world.grants.push({ kind, token, client, video: request.session?.video ?? "film", session: answer.value.session });
}

const wasGivenBack = ({ models }: World, id: string): boolean => models.some(({ refunds }) => refunds.includes(id));

function toldOf(call: Call): string {
	if (call.to !== "admit") return JSON.stringify(call);
	const { id, intent, use, counting, dryRun, token, limits, client, session, ...more } = call.request;
	const { ipCounting, grantedTo, endSession } = more;
	const what = [id, intent, ...(use ? ["use", counting] : []), ...(dryRun ? ["dry run"] : []), token.id];
	const who = [client.userAgent, client.address, client.device].join(" ");
	const where =
		session && `${session.startedAt === undefined ? "" : `grant of [${session.key}] `}own [${session.ownKey}]`;
	const fairness = JSON.stringify({ ipCounting, grantedTo, endSession });
	return `${what.join(" ")} ${JSON.stringify(limits)} ${who} ${where ?? "no session"} ${fairness}`;
}

type Command = fc.AsyncCommand<object, World>;

/** What happens beside the steps: nothing, the clean-up, or the first commit that fails: whoever shared it got no answer and spent nothing. */
type Beside = "nothing" | "alarm" | "fault";

/** Steps at once; the answers must be those of the model in some order. */
class Together implements Command {
	readonly #steps: readonly Step[];
	readonly #beside: Beside;
	constructor(some: readonly Step[], beside: Beside = "nothing") {
		this.#steps = some;
		this.#beside = beside;
	}
	check = () => true;
	async run(_: object, world: World): Promise<void> {
		const answered = [...world.sent];
		const calls = this.#steps.flatMap((step) => callOf(world, step, answered) ?? []);
		world.story.push(`at once, beside ${this.#beside}:`, ...calls.map(toldOf));
		const { stub } = world.viewer;
		const asked = () => Promise.all(calls.map((call) => answerOf(world, stub, call)));
		const answers = this.#beside === "fault" ? withFault(world, calls) : asked();
		if (this.#beside === "alarm") await runDurableObjectAlarm(stub);
		await agrees(world, calls, await answers);
	}
	toString = () => `at once, beside ${this.#beside}: ${JSON.stringify(this.#steps)}`;
}

/** Asked from within the object, for the runtime prints each fault that leaves one. */
function withFault(world: World, calls: readonly Call[]): Promise<Answer[]> {
	return runInDurableObject(world.viewer.stub, async (object, state) => {
		const commits = vi.spyOn(state.storage, "transactionSync").mockImplementationOnce(() => {
			throw new Error("disk full");
		});
		const answers = await Promise.all(calls.map((call) => answerOf(world, object, call).catch((): Answer => FAULT)));
		commits.mockRestore();
		return answers;
	});
}

class Later implements Command {
	readonly #seconds: number;
	readonly #cleansUp: boolean;
	constructor(seconds: number, cleansUp: boolean) {
		this.#seconds = seconds;
		this.#cleansUp = cleansUp;
	}
	check = () => true;
	async run(_: object, world: World): Promise<void> {
		world.story.push(this.toString());
		vi.setSystemTime(Date.now() + this.#seconds * 1000);
		if (this.#cleansUp) await runDurableObjectAlarm(world.viewer.stub);
		await agrees(world, [], []);
	}
	toString = () => `${this.#seconds} s later${this.#cleansUp ? ", and the alarm" : ""}`;
}

class Restart implements Command {
	check = () => true;
	async run(_: object, world: World): Promise<void> {
		world.story.push(this.toString());
		await evictDurableObject(world.viewer.stub);
		await agrees(world, [], []);
	}
	toString = () => "restart";
}

const besides = fc.constantFrom<Beside[]>("nothing", "nothing", "alarm", "fault");
const whiles = fc.constantFrom(0.001, 1, 10, 29, 31, 41, 61, 89, 91, 300, 3600);
const commands = fc.commands(
	[
		steps.map((step) => new Together([step])),
		steps.map((step) => new Together([step])),
		steps.map((step) => new Together([step])),
		fc.tuple(fc.array(steps, { maxLength: 5 }), besides).map(([some, beside]) => new Together(some, beside)),
		fc.tuple(whiles, fc.boolean()).map(([seconds, cleansUp]) => new Later(seconds, cleansUp)),
		fc.constant(new Restart()),
	],
	{ maxCommands: 40, size: "max" },
);

let worlds = 0;
function newWorld(kind: ViewerKind): World {
	worlds += 1;
	vi.setSystemTime(EPOCH);
	return {
		kind,
		viewer: newViewer(),
		owner: { account: "model", uid: `viewer-${worlds}` },
		models: [NOTHING],
		spent: new Set(),
		stored: { sessions: [], devices: [], tokens: {} },
		tokens: [],
		sent: [],
		grants: [],
		came: new Map(),
		story: [],
	};
}

it(
	"answers and holds what the model does, whatever is asked, in whichever order, with restarts and clean-ups",
	async () => {
		await fc.assert(
			fc.asyncProperty(viewerKinds, commands, async (kind, some) => {
				const world = newWorld(kind);
				await world.viewer.stub.listSessions(); // wakes it: what does not run cannot be restarted
				await fc.asyncModelRun(() => ({ model: {}, real: world }), some);
				expect(world.models).not.toHaveLength(0);
				await evictDurableObject(world.viewer.stub); // and its files are closed
			}),
			{ seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: LONGEST_MS },
		);
	},
	LONGEST_MS + 60_000,
);
