import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { webrtcProtocol } from "../../../../worker/join/providers/webrtc/protocol.ts";
import { MESSAGE_TYPES } from "../../../../worker/join/providers/webrtc/room/messages.ts";
import { PretendRoom, type Said } from "./room-driver.ts";
import { answers, offers } from "./sdp-vectors.ts";

const offer = offers["Chromium, a call with data"];
const answer = answers["Chromium, a call with data"];
const receiving = offer
	.replace(/m=application[\s\S]*$/, "")
	.replace("BUNDLE 0 1 2", "BUNDLE 0 1")
	.replaceAll("a=sendrecv", "a=recvonly");
const FINGERPRINT = /sha-256 [0-9A-F:]{95}/g;
const [ofOffer = ""] = FINGERPRINT.exec(offer) ?? [];
const withCertificate = (sdp: string, pair = "AB"): string =>
	sdp.replaceAll(FINGERPRINT, `sha-256 ${Array.from({ length: 32 }, () => pair).join(":")}`);
const withTransport = (sdp: string, ufrag = "newF"): string =>
	sdp.replaceAll(/ice-ufrag:.*/g, `ice-ufrag:${ufrag}`).replaceAll(/ice-pwd:.*/g, `ice-pwd:${ufrag}${"p".repeat(20)}`);
const ufragOf = (sdp: string): string => /ice-ufrag:(.*)/.exec(sdp)?.[1]?.trim() ?? "";
const candidateOf = (ufrag: string | null = null) => ({
	candidate: "candidate:1 1 udp 2122194687 192.0.2.2 53650 typ host generation 0",
	sdpMid: "0",
	sdpMLineIndex: 0,
	usernameFragment: ufrag,
});

const three = (): PretendRoom => new PretendRoom().comes("ann", "moderator").comes("ben").comes("cleo").forget();
const types = (heard: readonly Said[]): string[] => heard.map(({ type }) => type);

describe("coming and going", () => {
	it("welcomes with who is there, the next ticket and ICE servers, and tells the others", () => {
		const room = new PretendRoom().comes("ann").comes("ben", "subscriber");
		const [, joined] = room.hears("ann");
		expect(joined).toEqual({
			type: "joined",
			resumed: false,
			participant: {
				id: "ben",
				name: "BEN",
				role: "subscriber",
				status: "connected",
				joined_at: 500,
				muted: null,
				fingerprints: [],
			},
		});
		expect(room.hears("ben")).toEqual([
			{
				type: "welcome",
				self: { id: "ben", name: "BEN", role: "subscriber", status: "connected", expires_at: 9000 },
				session: { id: "room-1", status: "open" },
				participants: [expect.objectContaining({ id: "ann" })],
				ticket: "t-ben",
				heartbeat_seconds: 20,
				resumed: false,
				ice_servers: [{ urls: ["turn:t.example"] }],
			},
		]);
	});

	it("tells of those who are away, come back and leave, and why", () => {
		const room = three().becomes("ben", "away");
		expect(room.hears("ann")).toEqual([{ type: "away", participant: "ben" }]);
		room.comes("ben", "publisher", "connected", true);
		expect(room.hears("ann")).toMatchObject([{ type: "joined", resumed: true }]);
		room.goes("ben", "token-revoked");
		expect(room.hears("cleo").at(-1)).toEqual({ type: "left", participant: "ben", because: "token-revoked" });
	});

	it("shows the uid to moderators only", () => {
		const room = three().comes("dan");
		expect(room.hears("ann")).toMatchObject([{ participant: { uid: "uid-dan" } }]);
		expect(room.hears("ben")[0]).not.toHaveProperty("participant.uid");
	});

	it("one who waits sees nobody, gets no ICE servers, hears and says nothing", () => {
		const room = three().comes("dan", "publisher", "waiting");
		expect(room.hears("dan")).toEqual([
			{
				type: "welcome",
				self: expect.objectContaining({ status: "waiting" }),
				session: expect.anything(),
				participants: [],
				ticket: "t-dan",
				heartbeat_seconds: 20,
				resumed: false,
			},
		]);
		expect(room.hears("ann")).toMatchObject([{ type: "waiting", participant: { id: "dan" } }]);
		expect(room.hears("ben")).toEqual([]);
		for (const message of [
			{ type: "offer", to: "ann", sdp: offer },
			{ type: "data", data: 1 },
			{ type: "mute-state", audio: true, video: true },
			{ type: "lock" },
		]) {
			room.says("dan", message);
			expect(room.hears("dan")).toMatchObject([
				{ type: "refused", reason: "participant-status", participant_status: "waiting" },
			]);
		}
		room.says("ann", { type: "offer", to: "dan", sdp: offer }).says("ann", { type: "data", data: "hello" });
		expect(room.hears("ann")).toMatchObject([{ type: "refused", reason: "participant-not-found" }]);
		expect(room.hears("dan")).toEqual([]);
	});

	it("one who is approved sees everybody and gets what was held back", () => {
		const room = three().comes("dan", "publisher", "waiting").forget().becomes("dan", "connected");
		expect(room.hears("dan")).toMatchObject([
			{
				type: "admitted",
				self: { status: "connected" },
				ice_servers: [{ urls: ["turn:t.example"] }],
				participants: [{ id: "ann" }, { id: "ben" }, { id: "cleo" }],
			},
		]);
		expect(room.hears("ben")).toMatchObject([{ type: "joined", participant: { id: "dan" } }]);
		expect(JSON.stringify(room.seat("dan").kept)).not.toContain("turn:");
	});

	it("only moderators learn that one who waited is gone", () => {
		const room = three().comes("dan", "publisher", "waiting").forget().goes("dan", "denied");
		expect(room.hears("ann")).toEqual([{ type: "left", participant: "dan", because: "denied" }]);
		expect(room.hears("ben")).toEqual([]);
	});

	it("tells a new end, a lock, and how a command ended", () => {
		const room = three();
		const { view } = room;
		room.carry("ann", webrtcProtocol.renewed?.(view, room.seat("ann")) ?? []);
		room.carry("ann", webrtcProtocol.statusChanged?.({ ...view, status: "locked" }) ?? []);
		room.carry("ann", webrtcProtocol.answered(view, room.seat("ann"), { command: "lock", tag: "m1" }, null));
		room.carry(
			"ann",
			webrtcProtocol.answered(view, room.seat("ann"), { command: "lock" }, { reason: "e2ee-session-locked" }),
		);
		expect(room.hears("ann")).toMatchObject([
			{ type: "renewed", expires_at: 9000 },
			{ type: "session", session: { id: "room-1", status: "locked" } },
			{ type: "done", command: "lock", in_reply_to: "m1" },
			{ type: "refused", reason: "e2ee-session-locked" },
		]);
		expect(room.hears("ben")).toMatchObject([{ type: "session" }]);
	});
});

