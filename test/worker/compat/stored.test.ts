import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AdmitAnswer, unwire, wire } from "../../../worker/limits/contract.ts";
import { ADVICE } from "../../compat/rpc.ts";
import auditRows from "../../compat/sql/audit-log-rows.sql";
import auditTables from "../../compat/sql/audit-log.sql";
import guardRows from "../../compat/sql/credential-guard-rows.sql";
import guardTables from "../../compat/sql/credential-guard.sql";
import indexRows from "../../compat/sql/device-index-rows.sql";
import indexTables from "../../compat/sql/device-index.sql";
import tokenRows from "../../compat/sql/management-tokens-rows.sql";
import tokenTables from "../../compat/sql/management-tokens.sql";
import listRows from "../../compat/sql/revocation-list-rows.sql";
import listTables from "../../compat/sql/revocation-list.sql";
import viewerRows from "../../compat/sql/viewer-limits-rows.sql";
import viewerTables from "../../compat/sql/viewer-limits.sql";
import { type Asked, EPOCH, requestOf, verdict } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const HASH = "h".repeat(43);
const ID = "0123456789abcdef";

/** What an object stored in the last release, and what it must still mean. */
interface Stored {
	readonly tables: string;
	readonly rows: string;
	readonly stub: (name: string) => DurableObjectStub<never>;
	readonly means: (name: string) => Promise<void>;
}

const viewer = (name: string) => env.VIEWER_LIMITS.getByName(name);
const list = (name: string) => env.REVOCATION_LIST.getByName(name);

const stored: Readonly<Record<string, Stored>> = {
	ViewerLimits: {
		tables: viewerTables,
		rows: viewerRows,
		stub: viewer as never,
		means: async (name) => {
			const ask = async (asked: Asked) => {
				const request = requestOf({ token: "t1", address: "198.51.100.1", agent: "TV/1", device: "tv", ...asked });
				return verdict(unwire<AdmitAnswer>(await viewer(name).admit(wire(request))));
			};
			const uses: Asked = { limits: { maxu: 3 }, use: true, session: null };
			expect(await ask({ ...uses, id: "r1", limits: { maxu: 2 } })).toBe("allowed"); // was spent already
			expect([await ask(uses), await ask(uses)]).toEqual(["allowed", "use-limit"]);
			expect(await ask({ limits: { maxip: 1 }, session: null })).toBe("allowed");
			expect(await ask({ limits: { maxip: 1 }, session: null, address: "192.0.2.9" })).toBe("ip-limit");
			expect(await ask({ limits: { dlimit: 1 }, session: null, device: "phone" })).toBe("device-limit");
			expect(await ask({ limits: { climit: 1, cbeh: "BLOCK_NEW" }, session: "third" })).toBe("stream-limit-create");
			const granted = { key: "stopped", startedAt: EPOCH };
			expect(await ask({ intent: "renew", session: "stopped", granted })).toBe("session-ended");
			const playback: Asked = { limits: { maxu: 1 }, use: true, counting: "playbacks", intent: "renew" };
			expect(await ask({ ...playback, session: "playing" })).toBe("allowed"); // counted before
			expect((await viewer(name).listSessions()).map(({ key }) => key).toSorted()).toEqual(["playing", "stopped"]);
			expect(await viewer(name).listDevices()).toMatchObject([{ id: "tv", name: "Sofa", userAgent: "TV/1" }]);
			await runInDurableObject(viewer(name), (object) => object.alarm());
			const { records } = await env.DEVICE_INDEX.getByName("compat-stored").page(0, 10);
			expect(records).toMatchObject([{ uid: "ann", device: { id: "tv", name: "Sofa" } }]);
		},
	},
	DeviceIndex: {
		tables: indexTables,
		rows: indexRows,
		stub: ((name: string) => env.DEVICE_INDEX.getByName(name)) as never,
		means: async (name) => {
			const object = env.DEVICE_INDEX.getByName(name);
			expect(await object.page(0, 10)).toMatchObject({ total: 1, records: [{ uid: "ann", device: { id: "tv" } }] });
			expect(await object.take({ uid: "ann", version: 2, present: [], gone: ["tv"] })).toBe(3);
			expect(await object.take({ uid: "bob", version: 6, present: [], gone: [] })).toBe(7);
			await object.take({ uid: "ann", version: 4, present: [], gone: ["tv"] });
			expect(await object.page(0, 10)).toMatchObject({ total: 0 });
		},
	},
	RevocationList: {
		tables: listTables,
		rows: listRows,
		stub: list as never,
		means: async (name) => {
			expect((await list(name).list()).map(({ kind, value }) => `${kind} ${value}`)).toEqual([
				"jti stolen",
				"token hash",
			]);
			const { version, entries } = await list(name).changesSince(1);
			expect(version).toBe(3);
			expect(Object.fromEntries(entries.map(({ value, removed }) => [value, removed]))).toEqual({
				ann: true,
				hash: false,
			});
			expect(await list(name).remove("jti", "stolen")).toBe(true);
			expect((await list(name).changesSince(3)).entries).toMatchObject([{ value: "stolen", removed: true }]);
		},
	},
	ManagementTokens: {
		tables: tokenTables,
		rows: tokenRows,
		stub: ((name: string) => env.MANAGEMENT_TOKENS.getByName(name)) as never,
		means: async (name) => {
			const object = env.MANAGEMENT_TOKENS.getByName(name);
			expect(await object.verify(ID, HASH)).toEqual({ state: "valid", scopes: ["playgate/all"], expiresAt: null });
			expect(await object.list()).toMatchObject([{ id: ID, name: "ci", createdBy: "admin", lastUsedAt: EPOCH / 1000 }]);
			expect(await object.remove(ID)).toBe(true);
			expect(await object.verify(ID, HASH)).toEqual({ state: "unknown" });
		},
	},
	CredentialGuard: {
		tables: guardTables,
		rows: guardRows,
		stub: ((name: string) => env.CREDENTIAL_GUARD.getByName(name)) as never,
		means: async (name) => {
			const object = env.CREDENTIAL_GUARD.getByName(name);
			expect(await object.begin("guess")).toEqual({
				state: "blocked",
				untilMs: EPOCH + 60_000,
				knownFingerprints: ["good"],
			});
			expect(await object.begin("good")).toEqual({ state: "known" });
		},
	},
	AuditLog: {
		tables: auditTables,
		rows: auditRows,
		stub: ((name: string) => env.AUDIT_LOG.getByName(name)) as never,
		means: async (name) => {
			const object = env.AUDIT_LOG.getByName(name);
			const batch = { id: "b2", texts: ['[["t","d3",true]]'], forgetAtMs: EPOCH + 86_400_000, again: false };
			await object.append({ ...batch, id: "b1", again: true }); // was written
			await object.append(batch);
			expect(await object.page("e1", 0)).toMatchObject({
				after: 1,
				done: true,
				texts: ['[["t","d1",true],["t","d2",false]]'],
			});
			const { text } = await object.recent({ equal: {}, before: null, limit: 10 });
			expect(JSON.parse(text)).toEqual([
				["t", "d3", true],
				["t", "d2", false],
				["t", "d1", true],
			]);
		},
	},
};

