import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Asked, EPOCH, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

const HOME4 = "198.51.100.1";
const HOME6 = "2001:db8:0:1::/64";
const AWAY4 = "192.0.2.9";
const AWAY6 = "2001:db8:0:9::/64";
const OTHER4 = "203.0.113.77";
const OTHER6 = "2001:db8:0:77::/64";

/** One who starts with the token, then comes with the grant of that start from here and there. */
interface Player {
	readonly startAt: (address: string) => Promise<string>;
	readonly at: (address: string, change?: Asked) => Promise<string>;
}

/** `session: null`: a token that keeps none, whose grants name the address of their start. */
function player(viewer: Viewer, name: string, asked: Asked): Player {
	const facts = (address: string): Asked => ({
		agent: `${name}/1`,
		address,
		session: asked.session === null ? null : `${name} ${address}`,
	});
	let grant: Asked = {};
	return {
		startAt: async (address) => {
			const answer = await viewer.ask({ ...facts(address), ...asked });
			if (answer.allowed) grant = asked.session === null ? { grantedTo: address } : { granted: sessionOf(answer) };
			return verdict(answer);
		},
		at: async (address, change = {}) =>
			verdict(await viewer.ask({ ...facts(address), ...asked, ...grant, intent: "renew", ...change })),
	};
}

describe("distinct: an IPv4 and an IPv6 address of one grant", () => {
	const kinds: [string, Asked][] = [
		["of a token that keeps no session", { limits: { maxip: 1 }, session: null }],
		["of a session", { limits: { maxip: 1 } }],
	];

	it.each(kinds)("count once, in either order, and go on passing (%s)", async (_kind, asked) => {
		for (const [first, second] of [
			[HOME4, HOME6],
			[HOME6, HOME4],
		] as const) {
			const viewer = newViewer();
			const ann = player(viewer, "ann", asked);
			expect(await ann.startAt(first)).toBe("allowed");
			expect(await ann.at(second)).toBe("allowed");
			await evictDurableObject(viewer.stub);
			expect(await ann.at(first)).toBe("allowed");
			expect(await ann.at(second)).toBe("allowed");
			expect(await ann.startAt(second)).toBe("allowed");
			for (const address of [AWAY4, AWAY6]) {
				expect(await ann.at(address)).toBe("ip-limit");
				expect(await ann.startAt(address)).toBe("ip-limit");
			}
		}
	});

	it.each(kinds)("count twice without the grant (%s)", async (_kind, asked) => {
		const ann = player(newViewer(), "ann", asked);
		expect(await ann.startAt(HOME4)).toBe("allowed");
		expect(await ann.startAt(HOME6)).toBe("ip-limit");
	});

	it.each(kinds)("count twice for another User-Agent (%s)", async (_kind, asked) => {
		const ann = player(newViewer(), "ann", asked);
		await ann.startAt(HOME4);
		// A grant tells its address only to the same User-Agent.
		expect(await ann.at(HOME6, { agent: "Other/1", ...(asked.session === null ? { grantedTo: "" } : {}) })).toBe(
			"ip-limit",
		);
	});

	it.each(kinds)("are one of each family, however many grants were given at the first (%s)", async (_kind, asked) => {
		const viewer = newViewer();
		const players = ["ann", "bob", "cid", "dan"].map((name) => player(viewer, name, asked));
		for (const each of players) expect(await each.startAt(HOME4)).toBe("allowed");
		const answers = [];
		for (const [index, each] of players.entries()) answers.push(await each.at(`2001:db8:0:${index + 1}::/64`));
		expect(answers).toEqual(["allowed", "ip-limit", "ip-limit", "ip-limit"]);
	});

	it.each(kinds)("do not make a chain (%s)", async (_kind, asked) => {
		const viewer = newViewer();
		const [ann, bob] = [player(viewer, "ann", asked), player(viewer, "bob", asked)];
		await ann.startAt(HOME4);
		await ann.at(HOME6);
		expect(await bob.startAt(HOME6)).toBe("allowed");
		expect(await bob.at(AWAY4)).toBe("ip-limit");
	});

	it("are counted by token", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", { limits: { maxip: 1 } });
		await ann.startAt(HOME4);
		await ann.at(HOME6);
		const other = player(viewer, "ann", { limits: { maxip: 1 }, token: "token-2" });
		expect(await other.startAt(OTHER4)).toBe("allowed");
		expect(await other.startAt(HOME6)).toBe("ip-limit");
	});

	it("count for what is left when the session moves", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", { limits: { maxip: 2 } });
		await ann.startAt(HOME4);
		for (const address of [HOME6, AWAY4, AWAY6]) expect(await ann.at(address)).toBe("allowed");
		expect(await ann.at(OTHER4)).toBe("ip-limit");
		expect(await ann.at(OTHER6)).toBe("ip-limit");
	});

	it("change nothing in a dry run", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", { limits: { maxip: 1 }, session: null });
		await ann.startAt(HOME4);
		expect(await ann.at(HOME6, { dryRun: true })).toBe("allowed");
		expect(await ann.at(OTHER6)).toBe("allowed");
		expect(await ann.at(HOME6, { dryRun: true })).toBe("ip-limit");
	});

	it("are forgotten with the token", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", { limits: { maxip: 1 }, session: null });
		await ann.startAt(HOME4);
		await ann.at(HOME6);
		later(2 * 86_400);
		await runDurableObjectAlarm(viewer.stub);
		expect(await ann.startAt(HOME6)).toBe("allowed");
		expect(await ann.startAt(HOME4)).toBe("ip-limit");
	});
});