describe("offer and answer", () => {
	it("reach the one they are for, with fingerprints, and nobody else", () => {
		const room = three().says("ann", { type: "offer", to: "ben", sdp: offer, id: "o1" });
		expect(room.hears("ben")).toEqual([
			{ type: "offer", from: "ann", sdp: offer, fingerprints: [ofOffer], fingerprint_changed: false, id: "o1" },
		]);
		room.says("ben", { type: "answer", to: "ann", sdp: answer });
		expect(room.hears("ann")).toMatchObject([{ type: "answer", from: "ben", sdp: answer }]);
		expect(room.hears("cleo")).toEqual([]);
	});

	it("an answer needs an offer of the other, and one offer has one", () => {
		const room = three();
		const unsolicited = [{ type: "refused", reason: "sdp-refused", rule: "unsolicited-answer", in_reply_to: "a" }];
		room.says("ben", { type: "answer", to: "ann", sdp: answer, id: "a" });
		expect(room.hears("ben")).toMatchObject(unsolicited);
		room.says("ann", { type: "offer", to: "ben", sdp: offer });
		room.says("cleo", { type: "answer", to: "ann", sdp: answer, id: "a" });
		expect(room.hears("cleo")).toMatchObject(unsolicited);
		room.says("ann", { type: "answer", to: "ann", sdp: answer, id: "a" }); // to itself
		expect(room.hears("ann")).toMatchObject([{ type: "refused", reason: "participant-not-found" }]);
		room
			.forget()
			.says("ben", { type: "answer", to: "ann", sdp: answer })
			.says("ben", { type: "answer", to: "ann", sdp: answer, id: "a" });
		expect(types(room.hears("ann"))).toEqual(["answer"]);
		expect(room.hears("ben")).toMatchObject(unsolicited);
	});

	it("a refused description reaches nobody, and the refusal names the rule", () => {
		const room = three().says("ann", {
			type: "offer",
			to: "ben",
			sdp: `${offer}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`,
			id: "x",
		});
		expect(room.hears("ann")).toMatchObject([
			{ type: "refused", reason: "sdp-refused", rule: "sdes", in_reply_to: "x" },
		]);
		expect(room.hears("ben")).toEqual([]);
		expect(room.seat("ann").kept).toEqual({});
	});

	it("roles hold for offers and answers", () => {
		const room = new PretendRoom().comes("ann").comes("sub", "subscriber").comes("pub", "publisheronly").forget();
		room.says("sub", { type: "offer", to: "ann", sdp: offer });
		room.says("pub", { type: "offer", to: "ann", sdp: receiving });
		expect(room.hears("sub")).toMatchObject([{ rule: "role" }]);
		expect(room.hears("pub")).toMatchObject([{ rule: "role" }]);
		room.says("ann", { type: "offer", to: "sub", sdp: offer }).says("sub", { type: "answer", to: "ann", sdp: answer });
		expect(room.hears("sub").at(-1)).toMatchObject({ rule: "role" });
		const subscribed = answer
			.replace(/m=application \d+/, "m=application 0")
			.replace("BUNDLE 0 1 2", "BUNDLE 0 1")
			.replaceAll("a=sendrecv", "a=recvonly");
		room
			.says("sub", { type: "offer", to: "ann", sdp: receiving })
			.says("sub", { type: "answer", to: "ann", sdp: subscribed });
		expect(types(room.hears("ann"))).toEqual(["offer", "answer"]);
	});

	it.each(["away", "admitted"] as const)("to one who is %s: refused, as it would be lost", (status) => {
		const room = three();
		room.seats.set("ben", { ...room.seat("ben"), status });
		room.says("ann", { type: "offer", to: "ben", sdp: offer });
		expect(room.hears("ann")).toMatchObject([
			{ type: "refused", reason: "participant-status", participant_status: status },
		]);
	});
});

