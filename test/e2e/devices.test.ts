import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { ask, askRaw, outcomeOf, refusalOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { secrets, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

interface ShownDevice {
	readonly id: string;
	readonly name: string;
	readonly user_agent: string;
}

interface Page {
	readonly metadata: {
		readonly page: number;
		readonly page_count: number;
		readonly total_count: number;
		readonly Links: readonly Readonly<Record<string, string>>[];
	};
	readonly records: readonly { readonly account_id: string; readonly user_id: string; readonly device: string }[];
}

const manageJson = async <T>(path: string): Promise<T> => {
	const response = await gate.manage("GET", path);
	expect(response.status).toBe(200);
	return (await response.json()) as T;
};

const devicesUrl = (account: TestAccount, uid: string, device?: string): string =>
	`${account.apiUrl}/users/${encodeURIComponent(uid)}/devices${device === undefined ? "" : `/${encodeURIComponent(device)}`}`;
const idsOf = async (account: TestAccount, uid: string): Promise<string[]> =>
	(await manageJson<ShownDevice[]>(devicesUrl(account, uid))).map(({ id }) => id).toSorted();
const statusOf = async (method: string, url: string, body?: unknown): Promise<number> =>
	(await gate.manage(method, url, body)).status;

/** What the account's list names, over all its pages, as `user/device`. */
async function accountList(account: TestAccount, perPage = 100): Promise<string[]> {
	const found: string[] = [];
	let next: string | undefined = `/v1/accounts/${account.id}/devices?per_page=${perPage}`;
	while (next !== undefined) {
		const page: Page = await manageJson<Page>(gate.url + next);
		found.push(...page.records.map(({ user_id, device }) => `${user_id}/${device}`));
		next = page.metadata.Links.find((link) => link["next"] !== undefined)?.["next"];
	}
	return found;
}

async function clipAccount(settings: Json = {}): Promise<TestAccount> {
	const account = await gate.openAccount(settings);
	await publishClip(gate, account, { store: "r2" });
	return account;
}

const masterOf = async (account: TestAccount, claims: Json): Promise<string> =>
	account.masterUrl("clip", await account.sign(claims));
const device = (id: string): Client => ({ headers: { "BCOV-Device-Id": id } });

describe("the Devices API, from a licence to a freed slot", () => {
	it("lists a device however its id came, and lets each be removed", async () => {
		const account = await clipAccount();
		const url = await masterOf(account, { uid: "ann", dlimit: 4 });
		const first = await ask(url, { agent: "Browser/1.0" });
		const cookie = first.headers.get("Set-Cookie")?.split(";")[0] ?? "";
		expect([first.status, cookie]).toEqual([200, expect.stringContaining("playgate_device=")]);
		expect(await outcomeOf(ask(url, device("tv")))).toBe(200);
		expect(await outcomeOf(ask(`${url}&device_id=A-b_c.9%3D%2F%40%2C%2B`))).toBe(200);
		// The cookie keeps a browser one device at another address.
		const moved = { ip: "198.51.100.9", agent: "Browser/1.0", headers: { Cookie: cookie } };
		expect(await outcomeOf(ask(url, moved))).toBe(200);
		const shown = await manageJson<ShownDevice[]>(devicesUrl(account, "ann"));
		expect(shown.map(({ id }) => id)).toEqual([cookie.split(/[=.]/)[1], "tv", "A-b_c.9=/@,+"]);
		expect(shown.map(({ user_agent: agent }) => agent)).toEqual(["Browser/1.0", "Player/1.0", "Player/1.0"]);
		for (const { id } of shown) expect(await statusOf("DELETE", devicesUrl(account, "ann", id))).toBe(204);
		expect(await idsOf(account, "ann")).toEqual([]);
		expect(await accountList(account)).toEqual([]);
	});

	it("frees a slot at once, for another device of the same token", async () => {
		const account = await clipAccount();
		const url = await masterOf(account, { uid: "ann", dlimit: 1 });
		expect(await outcomeOf(ask(url, device("tv")))).toBe(200);
		for (let round = 0; round < 3; round++) {
			expect(await outcomeOf(ask(url, device("phone")))).toBe("device-limit");
			expect(await statusOf("DELETE", devicesUrl(account, "ann", "tv"))).toBe(204);
			expect(await outcomeOf(ask(url, device("phone")))).toBe(200);
			expect(await outcomeOf(ask(url, device("tv")))).toBe("device-limit");
			expect(await statusOf("DELETE", devicesUrl(account, "ann"))).toBe(204);
			expect(await outcomeOf(ask(url, device("tv")))).toBe(200);
		}
	});

	it("keeps known devices working when the limit is lowered or dropped", async () => {
		const account = await clipAccount({ touch_seconds: 0 });
		for (const id of ["a", "b", "c"])
			expect(await outcomeOf(ask(await masterOf(account, { uid: "ann", dlimit: 3 }), device(id)))).toBe(200);
		const lowered = await masterOf(account, { uid: "ann", dlimit: 1 });
		for (const id of ["a", "b", "c"]) expect(await outcomeOf(ask(lowered, device(id)))).toBe(200);
		expect(await outcomeOf(ask(lowered, device("d")))).toBe("device-limit");
		expect(await outcomeOf(ask(await masterOf(account, { uid: "ann" }), device("d")))).toBe(200);
		expect(await idsOf(account, "ann")).toEqual(["a", "b", "c"]);
	});

	it("never registers more than dlimit, and its lists end exact, under parallel requests and removals", async () => {
		const account = await clipAccount({ touch_seconds: 0 });
		const uids = ["ann", "bob", "a/b,c@d=e+f"];
		const urls = await Promise.all(uids.map((uid) => masterOf(account, { uid, dlimit: 3 })));
		const burst = (prefix: string) =>
			Promise.all(
				urls.flatMap((url) =>
					Array.from({ length: 20 }, (_, index) => outcomeOf(ask(url, device(`${prefix}${index}`)))),
				),
			);
		const outcomes = await burst("x");
		expect(outcomes.filter((outcome) => outcome === 200)).toHaveLength(9);
		expect(outcomes.filter((outcome) => outcome === "device-limit")).toHaveLength(51);
		const removals = uids.map(async (uid) => {
			const [first = ""] = await idsOf(account, uid);
			return statusOf("DELETE", devicesUrl(account, uid, first));
		});
		const [statuses] = await Promise.all([Promise.all(removals), burst("y")]);
		expect(statuses).toEqual([204, 204, 204]);
		await burst("z");
		const expected: string[] = [];
		for (const uid of uids) {
			const ids = await idsOf(account, uid);
			expect(ids).toHaveLength(3);
			expected.push(...ids.map((id) => `${uid}/${id}`));
		}
		await eventually(async () => expect((await accountList(account)).toSorted()).toEqual(expected.toSorted()));
	});

	it("tells the account of every device, although the runtime dies before it could", async () => {
		const account = await clipAccount();
		const uids = Array.from({ length: 12 }, (_, index) => `viewer-${index}`);
		const urls = await Promise.all(uids.map((uid) => masterOf(account, { uid, dlimit: 1 })));
		const asked = urls.map((url) => outcomeOf(ask(url, device("tv"))).catch(() => "lost"));
		await Promise.race(asked);
		process.kill(gate.running.pid(), "SIGKILL");
		await Promise.all(asked);
		await eventually(async () => expect(await outcomeOf(ask(`${gate.url}/healthz`))).toBe(200), 100);
		const expected: string[] = [];
		for (const uid of uids) expected.push(...(await idsOf(account, uid)).map((id) => `${uid}/${id}`));
		expect(expected.length).toBeGreaterThan(0);
		await eventually(async () => expect((await accountList(account)).toSorted()).toEqual(expected.toSorted()), 250);
	});
});

describe("the account's list", () => {
	it("is paged, linked and bounded", async () => {
		const account = await clipAccount();
		const url = await masterOf(account, { uid: "ann", dlimit: 100 });
		const ids = Array.from({ length: 23 }, (_, index) => `device-${String(index).padStart(2, "0")}`);
		for (const id of ids) expect(await outcomeOf(ask(url, device(id)))).toBe(200);
		await eventually(async () => expect(await accountList(account)).toHaveLength(23));
		for (const perPage of [1, 7, 10, 23, 100])
			expect(await accountList(account, perPage)).toEqual(ids.map((id) => `ann/${id}`));
		const list = `/v1/accounts/${account.id}/devices`;
		const { metadata, records } = await manageJson<Page>(`${list}?page=99&per_page=10`);
		expect(records).toHaveLength(3);
		expect(metadata).toEqual({
			page: 2,
			per_page: 10,
			page_count: 3,
			total_count: 23,
			Links: [
				{ self: `${list}?page=2&per_page=10` },
				{ first: `${list}?page=0&per_page=10` },
				{ previous: `${list}?page=1&per_page=10` },
				{ last: `${list}?page=2&per_page=10` },
			],
		});
		for (const query of ["page=-1", "page=x", "per_page=0", "per_page=101", "per_page=", "page=1.5"])
			expect(await refusalOf(await gate.manage("GET", `${list}?${query}`))).toMatchObject({
				status: 400,
				error_code: "BAD_REQUEST",
				error_subcode: "ILLEGAL_VALUE",
			});
	});
});

describe("names in paths", () => {
	const authorised = { Authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
	const listedRaw = async (path: string): Promise<unknown> => {
		const { status, body } = await askRaw(gate.url, path, authorised);
		return status === 200 ? (JSON.parse(body) as ShownDevice[]).map(({ id }) => id) : status;
	};

	it.each(["a/b", "/", "a//b", "ann@example.com", "a+b=c,d", "devices", "-_.", "u".repeat(64)])(
		"uid %s and a device of that id are found, named and removed",
		async (name) => {
			const account = await clipAccount();
			expect(await outcomeOf(ask(await masterOf(account, { uid: name, dlimit: 1 }), device(name)))).toBe(200);
			const users = `/v1/accounts/${account.id}/users`;
			for (const uid of [encodeURIComponent(name), name])
				expect(await listedRaw(`${users}/${uid}/devices`)).toEqual([name]);
			const place = devicesUrl(account, name, name);
			expect(await statusOf("PATCH", place, { name: "mine" })).toBe(204);
			expect(await manageJson(devicesUrl(account, name))).toMatchObject([{ id: name, name: "mine" }]);
			expect(await statusOf("DELETE", place)).toBe(204);
			expect(await statusOf("DELETE", place)).toBe(404);
		},
	);

	it.each([
		["..", ".."],
		[".", "%2E"],
		["a/devices", "a%2Fdevices"],
	])("uid %s is found as %s by clients that send paths as they are", async (uid, sent) => {
		const account = await clipAccount();
		expect(await outcomeOf(ask(await masterOf(account, { uid, dlimit: 1 }), device("tv")))).toBe(200);
		expect(await listedRaw(`/v1/accounts/${account.id}/users/${sent}/devices`)).toEqual(["tv"]);
	});

	it.each(["%", "%zz", "%FF", "a%20b", "a%252Fb", "%C3%A9", "%00", "u".repeat(65), ""])(
		"uid %s is refused",
		async (uid) => {
			const { status, body } = await askRaw(gate.url, `/v1/accounts/a/users/${uid}/devices`, authorised);
			expect([status, JSON.parse(body)]).toMatchObject([
				400,
				[{ error_code: "BAD_REQUEST", error_subcode: "ILLEGAL_VALUE", reason: "bad-request" }],
			]);
		},
	);

	it.each(["/users", "/users/", "/users/ann", "/users/ann/", "/users/ann/device", "/devices/", "/devices/tv"])(
		"%s is nothing",
		async (path) => {
			expect((await askRaw(gate.url, `/v1/accounts/a${path}`, authorised)).status).toBe(404);
		},
	);
});

it("answers a preflight of every call without a credential", async () => {
	for (const path of ["/v1/accounts/a/devices", "/v1/accounts/a/users/a%2Fb/devices/tv"]) {
		const headers = { Origin: "https://studio.example", "Access-Control-Request-Method": "PATCH" };
		const response = await ask(gate.url + path, { method: "OPTIONS", headers });
		expect(response.status).toBe(204);
		expect(response.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");
	}
});
