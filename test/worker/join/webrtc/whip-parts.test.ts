import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admitFragment } from "../../../../worker/join/providers/webrtc/sdp/fragment.ts";
import { iceServerLinks } from "../../../../worker/join/providers/webrtc/whip/links.ts";

const CANDIDATE =
	"a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1";
const trickle = [
	"a=group:BUNDLE 0 1",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111",
	"a=mid:0",
	"a=ice-ufrag:EsAw",
	"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
	CANDIDATE,
	"a=end-of-candidates",
];
const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join("");

describe("a fragment", () => {
	it("of RFC 9725 passes", () => {
		expect(admitFragment(text(...trickle))).toEqual({
			allowed: true,
			value: { ufrag: "EsAw", password: "P2uYro0UCOQ4zxjKXaWCBui1", candidates: 1 },
		});
	});

	it("of whip-web-client passes: RTP/AVP stands in its sections, components are 0, IPv6 in brackets, credentials at session level", () => {
		const sent = text(
			"a=ice-ufrag:EsAw",
			"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
			"m=audio 9 RTP/AVP 0",
			"a=mid:0",
			"a=candidate:1 0 udp 2122260223 192.0.2.1 61764 typ host",
			"a=candidate:2776681233 0 udp 2113942271 [fd00::2] 51259 typ host",
			"m=audio 9 RTP/AVP 0",
			"a=mid:1",
			"a=candidate:1 0 udp 2122260223 192.0.2.1 61764 typ host",
		);
		expect(admitFragment(sent)).toMatchObject({ allowed: true, value: { candidates: 3 } });
	});

	it("of a restarted server passes", () => {
		expect(admitFragment(text("a=ice-lite", "a=ice-options:trickle ice2", ...trickle))).toMatchObject({
			allowed: true,
		});
	});

	it.each([
		["nothing", "", "size"],
		["a key", text(...trickle, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"), "sdes"],
		["a fingerprint", text(...trickle, "a=fingerprint:sha-256 AB"), "fragment"],
		["a set-up role", text(...trickle, "a=setup:active"), "fragment"],
		["a direction", text(...trickle, "a=sendrecv"), "fragment"],
		["codecs", text(...trickle, "a=rtpmap:111 opus/48000/2"), "fragment"],
		["a whole description", text("v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", ...trickle), "fragment"],
		["a candidate that is none", text("a=candidate:hello"), "fragment"],
		["a short password", text("a=ice-ufrag:EsAw", "a=ice-pwd:short"), "fragment"],
		["half of the credentials", text("a=ice-ufrag:EsAw"), "fragment"],
		["two transports", text(...trickle, "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:Other"), "fragment"],
		["a section of another kind", text("m=image 9 UDP/TLS/RTP/SAVPF 111"), "fragment"],
		["201 candidates", text(...Array.from({ length: 201 }, () => CANDIDATE)), "fragment"],
		["NUL", "a=mid:\u0000", "characters"],
	])("with %s is refused", (_what, sent, rule) => {
		expect(admitFragment(sent)).toMatchObject({ allowed: false, refusal: { reason: "sdp-refused", rule } });
	});

	it("never throws", () => {
		const pieces = fc
			.array(fc.oneof(fc.constantFrom(...trickle), fc.string()), { maxLength: 20 })
			.map((lines) => lines.join("\r\n"));
		fc.assert(
			fc.property(pieces, (sent) => {
				expect(typeof admitFragment(sent).allowed).toBe("boolean");
			}),
		);
	});
});

describe("Link of ICE servers", () => {
	it("has one value a URL, with the credentials quoted (RFC 9725 section 4.6)", () => {
		const links = iceServerLinks([
			{ urls: ["stun:stun.example"] },
			{
				urls: ["turn:turn.example?transport=udp", "turns:turn.example:443"],
				username: '17:a"b\\c',
				credential: "s=\r\nX: y",
			},
		]);
		const secrets = String.raw`; username="17:a\"b\\c"; credential="s=X: y"; credential-type="password"`;
		expect(links).toEqual([
			'<stun:stun.example>; rel="ice-server"',
			`<turn:turn.example?transport=udp>; rel="ice-server"${secrets}`,
			`<turns:turn.example:443>; rel="ice-server"${secrets}`,
		]);
	});
});