describe("the pinned fingerprint", () => {
	const called = (): PretendRoom =>
		three()
			.says("ann", { type: "offer", to: "ben", sdp: offer })
			.says("ben", { type: "answer", to: "ann", sdp: answer })
			.forget();

	it("may not change within a transport: both are told, and nothing passes", () => {
		const room = called().says("ann", { type: "offer", to: "ben", sdp: withCertificate(offer), id: "t" });
		expect(room.hears("ann")).toMatchObject([
			{ type: "refused", reason: "sdp-refused", rule: "fingerprint-pinned", in_reply_to: "t" },
		]);
		expect(room.hears("ben")).toEqual([{ type: "fingerprint-refused", from: "ann", of: "offer" }]);
	});

	it("may not change with half of the ICE credentials", () => {
		const half = withCertificate(offer).replaceAll(/ice-ufrag:.*/g, "ice-ufrag:abcd");
		expect(called().says("ann", { type: "offer", to: "ben", sdp: half }).hears("ann")).toMatchObject([
			{ rule: "fingerprint-pinned" },
		]);
	});

	it("may change with an ICE restart, and the peer is told that it did", () => {
		const room = called().says("ann", { type: "offer", to: "ben", sdp: withTransport(withCertificate(offer)) });
		expect(room.hears("ben")).toMatchObject([
			{ type: "offer", fingerprint_changed: true, fingerprints: [expect.stringContaining("AB:AB")] },
		]);
		room.says("ben", { type: "answer", to: "ann", sdp: withTransport(withCertificate(answer, "CD")) });
		expect(room.hears("ann")).toMatchObject([{ type: "answer", fingerprint_changed: true }]);
		// Pinned again.
		room.says("ann", { type: "offer", to: "ben", sdp: withTransport(offer) });
		expect(room.hears("ann")).toMatchObject([{ rule: "fingerprint-pinned" }]);
	});

	it("of an answer may change only where the offer restarted", () => {
		const room = called().says("ann", { type: "offer", to: "ben", sdp: offer });
		room.says("ben", { type: "answer", to: "ann", sdp: withTransport(withCertificate(answer)) });
		expect(room.hears("ben").at(-1)).toMatchObject({ rule: "fingerprint-pinned" });
		expect(room.hears("ann")).toEqual([{ type: "fingerprint-refused", from: "ben", of: "answer" }]);
	});

	it("is one for each peer, shown on return, and forgotten with the peer", () => {
		const room = called().says("ann", { type: "offer", to: "cleo", sdp: withTransport(withCertificate(offer)) });
		expect(types(room.hears("cleo"))).toEqual(["offer"]);
		room.forget().comes("ben", "publisher", "connected", true);
		expect(room.hears("ben")).toMatchObject([
			{
				type: "welcome",
				participants: [
					{ id: "ann", fingerprints: [ofOffer] },
					{ id: "cleo", fingerprints: [] },
				],
			},
		]);
		room.goes("ben");
		expect(JSON.stringify(room.seat("ann").kept)).not.toContain("ben");
	});
});

