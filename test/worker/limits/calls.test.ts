import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LimitsCalls } from "../../../worker/limits/calls.ts";
import { type AdmitAnswer, type AdmitRequest, type Wired, unwire, wire } from "../../../worker/limits/contract.ts";
import { ViewerLimits } from "../../../worker/limits/viewer-limits.ts";
import { type Asked, requestOf, verdict } from "../../support/viewer.ts";

const behind = (): void => {};
const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
type Namespace = typeof env.VIEWER_LIMITS;
type Admit = (asked: Wired<AdmitRequest>, more?: Wired<AdmitRequest>) => Promise<Wired<AdmitAnswer>>;
const namespaceOf = (admit: Admit): Namespace => ({ getByName: () => ({ admit }) }) as unknown as Namespace;
const refusedWith = (limit: number): Wired<AdmitAnswer> =>
	wire<AdmitAnswer>({ allowed: false, refusal: { reason: "use-limit", limit } });
const limitOf = (asked: Wired<AdmitRequest>): number => unwire(asked).limits.maxu ?? 0;

let objects = 0;
/** Asks one object through `calls`, as requests of one isolate do. */
function asker(calls: LimitsCalls, name = `test/calls-${(objects += 1)}`) {
	return async (asked: Asked): Promise<AdmitAnswer> => unwire(await calls.admit(name, wire(requestOf(asked)), behind));
}

afterEach(() => {
	vi.restoreAllMocks();
});

describe("requests of one isolate for one object", () => {
	it("share calls, and the limit is met exactly", async () => {
		const admit = vi.spyOn(ViewerLimits.prototype, "admit");
		const ask = asker(new LimitsCalls(env.VIEWER_LIMITS));
		const answers = await Promise.all(times(300).map(() => ask({ use: true, limits: { maxu: 7 } })));
		expect(answers.filter(({ allowed }) => allowed)).toHaveLength(7);
		expect(admit.mock.calls.length).toBeLessThanOrEqual(4); // the first, and the others by 200
	});

	it("get each its own answer", async () => {
		const calls = new LimitsCalls(env.VIEWER_LIMITS);
		const ask = asker(calls);
		const answers = await Promise.all(
			times(100).map((index) => ask({ use: true, token: `t${index}`, limits: { maxu: 1 + (index % 2) } })),
		);
		expect(new Set(answers.map(verdict))).toEqual(new Set(["allowed"]));
		const again = await Promise.all(
			times(100).map((index) => ask({ use: true, token: `t${index}`, limits: { maxu: 1 + (index % 2) } })),
		);
		expect(again.map(verdict)).toEqual(times(100).map((index) => (index % 2 === 0 ? "use-limit" : "allowed")));
	});

	it("do not wait for those of another object", async () => {
		const calls = new LimitsCalls(
			namespaceOf((asked) => (limitOf(asked) === 1 ? new Promise(() => {}) : Promise.resolve(refusedWith(2)))),
		);
		void asker(calls)({ limits: { maxu: 1 } });
		expect(verdict(await asker(calls)({ limits: { maxu: 2 } }))).toBe("use-limit");
	});

	it("make a call of their own when the one before does not end", async () => {
		const calls = new LimitsCalls(
			namespaceOf((asked) => (limitOf(asked) === 1 ? new Promise(() => {}) : Promise.resolve(refusedWith(2)))),
		);
		const ask = asker(calls);
		void ask({ limits: { maxu: 1 } });
		expect(verdict(await ask({ limits: { maxu: 2 } }))).toBe("use-limit");
	});

	it("fail together, and the next call is made", async () => {
		let fails = 2;
		const calls = new LimitsCalls(
			namespaceOf((_asked, more) => {
				if ((fails -= 1) >= 0) return Promise.reject(new Error("overloaded"));
				return Promise.resolve([refusedWith(1), ...(more?.split("\n") ?? []).map(() => refusedWith(1))].join("\n"));
			}),
		);
		const ask = asker(calls);
		const ended = await Promise.allSettled(times(20).map(() => ask({ limits: { maxu: 1 } })));
		expect(ended.map(({ status }) => status)).toEqual(times(20).map(() => "rejected"));
		expect(verdict(await ask({ limits: { maxu: 1 } }))).toBe("use-limit");
	});

	it("ask one by one where the object is of before shared calls", async () => {
		const heard: number[] = [];
		const calls = new LimitsCalls(
			namespaceOf((asked) => {
				heard.push(limitOf(asked));
				return Promise.resolve(refusedWith(limitOf(asked)));
			}),
		);
		const ask = asker(calls);
		const answers = await Promise.all(times(30).map((index) => ask({ limits: { maxu: index + 1 } })));
		const limits = answers.map((answer) => (answer.allowed ? null : answer.refusal));
		expect(limits).toEqual(times(30).map((index) => ({ reason: "use-limit", limit: index + 1 })));
		expect(heard.toSorted((left, right) => left - right)).toEqual(times(30).map((index) => index + 1));
	});
});