const ids = { new: 0 };
const newName = () => `compat-stored-${(ids.new += 1)}`;

describe.each(Object.entries(stored))("%s", (_class, { tables, rows, stub, means }) => {
	/** What is stored is as `setUp` makes it when the object of today's class begins. */
	async function objectWith(setUp: (sql: SqlStorage) => void): Promise<string> {
		const name = newName();
		await runInDurableObject(stub(name), async (_object, state) => {
			await state.storage.deleteAll();
			setUp(state.storage.sql);
		});
		await evictDurableObject(stub(name));
		return name;
	}

	it("goes on with the tables and rows of the last release", async () => {
		const name = await objectWith((sql) => {
			sql.exec(tables);
			sql.exec(rows);
		});
		const problem = await means(name).then(
			() => null,
			(fault: unknown) => `Today's class cannot go on with what the last release stored: ${String(fault)}\n${ADVICE}`,
		);
		expect(problem).toBeNull();
	});

	it("leaves tables that the last release can write to, after a roll back", async () => {
		const name = newName();
		await runInDurableObject(stub(name), (object, state) => {
			state.storage.sql.exec(tables); // as its classes begin; some of today's make their tables only when they store something
			try {
				state.storage.sql.exec(rows);
			} catch (fault) {
				throw new Error(`The last release cannot write to today's tables: ${String(fault)}\n${ADVICE}`, {
					cause: fault,
				});
			}
			expect(object).toBeDefined();
		});
		await evictDurableObject(stub(name));
		await means(name);
	});

	it("cleans up what the last release stored", async () => {
		const name = await objectWith((sql) => {
			sql.exec(tables);
			sql.exec(rows);
		});
		vi.setSystemTime(EPOCH + 40 * 86_400_000);
		await runInDurableObject(stub(name), (_object, state) => state.storage.setAlarm(Date.now() + 1000));
		await runDurableObjectAlarm(stub(name));
		await evictDurableObject(stub(name));
		await runInDurableObject(stub(name), (object) => expect(object).toBeDefined());
	});
});
