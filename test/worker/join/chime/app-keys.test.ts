import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	judgeNetwork,
	ownNetworkHeaders,
	parseTenants,
	readNetworkHeaders,
} from "../../../../worker/join/providers/chime/app-keys.ts";

// rtc 3.1. K is the session's AppKey, T its TenantIds.
const K = "app-key-K";
type Outcome = "accepted" | "chime-app-key-refused" | "chime-tenant-refused";

function outcome(
	appKeys: string | null,
	tenants: string | null,
	tenantIds: readonly string[] = [],
	appKey: string | null = K,
): string {
	const verdict = judgeNetwork({ appKeys, tenants }, { appKey, tenantIds });
	return verdict.allowed ? "accepted" : verdict.refusal.reason;
}

function detail(appKeys: string | null, tenants: string | null, tenantIds: readonly string[] = ["t1"]): unknown {
	const verdict = judgeNetwork({ appKeys, tenants }, { appKey: K, tenantIds });
	return verdict.allowed ? null : "detail" in verdict.refusal && verdict.refusal.detail;
}

describe("the truth table", () => {
	it.each<[string, string | null, string | null, readonly string[], Outcome]>([
		["neither header, no TenantIds", null, null, [], "accepted"],
		["neither header, TenantIds", null, null, ["t1"], "accepted"],
		["K among the AppKeys", K, null, ["t1"], "accepted"],
		["K among other AppKeys", `other,${K},third`, null, [], "accepted"],
		["K not among the AppKeys", "other", null, ["t1"], "chime-app-key-refused"],
		["K not among the AppKeys, no TenantIds", "other,third", null, [], "chime-app-key-refused"],
		["a tenant of K fits", null, `${K}:t1`, ["t1"], "accepted"],
		["one of several tenants of K fits", null, `${K}:t0,t2`, ["t1", "t2"], "accepted"],
		["K among the AppKeys and a tenant fits", K, `${K}:t1`, ["t1"], "accepted"],
		["no tenant of K fits", null, `${K}:t0`, ["t1"], "chime-tenant-refused"],
		["K among the AppKeys, no tenant fits", K, `${K}:t0`, ["t1"], "chime-tenant-refused"],
		["K limited to tenants, session without", null, `${K}:t1`, [], "chime-tenant-refused"],
		["K among the AppKeys, limited, session without", K, `${K}:t1`, [], "chime-tenant-refused"],
		["another AppKey limited to tenants", null, "other:t1", ["t9"], "accepted"],
		["another AppKey limited, K among the AppKeys", K, "other:t1", [], "accepted"],
		["K not among the AppKeys, though a tenant fits", "other", `${K}:t1`, ["t1"], "chime-app-key-refused"],
		["K not among the AppKeys, nor in the Tenants", "other", "other:t1", ["t1"], "chime-app-key-refused"],
		["two apps, one limited: the limited one", `${K},other`, `${K}:t1`, ["t2"], "chime-tenant-refused"],
		["two apps, one limited: the other one", `${K},other`, "other:t1", ["t2"], "accepted"],
	])("%s", (_row, appKeys, tenants, tenantIds, expected) => {
		expect(outcome(appKeys, tenants, tenantIds)).toBe(expected);
	});
});