describe("candidates", () => {
	it("follow a description, of its generation, to the same participant", () => {
		const room = three().says("ann", { type: "candidate", to: "ben", candidate: candidateOf() });
		expect(room.hears("ann")).toMatchObject([{ type: "refused", reason: "bad-request" }]);
		room.says("ann", { type: "offer", to: "ben", sdp: offer }).forget();
		room.says("ann", { type: "candidate", to: "ben", candidate: candidateOf(ufragOf(offer)) });
		room.says("ann", { type: "candidate", to: "ben", candidate: { candidate: "" } });
		room.says("ann", { type: "end-of-candidates", to: "ben" });
		expect(room.hears("ben")).toEqual([
			{ type: "candidate", from: "ann", candidate: candidateOf(ufragOf(offer)) },
			{
				type: "candidate",
				from: "ann",
				candidate: { candidate: "", sdpMid: null, sdpMLineIndex: null, usernameFragment: null },
			},
			{ type: "end-of-candidates", from: "ann" },
		]);
		room
			.says("ann", { type: "candidate", to: "cleo", candidate: candidateOf() })
			.says("ann", { type: "end-of-candidates", to: "cleo" });
		expect(room.hears("cleo")).toEqual([]);
	});

	it.each([
		["another generation", candidateOf("other")],
		["another generation within its text", { ...candidateOf(), candidate: `${candidateOf().candidate} ufrag zzzz` }],
		["garbage", { ...candidateOf(), candidate: "candidate:garbage" }],
		["a line of its own", { ...candidateOf(), candidate: `${candidateOf().candidate}\r\na=crypto:1` }],
	])("are refused with %s", (_what, candidate) => {
		const room = three()
			.says("ann", { type: "offer", to: "ben", sdp: offer })
			.forget()
			.says("ann", { type: "candidate", to: "ben", candidate });
		expect(room.hears("ann")).toMatchObject([{ type: "refused", reason: "sdp-refused", rule: "candidates" }]);
		expect(room.hears("ben")).toEqual([]);
	});

	it("a wish for a restart reaches the other", () => {
		expect(three().says("ben", { type: "restart", to: "ann" }).hears("ann")).toEqual([
			{ type: "restart", from: "ben" },
		]);
	});
});

describe("other messages", () => {
	it("mute states go to everybody, and newcomers see them", () => {
		const room = three().says("ben", { type: "mute-state", audio: true, video: false });
		expect(room.hears("cleo")).toEqual([{ type: "mute-state", from: "ben", audio: true, video: false }]);
		room.comes("dan");
		expect(room.hears("dan")).toMatchObject([
			{ participants: [{}, { id: "ben", muted: { audio: true, video: false } }, {}] },
		]);
	});

	it("data go to one or to all", () => {
		const room = three()
			.says("ben", { type: "data", to: "ann", data: { note: "hi" } })
			.says("ben", { type: "data", data: null });
		expect(types(room.hears("ann"))).toEqual(["data", "data"]);
		expect(room.hears("cleo")).toEqual([{ type: "data", from: "ben", data: null }]);
		expect(room.hears("ben")).toEqual([]);
	});

	it("leave", () => {
		expect(three().says("ben", { type: "leave" }).gone).toEqual(["ben"]);
		expect(three().comes("dan", "publisher", "waiting").says("dan", { type: "leave" }).gone).toEqual(["dan"]);
	});

	it.each(["kick", "approve", "deny", "lock", "unlock", "end"])("%s is for moderators", (type) => {
		const target = ["kick", "approve", "deny"].includes(type) ? { participant: "cleo" } : {};
		const room = three()
			.says("ben", { type, ...target })
			.says("ann", { type, ...target, id: "c1" });
		expect(room.hears("ben")).toMatchObject([{ type: "refused", reason: "moderator-required" }]);
		expect(room.commands).toEqual([
			{ by: "ann", command: expect.objectContaining({ command: type, tag: "c1", ...target }) },
		]);
	});

	it("a kick may ban, and nobody kicks themselves", () => {
		const room = three()
			.says("ann", { type: "kick", participant: "ben", ban_seconds: 60, why: "noise" })
			.says("ann", { type: "kick", participant: "ann" });
		expect(room.commands).toEqual([
			{ by: "ann", command: { command: "kick", participant: "ben", banSeconds: 60, why: "noise" } },
		]);
		expect(room.hears("ann")).toMatchObject([{ reason: "bad-request" }]);
	});
});

