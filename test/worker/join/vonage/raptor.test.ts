import { describe, expect, it } from "vitest";
import type { JoinRole } from "../../../../worker/catalog/e2ee-session-record.ts";
import { printOf } from "../../../../worker/join/providers/vonage/client-token.ts";
import { type Speaker, judgeFrame } from "../../../../worker/join/providers/vonage/web/raptor.ts";
import { refusalFrame } from "../../../../worker/join/providers/vonage/web/replies.ts";
import { RUMOR, type RumorFrame, readRumor } from "../../../../worker/join/providers/vonage/web/rumor.ts";

const SESSION = "/v2/partner/123/session/1_abc";
const SYMPHONY = "symphony.example";
const TOKEN = "client-token";

const speaker = (more: Partial<Speaker> = {}): Speaker => ({
	role: "publisher",
	session: SESSION,
	symphony: SYMPHONY,
	tokenPrint: printOf(TOKEN),
	connectionId: "c-1",
	isIn: true,
	...more,
});

const frame = (type: number, more: Partial<RumorFrame> = {}): RumorFrame => ({
	type,
	addresses: [],
	headers: new Map(),
	data: "",
	...more,
});

function message(method: string, path: string, content: object = {}, headers: Record<string, string> = {}): RumorFrame {
	return frame(RUMOR.message, {
		addresses: [SYMPHONY],
		headers: new Map(Object.entries({ "TRANSACTION-ID": "t", ...headers })),
		data: JSON.stringify({ method, uri: `${SESSION}${path}`, content }),
	});
}

const entrance = (capabilities: unknown = ["forceMute", "e2ee"], id = "c-1", token = TOKEN): RumorFrame =>
	message("create", `/connection/${id}`, { capabilities }, { "X-TB-TOKEN-AUTH": token });

const reasonOf = (judged: RumorFrame, who = speaker()): string => {
	const verdict = judgeFrame(judged, who);
	if (verdict.does === "refuse") return verdict.refusal.reason;
	return verdict.does === "drop" ? `drop: ${verdict.why}` : verdict.does;
};

describe("a connection", () => {
	const before = speaker({ isIn: false, connectionId: null });

	it("names itself once", () => {
		const named = frame(RUMOR.connect, { headers: new Map([["uniqueId", "c-1"]]) });
		expect(judgeFrame(named, before)).toEqual({ does: "name", connectionId: "c-1" });
		expect(reasonOf(named, speaker({ connectionId: "c-2" }))).toBe("drop: another-connection-id");
		expect(reasonOf(frame(RUMOR.connect))).toBe("drop: connection-id");
		const odd = frame(RUMOR.connect, { headers: new Map([["uniqueId", "../c"]]) });
		expect(reasonOf(odd, before)).toBe("drop: connection-id");
	});

	it("that can encrypt, with the token of the join, enters", () => {
		expect(judgeFrame(entrance(), before)).toEqual({ does: "enter", connectionId: "c-1" });
	});

	it.each<[string, RumorFrame, string]>([
		["without the capability", entrance(["forceMute"]), "vonage-encryption-missing"],
		["without capabilities", entrance(null), "vonage-encryption-missing"],
		["with a capability that only looks so", entrance("e2ee"), "vonage-encryption-missing"],
		["with another token", entrance(["e2ee"], "c-1", "other"), "vonage-token-mismatch"],
		["with no id", entrance(["e2ee"], ""), "bad-request"],
	])("%s does not", (_what, judged, reason) => {
		expect(reasonOf(judged, before)).toBe(reason);
	});

	it("is one: a second is one too many", () => {
		expect(reasonOf(entrance(["e2ee"], "c-2"))).toBe("vonage-connection-limit");
	});

	it("says nothing before it is in", () => {
		expect(reasonOf(message("create", "/stream/s-1", { e2ee: true }), before)).toBe("bad-request");
	});
});

describe("a stream", () => {
	it.each<[string, unknown, string]>([
		["encrypted", true, "pass"],
		["not encrypted", false, "vonage-encryption-missing"],
		["that says nothing", undefined, "vonage-encryption-missing"],
		["that says it in a text", "true", "vonage-encryption-missing"],
	])("%s", (_what, e2ee, outcome) => {
		expect(reasonOf(message("create", "/stream/s-1", { id: "s-1", e2ee }))).toBe(outcome);
		expect(reasonOf(message("CREATE", "/STREAM/s-1", { id: "s-1", e2ee }))).toBe(outcome);
		expect(reasonOf(message("create", "/stream/s-1/subscriber/u-1", { e2ee }))).toBe(outcome);
	});

	it.each<[JoinRole, string, string]>([
		["subscriber", "role-not-allowed", "pass"],
		["publisheronly", "pass", "role-not-allowed"],
		["publisher", "pass", "pass"],
		["moderator", "pass", "pass"],
	])("of a %s: sends %s, receives %s", (role, sends, receives) => {
		const who = speaker({ role });
		expect(reasonOf(message("create", "/stream/s-1", { e2ee: true }), who)).toBe(sends);
		expect(reasonOf(message("create", "/stream/s-1/subscriber/u-1", { e2ee: true }), who)).toBe(receives);
	});
});

describe("what moderators do", () => {
	it.each([
		["ends another's connection", message("delete", "/connection/c-2")],
		["mutes everybody", message("update", "", { reason: "mute" })],
	])("%s", (_what, judged) => {
		expect(reasonOf(judged)).toBe("role-not-allowed");
		expect(reasonOf(judged, speaker({ role: "moderator" }))).toBe("pass");
	});

	it("everybody ends the own", () => {
		expect(reasonOf(message("delete", "/connection/c-1"))).toBe("pass");
	});
});