describe("what the table is silent about", () => {
	it.each<[string, string | null, string | null, Outcome]>([
		["AppKeys there but empty", "", null, "chime-app-key-refused"],
		["AppKeys of white space", " \t ", null, "chime-app-key-refused"],
		["AppKeys of commas", ", ,", null, "chime-app-key-refused"],
		["Tenants there but empty", null, "", "chime-tenant-refused"],
		["Tenants of separators", null, " ; , ;", "chime-tenant-refused"],
		["both there but empty", "", "", "chime-app-key-refused"],
		["white space around keys", ` other ,\t${K} `, null, "accepted"],
		["white space around tenants and separators", null, ` other : t5 ; ${K} :\tt0 , t1 `, "accepted"],
		["an empty element", `other,,${K},`, null, "accepted"],
		["a semicolon at the end", null, `${K}:t1;`, "accepted"],
		["K twice: union", null, `${K}:t0;other:t3;${K}:t1`, "accepted"],
		["K twice, neither fits", null, `${K}:t0;${K}:t2`, "chime-tenant-refused"],
		["repeated lines", null, `${K}:t0, other:t5, ${K}:t1`, "accepted"],
		["repeated lines, only another key's tenant fits", null, `${K}:t0, other:t1`, "chime-tenant-refused"],
		["AppKey in upper case", K.toUpperCase(), null, "chime-app-key-refused"],
		["AppKey with more behind it", `${K}x`, null, "chime-app-key-refused"],
		["AppKey cut short", K.slice(0, -1), null, "chime-app-key-refused"],
		["limited AppKey in other case is another", null, `${K.toUpperCase()}:t9`, "accepted"],
		["tenant in other case", null, `${K}:T1`, "chime-tenant-refused"],
		["tenant that begins alike", null, `${K}:t11`, "chime-tenant-refused"],
		["AppKeys separated by semicolons", `other;${K}`, null, "chime-app-key-refused"],
		["an AppKey with white space, beside K", `o ther,${K}`, null, "chime-app-key-refused"],
		["no-break space is no white space", `\u00a0${K}`, null, "chime-app-key-refused"],
		["tenants without an AppKey", null, "t1", "chime-tenant-refused"],
		["a segment without an AppKey", null, `${K}:t1;t2`, "chime-tenant-refused"],
		["nothing before the colon", null, `:t1;${K}:t1`, "chime-tenant-refused"],
		["nothing after the colon", null, `${K}:`, "chime-tenant-refused"],
		["nothing after another key's colon", null, `${K}:t1;other:`, "chime-tenant-refused"],
		["a comma after the colon", null, `${K}:,t1`, "chime-tenant-refused"],
		["two colons", null, `${K}:t1:t1`, "chime-tenant-refused"],
		["a tenant that no TenantId can be", null, `${K}:t1,t 2`, "chime-tenant-refused"],
		["a tenant with a character of its own", null, `${K}:t1,tä`, "chime-tenant-refused"],
		["every character that a tenant may have", null, `${K}:-_!@#$aZ09,t1`, "accepted"],
	])("%s", (_case, appKeys, tenants, expected) => {
		expect(outcome(appKeys, tenants, ["t1"])).toBe(expected);
	});

	it("a session without an AppKey is in no list, and nothing limits it to tenants", () => {
		expect(outcome(null, null, ["t1"], null)).toBe("accepted");
		expect(outcome("other", null, ["t1"], null)).toBe("chime-app-key-refused");
		expect(outcome(null, "other:t9", ["t1"], null)).toBe("accepted");
		expect(outcome(null, "", ["t1"], null)).toBe("chime-tenant-refused");
	});

	it("says what was wrong, never a value", () => {
		expect(detail("", null)).toBe("it is empty");
		expect(detail("other, s p", null)).toBe("its AppKey 2 has a character that no AppKey has");
		expect(detail("other", null)).toBe("it does not name the session's AppKey");
		expect(detail(null, `${K}:t0`)).toBe("it names none of the session's TenantIds");
		expect(detail(null, `${K}:t0`, [])).toContain("has no TenantIds");
		expect(detail(null, "a:t1;t2")).toBe("in its segment 2 a tenant stands without an AppKey and a colon before it");
		expect(detail(null, "a:t1;b:")).toBe("in its segment 2 an AppKey has no tenant");
		expect(detail(null, ":t1")).toBe("in its segment 1 no AppKey stands before the colon");
		expect(detail(null, "a:t:t")).toBe("in its segment 1 a tenant has a character that no TenantId has");
	});

	it("header lines that are repeated are one list", () => {
		const headers = new Headers();
		headers.append("x-amzn-chime-app-keys", "other");
		headers.append("X-AMZN-CHIME-APP-KEYS", K);
		headers.append("x-amzn-chime-tenants", `${K}:t0`);
		headers.append("x-amzn-chime-tenants", `${K}:t1`);
		const verdict = judgeNetwork(readNetworkHeaders(headers), { appKey: K, tenantIds: ["t1"] });
		expect(verdict.allowed).toBe(true);
	});
});