describe("sessions: an address that changes mid-play", () => {
	const counted = (maxip: number, change: Asked = {}): Asked => ({
		limits: { maxip },
		ipCounting: "sessions",
		...change,
	});

	it("replaces the one that the session leaves", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", counted(1));
		expect(await ann.startAt(HOME4)).toBe("allowed");
		expect(await ann.at(AWAY4)).toBe("allowed");
		await evictDurableObject(viewer.stub);
		expect(await ann.at(OTHER4)).toBe("allowed");
		expect(await ann.at(AWAY4)).toBe("ip-limit"); // it was left: who is there now is somebody else
		expect(await ann.startAt(HOME4)).toBe("ip-limit");
		expect(await ann.at(OTHER4)).toBe("allowed");
	});

	it("adds when nothing proves that it is the same session", async () => {
		const ann = player(newViewer(), "ann", counted(1));
		await ann.startAt(HOME4);
		expect(await ann.startAt(AWAY4)).toBe("ip-limit");
		expect(await ann.at(AWAY4, { agent: "Other/1" })).toBe("ip-limit");
	});

	it("adds while another session of the token plays where it was", async () => {
		const viewer = newViewer();
		const [tv, phone] = [player(viewer, "tv", counted(1)), player(viewer, "phone", counted(1))];
		await tv.startAt(HOME4);
		await phone.startAt(HOME4);
		expect(await phone.at(AWAY4)).toBe("ip-limit");
		expect(await tv.at(HOME4)).toBe("allowed");
		later(91);
		expect(await phone.at(AWAY4)).toBe("allowed"); // the television was switched off
		expect(await tv.at(HOME4)).toBe("ip-limit");
	});

	it("replaces whatever another token of the viewer plays where it was", async () => {
		const viewer = newViewer();
		const tv = player(viewer, "tv", counted(1, { token: "token-2" }));
		const phone = player(viewer, "phone", counted(1));
		await tv.startAt(HOME4);
		await phone.startAt(HOME4);
		expect(await phone.at(AWAY4)).toBe("allowed");
		expect(await tv.at(HOME4)).toBe("allowed");
	});

	it("gives back the count of the place that it leaves for a known one", async () => {
		const viewer = newViewer();
		const asked = counted(2);
		const [ann, bob, cid] = [player(viewer, "ann", asked), player(viewer, "bob", asked), player(viewer, "cid", asked)];
		await ann.startAt(HOME4);
		await bob.startAt(AWAY4);
		expect(await cid.startAt(OTHER4)).toBe("ip-limit");
		expect(await ann.at(AWAY4)).toBe("allowed");
		expect(await cid.startAt(OTHER4)).toBe("allowed");
		expect(await ann.at(HOME4)).toBe("ip-limit");
	});

	it("takes the address of the other family along", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", counted(1));
		await ann.startAt(HOME4);
		for (const address of [HOME6, AWAY4, AWAY6, AWAY4, AWAY6]) expect(await ann.at(address)).toBe("allowed");
		for (const address of [HOME4, HOME6]) expect(await ann.startAt(address)).toBe("ip-limit");
	});

	it("lets a phone come back once its session has lapsed where it was", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", counted(1));
		await ann.startAt(HOME4);
		await ann.at(AWAY4);
		expect(await ann.at(HOME4)).toBe("ip-limit");
		later(91);
		expect(await ann.at(HOME4)).toBe("allowed");
		expect(await ann.at(AWAY4)).toBe("allowed"); // and go out again
		expect(await ann.at(HOME4)).toBe("ip-limit");
		later(86_000);
		await runDurableObjectAlarm(viewer.stub); // a session that lapsed is kept as long as its token
		expect(await ann.at(OTHER4)).toBe("allowed");
	});

	it("replaces no more than the session remembers having left", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", counted(1));
		await ann.startAt(HOME4);
		const moves = [];
		for (let move = 1; move <= 18; move++) moves.push(await ann.at(`192.0.2.${move}`));
		expect(moves.filter((answer) => answer === "allowed")).toHaveLength(16);
		expect(moves.slice(16)).toEqual(["ip-limit", "ip-limit"]);
	});

	it("is not replaced for a session that was ended", async () => {
		const viewer = newViewer();
		const ann = player(viewer, "ann", counted(1));
		await ann.startAt(HOME4);
		await viewer.stub.endSessions(null, "operator");
		expect(await ann.at(AWAY4)).toBe("session-ended");
		expect(await ann.startAt(AWAY4)).toBe("ip-limit");
		expect(await ann.startAt(HOME4)).toBe("allowed");
	});

	it("replaces under a name of the token's own too, and only forwards", async () => {
		const ann = player(newViewer(), "ann", counted(1, { session: "sid" }));
		await ann.startAt(HOME4);
		expect(await ann.at(AWAY4)).toBe("allowed");
		expect(await ann.at(HOME4)).toBe("ip-limit");
		expect(await ann.at(AWAY4)).toBe("allowed");
	});

	it("frees nothing when a session lapses", async () => {
		const viewer = newViewer();
		await player(viewer, "ann", counted(1)).startAt(HOME4);
		later(3600);
		await runDurableObjectAlarm(viewer.stub);
		expect(await player(viewer, "bob", counted(1)).startAt(AWAY4)).toBe("ip-limit");
	});
});