describe("other messages", () => {
	it.each([
		["signal", message("signal", "/signal/g-1", { data: "hello" })],
		["signal in the own name", message("signal", "/signal/g-1", {}, { "X-TB-FROM-ADDRESS": "c-1" })],
		["signal to one", message("signal", "/connection/c-2/signal/g-1", { data: "hello" })],
		["offer", message("offer", "/stream/s-1/subscriber/u-1", { sdp: "v=0" })],
		["end of a stream", message("delete", "/stream/s-1")],
		["channel", message("update", "/stream/s-1/channel/video1", { active: false })],
		["ping", frame(RUMOR.ping)],
		["status", frame(RUMOR.status, { addresses: [SYMPHONY] })],
		["subscription to the session", frame(RUMOR.subscribe, { addresses: [SESSION] })],
		["lost connection", frame(RUMOR.disconnect, { headers: new Map([["reconnect", "1"]]) })],
	])("pass: %s", (_what, judged) => {
		expect(reasonOf(judged)).toBe("pass");
	});

	it("a client that disconnects leaves", () => {
		expect(reasonOf(frame(RUMOR.disconnect, { headers: new Map([["reconnect", ""]]) }))).toBe("leave");
	});

	const said = (data: string): RumorFrame => frame(RUMOR.message, { addresses: [SYMPHONY], data });
	it.each<[string, RumorFrame]>([
		["to nobody", { ...message("signal", "/signal/g-1"), addresses: [] }],
		["to another client", { ...message("signal", "/signal/g-1"), addresses: [SYMPHONY, "c-2"] }],
		["to the topic", { ...message("signal", "/signal/g-1"), addresses: [SESSION] }],
		["in another's name", message("signal", "/signal/g-1", {}, { "X-TB-FROM-ADDRESS": "c-2" })],
		["no JSON", said("{")],
		["an array", said("[]")],
		["method twice", said(`{"method":"signal","uri":"${SESSION}/signal/1","method":"create"}`)],
		["no uri", said('{"method":"create"}')],
		["content that is none", said(`{"method":"create","uri":"${SESSION}/stream/1","content":[]}`)],
		["of another session", said('{"method":"create","uri":"/v2/partner/123/session/1_abcd/stream/1"}')],
		["with a path that goes up", said(`{"method":"create","uri":"${SESSION}/x/../stream/1"}`)],
		["that makes what clients do not make", message("create", "/connection/c-1/stream/s-1", { e2ee: true })],
		["with an encoded path", said(`{"method":"create","uri":"${SESSION}/%73tream/1"}`)],
		["with a method that is none", said(`{"method":"create ","uri":"${SESSION}/stream/1"}`)],
		["with an empty segment", said(`{"method":"create","uri":"${SESSION}//stream/1"}`)],
	])("are refused: %s", (_what, judged) => {
		expect(reasonOf(judged)).toBe("bad-request");
	});

	it.each<[string, RumorFrame]>([
		["a stream", message("update", "/stream/s-1", { e2ee: false })],
		["a connection", message("update", "/connection/c-1", { capabilities: ["forceMute"] })],
	])("cannot take the encryption from %s", (_what, judged) => {
		expect(reasonOf(judged)).toBe("vonage-encryption-missing");
	});

	it("do not carry the secret through the gate", () => {
		const signal = (data: unknown): RumorFrame => message("signal", "/signal/g-1", { type: "setup", data });
		expect(reasonOf(signal(JSON.stringify({ encryptionSecret: "correct horse" })))).toBe("encryption-secret-sent");
		expect(reasonOf(signal("the secret is under the mat"))).toBe("pass");
	});

	it.each<[string, RumorFrame]>([
		["a topic of another session", frame(RUMOR.subscribe, { addresses: [SESSION, `${SESSION}x`] })],
		["a type that no client sends", frame(5)],
		["a status that says something", frame(RUMOR.status, { data: "{}" })],
	])("end the connection: %s", (_what, judged) => {
		expect(reasonOf(judged)).toMatch(/^drop/);
	});
});

describe("the answer to what was refused", () => {
	const asked = message("create", "/stream/s-1");
	const answered = (refusal: Parameters<typeof refusalFrame>[1]): unknown => {
		const read = readRumor(refusalFrame(asked, refusal, SYMPHONY) ?? new Uint8Array());
		return [read?.headers.get("TRANSACTION-ID"), read?.headers.get("STATUS"), JSON.parse(read?.data ?? "{}").reason];
	};

	it.each<[string, string, string, Parameters<typeof refusalFrame>[1]]>([
		[
			"a stream without encryption",
			"405",
			"IncompatibleEncryptionSettings",
			{ reason: "vonage-encryption-missing", what: "a stream" },
		],
		[
			"a connection without",
			"403",
			"vonage-encryption-missing",
			{ reason: "vonage-encryption-missing", what: "a connection" },
		],
		["one too many", "1027", "connectionLimitExceeded", { reason: "vonage-connection-limit" }],
		["a full session", "1027", "connectionLimitExceeded", { reason: "e2ee-session-full", limit: 1 }],
		["a role", "403", "role-not-allowed", { reason: "role-not-allowed", role: "subscriber", allowed: [] }],
	])("%s", (_what, status, reason, refusal) => {
		expect(answered(refusal)).toEqual(["t", status, reason]);
	});

	it("is none where nothing is asked", () => {
		expect(refusalFrame(frame(RUMOR.message), { reason: "vonage-connection-limit" }, SYMPHONY)).toBeNull();
	});
});