describe("the gate's own headers", () => {
	it.each([
		["with tenants", K, ["t1", "t2"], { "X-Amzn-Chime-App-Keys": K, "X-Amzn-Chime-Tenants": `${K}:t1,t2` }],
		["without tenants", K, [], { "X-Amzn-Chime-App-Keys": K }],
		["without an AppKey", null, ["t1"], {}],
	])("%s", (_case, appKey, tenantIds, expected) => {
		expect(Object.fromEntries(ownNetworkHeaders({ appKey, tenantIds }))).toEqual(expected);
	});

	it("let their own session through", () => {
		const session = { appKey: K, tenantIds: ["t1", "t2"] };
		const own = new Headers([...ownNetworkHeaders(session)]);
		expect(judgeNetwork(readNetworkHeaders(own), session).allowed).toBe(true);
	});
});

// What the text of the rules says, over structures: no text is parsed here.
interface Network {
	readonly appKeys: readonly string[] | null;
	readonly tenants: readonly (readonly [string, readonly string[]])[] | null;
}
function oracle({ appKeys, tenants }: Network, key: string, ids: readonly string[]): boolean {
	if (appKeys && !appKeys.some((allowed) => allowed === key)) return false;
	const mine = tenants?.filter(([app]) => app === key) ?? [];
	return mine.length === 0 || mine.some(([, allowed]) => allowed.some((tenant) => ids.includes(tenant)));
}

const appKey = fc.constantFrom("a", "A", "bb", "b-1", "c".repeat(64));
const tenant = fc.constantFrom("t1", "T1", "org-2", "#$!@_-", "x");
const blank = fc.constantFrom("", " ", "\t", "  ");
const networks = fc.record({
	appKeys: fc.option(fc.array(appKey, { minLength: 1, maxLength: 4 })),
	tenants: fc.option(
		fc.array(fc.tuple(appKey, fc.array(tenant, { minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 4 }),
	),
});

describe("any network", () => {
	it("is judged as the rules say, however its headers are spelled", () => {
		const spelling = fc.record({ a: blank, b: blank, c: blank, joint: fc.constantFrom(";", ", ", ";;", " ; ") });
		fc.assert(
			fc.property(networks, appKey, fc.uniqueArray(tenant, { maxLength: 5 }), spelling, (network, key, ids, s) => {
				const appKeys = network.appKeys && network.appKeys.join(`${s.a},${s.b}`);
				const segments = network.tenants?.map(([app, own]) => `${s.a}${app}${s.b}:${s.c}${own.join(`${s.c},${s.a}`)}`);
				const verdict = judgeNetwork(
					{ appKeys, tenants: segments?.join(s.joint) ?? null },
					{ appKey: key, tenantIds: ids },
				);
				expect(verdict.allowed).toBe(oracle(network, key, ids));
			}),
			{ numRuns: 2000 },
		);
	});

	it("is judged whatever it sends, and what cannot be read lets nobody in", () => {
		const hostile = fc.string({
			unit: fc.constantFrom("a", "K", ":", ";", ",", " ", "\t", "t", "1", "ä", "\u0000", "#"),
			maxLength: 40,
		});
		const letsIn = (appKeys: string | null, tenants: string | null): boolean =>
			judgeNetwork({ appKeys, tenants }, { appKey: "K", tenantIds: ["t1"] }).allowed;
		const mayLetIn = (appKeys: string | null, tenants: string | null): boolean =>
			(appKeys === null || appKeys.includes("K")) && (tenants === null || !("fault" in parseTenants(tenants)));
		fc.assert(
			fc.property(fc.option(hostile), fc.option(hostile), (appKeys, tenants) => {
				expect(letsIn(appKeys, tenants) && !mayLetIn(appKeys, tenants)).toBe(false);
			}),
			{ numRuns: 2000 },
		);
	});

	it("cannot make the gate slow", () => {
		const long = `K:t1,${" ".repeat(30_000)}x ${" ".repeat(30_000)}y`;
		expect(judgeNetwork({ appKeys: long, tenants: long }, { appKey: "K", tenantIds: ["t1"] }).allowed).toBe(false);
	});
});