describe("what is not a message", () => {
	it.each([
		["no JSON", "hello", "not JSON"],
		["a list", "[]", "not an object"],
		["null", "null", "not an object"],
		["no type", "{}", "type must be one of"],
		["an unknown type", '{"type":"shout"}', "type must be one of"],
		["a type of Object", '{"type":"constructor"}', "type must be one of"],
		["a type that is no string", '{"type":["offer"]}', "type must be one of"],
		["an offer to nobody", '{"type":"offer","sdp":"v=0"}', "to: is missing"],
		["an offer without a description", '{"type":"offer","to":"ben"}', "sdp: is missing"],
		["a member that is not known", '{"type":"lock","force":true}', "force: is not a known field"],
		["an id of 65", `{"type":"lock","id":"${"x".repeat(65)}"}`, "id: must be at most 64"],
		[
			"a candidate that is a string",
			'{"type":"candidate","to":"ben","candidate":"candidate:1"}',
			"candidate: must be an object",
		],
		["data of 5000 characters", JSON.stringify({ type: "data", data: "x".repeat(5000) }), "at most 4096 characters"],
		["no data", '{"type":"data"}', "data: is missing"],
		["a ban for ever", '{"type":"kick","participant":"ben","ban_seconds":1e12}', "ban_seconds: must be at most"],
	])("%s: refused by name", (_what, text, words) => {
		const room = three().says("ann", text);
		const [refusal] = room.hears("ann");
		expect(refusal).toMatchObject({ type: "refused", reason: "bad-request", detail: expect.stringContaining(words) });
	});

	it.each([
		["beside", { type: "data", data: 1, encryptionSecret: "hunter22" }, "encryptionSecret"],
		["within data", { type: "data", data: { call: { encryptionSecret: "hunter22" } } }, "data.call.encryptionSecret"],
	])("an encryption secret %s: refused by its place, and its value is told to nobody", (_where, message, member) => {
		const room = three().says("ann", message);
		const heard = room.hears("ann");
		expect(heard).toMatchObject([{ type: "refused", reason: "encryption-secret-sent", member }]);
		expect(JSON.stringify([heard, room.hears("ben")])).not.toContain("hunter22");
		expect(room.hears("ben")).toEqual([]);
	});

	it("peers named like members of Object are nobody", () => {
		for (const to of ["__proto__", "constructor", "toString"]) {
			expect(three().says("ann", { type: "offer", to, sdp: offer }).hears("ann")).toMatchObject([
				{ reason: "participant-not-found" },
			]);
		}
	});
});

it("whatever is said: no throw, nobody who waits is reached, and what is kept is bounded", () => {
	const names = ["ann", "ben", "cleo", "dan", "eve", "nobody"];
	const sdps = fc.constantFrom(
		...Object.values(offers),
		...Object.values(answers),
		withCertificate(offer),
		withTransport(offer),
		"x",
	);
	const message = fc.oneof(
		fc
			.record(
				{
					type: fc.constantFrom(...MESSAGE_TYPES),
					to: fc.constantFrom(...names),
					participant: fc.constantFrom(...names),
					sdp: sdps,
					candidate: fc.constant(candidateOf()),
					data: fc.jsonValue({ maxDepth: 2 }),
					audio: fc.boolean(),
					video: fc.boolean(),
				},
				{ requiredKeys: ["type"] },
			)
			.map(({ type, ...members }) => ({
				type,
				...Object.fromEntries(Object.entries(members).filter(([name]) => wanted(type).includes(name))),
			})),
		fc.jsonValue(),
	);
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.constantFrom("ann", "ben", "cleo", "dan"), message), { maxLength: 30 }),
			(said) => {
				const room = new PretendRoom()
					.comes("ann", "moderator")
					.comes("ben")
					.comes("cleo", "subscriber")
					.comes("dan", "publisher", "waiting")
					.forget();
				for (const [by, what] of said) room.says(by, what);
				expect(room.hears("dan").filter(({ type }) => type !== "refused")).toEqual([]);
				for (const heard of room.heard.values()) expect(heard.filter(({ from }) => from === "dan")).toEqual([]);
				for (const { kept } of room.seats.values()) expect(JSON.stringify(kept).length).toBeLessThan(8_000);
			},
		),
		{ numRuns: 200 },
	);
});

function wanted(type: string): readonly string[] {
	if (["offer", "answer"].includes(type)) return ["to", "sdp"];
	if (type === "candidate") return ["to", "candidate"];
	if (["end-of-candidates", "restart"].includes(type)) return ["to"];
	if (type === "mute-state") return ["audio", "video"];
	if (type === "data") return ["to", "data"];
	return ["kick", "approve", "deny"].includes(type) ? ["participant"] : [];
}
