import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SDP_RULES, type SdpUse, admitSdp } from "../../../../worker/join/providers/webrtc/sdp-admission.ts";
import {
	answers,
	chromiumCallOffer,
	chromiumReceiveAnswer,
	chromiumReceiveOffer,
	chromiumSendAnswer,
	chromiumSendOffer,
	offers,
} from "./sdp-vectors.ts";

const room: SdpUse = { kind: "offer", door: "room", role: "publisher" };
const answer: SdpUse = { ...room, kind: "answer" };
const whip: SdpUse = { ...room, door: "whip", role: "publisheronly" };
const whep: SdpUse = { ...room, door: "whep", role: "subscriber" };

/** The rule that a description breaks, or "admitted". */
function verdict(text: string, use: SdpUse = room): string {
	const judged = admitSdp(text, use);
	if (judged.allowed) return "admitted";
	if (judged.refusal.reason !== "sdp-refused") throw new Error(judged.refusal.reason);
	return judged.refusal.rule;
}

const FINGERPRINT = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`;
const pairs = (count: number): string => Array.from({ length: count }, () => "0F").join(":");
const HEAD = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
const TRANSPORT = ["a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv", FINGERPRINT, "a=setup:actpass"];
const AUDIO = [
	"m=audio 9 UDP/TLS/RTP/SAVPF 111",
	"c=IN IP4 0.0.0.0",
	"a=mid:0",
	"a=sendrecv",
	"a=rtcp-mux",
	"a=rtpmap:111 opus/48000/2",
];
const VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=sendrecv", "a=rtcp-mux"];
const DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:2", "a=sctp-port:5000"];
const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join("");
const plain = text(...HEAD, "a=group:BUNDLE 0 1", ...AUDIO, ...TRANSPORT, ...VIDEO, ...TRANSPORT);
const replaced = (from: string | RegExp, to: string): string => {
	const next = plain.replace(from, to);
	if (next === plain) throw new Error(`nothing to replace: ${from}`);
	return next;
};
/** A line more in the session's part, and in the last section. */
const inHead = (line: string): string => replaced("t=0 0\r\n", `t=0 0\r\n${line}\r\n`);
const atEnd = (line: string): string => `${plain}${line}\r\n`;

describe("what clients send", () => {
	it.each(Object.entries(offers))("admits the offer of %s", (_client, sdp) => {
		expect(verdict(sdp)).toBe("admitted");
		expect(verdict(sdp.replaceAll("\r\n", "\n"))).toBe("admitted");
	});

	it.each(Object.entries(answers))("admits the answer of %s", (_client, sdp) => {
		expect(verdict(sdp, answer)).toBe("admitted");
	});

	it("admits what WHIP and WHEP clients send, and the answers to it", () => {
		const [sent, wanted] = [admitSdp(chromiumSendOffer, whip), admitSdp(chromiumReceiveOffer, whep)];
		if (!sent.allowed || !wanted.allowed) throw new Error("refused");
		const provider = { kind: "answer", role: null, from: "provider" } as const;
		expect(verdict(chromiumSendAnswer, { ...provider, door: "whip", offer: sent.value })).toBe("admitted");
		expect(verdict(chromiumReceiveAnswer, { ...provider, door: "whep", offer: wanted.value })).toBe("admitted");
	});

	it("tells fingerprints, ICE user fragment and directions of the one transport", () => {
		const judged = admitSdp(offers["Firefox, bundle-only sections"], room);
		expect(judged).toMatchObject({
			allowed: true,
			value: {
				fingerprints: [expect.stringMatching(/^sha-256 [0-9A-F:]{95}$/)],
				ufrag: expect.stringMatching(/^[0-9a-f]{8}$/),
				setup: "actpass",
				media: [
					{ kind: "audio", isLive: true, direction: "sendrecv" },
					{ kind: "video", isLive: true, direction: "sendrecv" },
					{ kind: "application", isLive: true, direction: "sendrecv" },
				],
			},
		});
	});
});

/** For each rule: what it refuses, and what close to it passes. */
const cases: Readonly<
	Record<
		string,
		{
			refused: readonly (readonly [string, string, SdpUse?])[];
			admitted: readonly (readonly [string, string, SdpUse?])[];
		}
	>
> = {
	size: {
		refused: [
			["nothing at all", ""],
			["more than 64 KiB", plain + "a=x:y\r\n".repeat(10_000)],
			["megabytes", "a".repeat(5_000_000)],
			["more than 64 KiB in UTF-8 only", plain.replace("s=-", `s=${"€".repeat(22_000)}`)],
		],
		admitted: [["some KiB", chromiumCallOffer]],
	},
	lines: {
		refused: [
			["more than 2000 lines", plain + "a=x\r\n".repeat(2001)],
			["a line of 5000 characters", inHead(`a=x:${"y".repeat(5000)}`)],
			["a name of the session of 5000 characters", replaced("s=-", `s=${"y".repeat(5000)}`)],
		],
		admitted: [["a line of 4000 characters", inHead(`a=x:${"y".repeat(4000)}`)]],
	},
	characters: {
		refused: [
			["NUL", inHead("a=x:\u0000")],
			["a carriage return alone", replaced("a=mid:0\r\n", "a=mid:0\ra=crypto:1\r\n")],
			["a carriage return before CRLF", replaced("a=mid:0\r\n", "a=mid:0\r\r\n")],
			["a carriage return at the end", plain.slice(0, -1)],
			["a line separator of Unicode", inHead("s=x\u2028a=crypto:1")],
			["NEL", inHead("a=x:\u0085y")],
			["a byte order mark", `\ufeff${plain}`],
			["half a surrogate pair", replaced("s=-", "s=\ud800")],
			["letters beyond ASCII in an attribute", replaced("a=mid:0", "a=mid:０")],
			["a tab", inHead("a=x:\ty")],
		],
		admitted: [
			["a name of the session in UTF-8", replaced("s=-", "s=Sitzung für Ännchen 🎬")],
			["both CRLF and LF", replaced("a=mid:0\r\n", "a=mid:0\n")],
			["a last line without an end", plain.slice(0, -2)],
		],
	},
	sdes: {
		refused: [
			[
				"a=crypto in a section",
				atEnd("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"),
			],
			[
				"a=crypto at session level",
				inHead("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"),
			],
			["in another case", atEnd("a=CrYpTo:1 x inline:y")],
			["in another case of the type", atEnd("A=CRYPTO:1 x inline:y")],
			["with spaces", atEnd("a= crypto:1 x inline:y")],
			["with a space in front", atEnd(" a=crypto:1 x inline:y")],
			["that no parser understands", atEnd("a=crypto")],
			["k=", inHead("k=clear:secret")],
			["k= in a section", atEnd("k=prompt")],
			["K=", atEnd("K=base64:c2VjcmV0")],
			["MIKEY", inHead("a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO")],
			["ZRTP", atEnd("a=zrtp-hash:1.10 fe30efd02423cb054e50efd0248742ac7a52c8f91bc2df881ae642c371ba46df")],
			["instead of DTLS", plain.replaceAll(FINGERPRINT, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x")],
		],
		admitted: [
			["cryptex, which is no key (RFC 9335)", atEnd("a=cryptex")],
			["header extensions named sdes", atEnd("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid")],
		],
	},
	"capability-negotiation": {
		refused: [
			["a key within a capability", atEnd("a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x")],
			["another profile", atEnd("a=tcap:1 RTP/AVP")],
			["a configuration", atEnd("a=pcfg:1 t=1")],
			["another configuration", atEnd("a=ACFG:1 t=1")],
		],
		admitted: [["maximal capture time, whose name is like it", atEnd("a=maxcaptime:1")]],
	},
	"line-form": {
		refused: [
			["a line without =", inHead("hello")],
			["an empty line between", plain.replace("m=audio", "\r\nm=audio")],
			["two empty lines at the end", `${plain}\r\n\r\n`],
			["a capital type", inHead("B=AS:5")],
			["an attribute without a name", inHead("a=:5")],
			["a space in an attribute's name", inHead("a=ice ufrag:abcd")],
			["JSON", '{"type":"offer","sdp":"v=0"}'],
			["HTML", "<html></html>"],
		],
		admitted: [["an attribute that nobody knows", inHead("a=x-vendor:one two")]],
	},
	session: {
		refused: [
			["no version", plain.slice(5)],
			["version 1", replaced("v=0", "v=1")],
			["a version that is longer", replaced("v=0", "v=00")],
			["no origin", replaced(/o=.*\r\n/, "")],
			["a huge session id", replaced("o=- 1 2", `o=- ${"9".repeat(300)} 2`)],
			["an origin of another network", replaced("IN IP4 127.0.0.1", "ATM NSAP 1")],
			["no name", replaced("s=-\r\n", "")],
			["no head", plain.slice(plain.indexOf("m="))],
		],
		admitted: [["64-bit numbers", replaced("o=- 1 2", "o=- 18446744073709551615 18446744073709551615")]],
	},
	"media-lines": {
		refused: [
			["65 sections", text(...HEAD, ...Array.from({ length: 65 }, () => "m=audio 9 UDP/TLS/RTP/SAVPF 0"))],
			["media of another kind", replaced("m=audio", "m=image")],
			["text", replaced("m=audio", "m=text")],
			["a huge port", replaced("m=audio 9", "m=audio 99999")],
			["a port of 300 digits", replaced("m=audio 9", `m=audio ${"9".repeat(300)}`)],
			["a negative port", replaced("m=audio 9", "m=audio -9")],
			["a range of ports", replaced("m=audio 9", "m=audio 9/2")],
			["no formats", replaced("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF")],
			["nothing", replaced("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=")],
			["two spaces", replaced("m=audio 9", "m=audio  9")],
			["100 formats", replaced("SAVPF 111", `SAVPF ${"0 ".repeat(99)}0`)],
			["a capital kind", replaced("m=audio", "m=Audio")],
		],
		admitted: [["a port of a candidate", replaced("m=audio 9", "m=audio 65535")]],
	},
	profile: {
		refused: [
			"RTP/AVP",
			"RTP/AVPF",
			"RTP/SAVP",
			"RTP/SAVPF",
			"UDP/TLS/RTP/SAVP",
			"udp/tls/rtp/savpf",
			"UDP/DTLS/SCTP",
			"TCP/RTP/AVP",
		]
			.map((profile): readonly [string, string] => [
				profile,
				replaced("video 9 UDP/TLS/RTP/SAVPF", `video 9 ${profile}`),
			])
			.concat([
				["RTP/AVP in a rejected section", replaced("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 0 RTP/AVP")],
				["data in the old form", atEnd("m=application 9 DTLS/SCTP 5000\r\na=mid:2")],
				["data over RTP", atEnd("m=application 9 UDP/TLS/RTP/SAVPF 5\r\na=mid:2")],
				["data that is no data channel", atEnd("m=application 9 UDP/DTLS/SCTP webrtc-other\r\na=mid:2")],
				["a payload type of 128", replaced("SAVPF 111", "SAVPF 128")],
				["a payload type that is a name", replaced("SAVPF 111", "SAVPF opus")],
			]),
		admitted: [
			["TCP/TLS/RTP/SAVPF", replaced("video 9 UDP/TLS/RTP/SAVPF", "video 9 TCP/TLS/RTP/SAVPF")],
			["data over TCP", text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT).replace("UDP/DTLS", "TCP/DTLS")],
		],
	},
	attributes: {
		refused: [
			["two ICE user fragments", atEnd("a=ice-ufrag:efgh")],
			["two ICE passwords", atEnd("a=ice-pwd:zzzzzzzzzzzzzzzzzzzzzz")],
			["two setups", atEnd("a=setup:active")],
			["two mids", atEnd("a=mid:9")],
			["two directions", atEnd("a=inactive")],
			["a fingerprint in capitals", atEnd(FINGERPRINT.replace("fingerprint", "Fingerprint"))],
			["a setup in capitals", inHead("a=SETUP:active")],
			["a direction in capitals", inHead("a=SendRecv")],
			["a bundle in capitals", inHead("a=Group:BUNDLE 0")],
		],
		admitted: [
			[
				"two fingerprints of other hashes",
				plain.replaceAll(FINGERPRINT, `${FINGERPRINT}\r\na=fingerprint:SHA-512 ${pairs(64)}`),
			],
		],
	},
	numbers: {
		refused: [
			["an SSRC of 33 bits", atEnd("a=ssrc:4294967296 cname:x")],
			["an SSRC of 300 digits", atEnd(`a=ssrc:${"9".repeat(300)} cname:x`)],
			["an SSRC that is no number", atEnd("a=ssrc:1e9 cname:x")],
			["a negative SSRC", atEnd("a=ssrc:-1 cname:x")],
			["a payload type of 128", atEnd("a=rtpmap:128 VP8/90000")],
			["parameters of payload type 999", atEnd("a=fmtp:999 apt=96")],
			["an SCTP port of 65536", atEnd("a=sctp-port:65536")],
			["a message of 20 digits", atEnd("a=max-message-size:99999999999999999999")],
			["a bandwidth of 20 digits", atEnd("b=AS:99999999999999999999")],
			["a bandwidth that is no number", atEnd("b=AS:much")],
		].map(([what = "", sdp = ""]): readonly [string, string] => [what, sdp]),
		admitted: [
			["the largest SSRC", atEnd("a=ssrc:4294967295 cname:x")],
			["a bandwidth", atEnd("b=TIAS:2500000")],
			["a direction beside an extension", atEnd("a=extmap:6/recvonly urn:x")],
		],
	},
	candidates: {
		refused: [
			["garbage", atEnd("a=candidate:hello")],
			["a huge port", atEnd("a=candidate:1 1 udp 1 192.0.2.1 70000 typ host")],
			["a huge priority", atEnd("a=candidate:1 1 udp 4294967296 192.0.2.1 7000 typ host")],
			["a huge component", atEnd("a=candidate:1 999 udp 1 192.0.2.1 7000 typ host")],
			["no address", atEnd("a=candidate:1 1 udp 1 <script> 7000 typ host")],
			["another type", atEnd("a=candidate:1 1 udp 1 192.0.2.1 7000 typ magic")],
			["another transport", atEnd("a=candidate:1 1 dccp 1 192.0.2.1 7000 typ host")],
			["2000 characters", atEnd(`a=candidate:1 1 udp 1 192.0.2.1 7000 typ host x ${"y".repeat(2000)}`)],
			["101 of them", plain + "a=candidate:1 1 udp 1 192.0.2.1 7000 typ host\r\n".repeat(101)],
			["garbage at session level", inHead("a=candidate:hello")],
		],
		admitted: [
			[
				"one of Firefox",
				atEnd("a=candidate:0 1 UDP 2122252543 0b9d8b1a-3a3c-4cf2-a1d6-1d1f6a1f9c2e.local 51472 typ host"),
			],
			[
				"one with IPv6 and extensions",
				atEnd("a=candidate:1 1 tcp 1518285567 fd00::2 9 typ host tcptype active generation 0 ufrag abcd network-id 2"),
			],
			["a relayed one", atEnd("a=candidate:5 1 udp 41885439 turn.example 50000 typ relay raddr 0.0.0.0 rport 0")],
		],
	},
	mid: {
		refused: [
			["a section twice", text(...HEAD, "a=group:BUNDLE 0", ...AUDIO, ...TRANSPORT, ...AUDIO, ...TRANSPORT)],
			["a section without a mid", replaced("a=mid:1\r\n", "")],
			["an empty mid", replaced("a=mid:1", "a=mid:")],
			["a mid of two words", replaced("a=mid:1", "a=mid:1 2")],
			["a mid of 65 characters", replaced("a=mid:1", `a=mid:${"1".repeat(65)}`)],
			["a mid with markup", replaced("a=mid:1", "a=mid:<b>")],
		],
		admitted: [
			[
				"mids that are names",
				plain.replaceAll("a=mid:1", "a=mid:sdparta_1").replace("BUNDLE 0 1", "BUNDLE 0 sdparta_1"),
			],
		],
	},
	bundle: {
		refused: [
			["no bundle", replaced("a=group:BUNDLE 0 1\r\n", "")],
			["two bundles", replaced("a=group:BUNDLE 0 1", "a=group:BUNDLE 0\r\na=group:BUNDLE 1")],
			["a section outside of it", replaced("BUNDLE 0 1", "BUNDLE 0")],
			["an unknown section in it", replaced("BUNDLE 0 1", "BUNDLE 0 1 2")],
			["a section twice in it", replaced("BUNDLE 0 1", "BUNDLE 0 1 1")],
			["nothing in it", replaced("a=group:BUNDLE 0 1", "a=group:BUNDLE")],
			["another semantics", replaced("a=group:BUNDLE", "a=group:LS")],
			["a bundle at media level", `${replaced("a=group:BUNDLE 0 1\r\n", "")}a=group:BUNDLE 0 1\r\n`],
		],
		admitted: [["lip synchronisation besides", inHead("a=group:LS 0 1")]],
	},
	"rtcp-mux": {
		refused: [["a section without it", replaced("a=rtcp-mux\r\n", "")]],
		admitted: [["data without it", text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT)]],
	},
	fingerprint: {
		refused: [
			["none", plain.replaceAll(`${FINGERPRINT}\r\n`, "")],
			["sha-1", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-1 ${pairs(20)}`)],
			["md5", plain.replaceAll(FINGERPRINT, `a=fingerprint:md5 ${pairs(16)}`)],
			["md2", plain.replaceAll(FINGERPRINT, `a=fingerprint:md2 ${pairs(16)}`)],
			["sha-224", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-224 ${pairs(28)}`)],
			["sha-1 beside sha-256", plain.replaceAll(FINGERPRINT, `${FINGERPRINT}\r\na=fingerprint:sha-1 ${pairs(20)}`)],
			["sha-1 at session level", inHead(`a=fingerprint:sha-1 ${pairs(20)}`)],
			["an unknown hash", plain.replaceAll("sha-256", "sha3-256")],
			["a short one", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-256 ${pairs(31)}`)],
			["a long one", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-256 ${pairs(33)}`)],
			["a sha-512 of 32 bytes", plain.replaceAll("sha-256", "sha-512")],
			["lower-case digits", plain.replaceAll(":AB", ":ab")],
			["no colons", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-256 ${"AB".repeat(32)}`)],
			[
				"another in the second section",
				`${plain.slice(0, plain.lastIndexOf(FINGERPRINT))}a=fingerprint:sha-256 ${pairs(32)}\r\na=setup:actpass\r\n`,
			],
			["a second one in the second section", atEnd(`a=fingerprint:sha-256 ${pairs(32)}`)],
			["nine of them", inHead(FINGERPRINT).replaceAll(`${FINGERPRINT}\r\n`, `${FINGERPRINT}\r\n`.repeat(9))],
			["text after it", plain.replaceAll(FINGERPRINT, `${FINGERPRINT} x`)],
		],
		admitted: [
			["sha-384", plain.replaceAll(FINGERPRINT, `a=fingerprint:sha-384 ${pairs(48)}`)],
			["SHA-256 in capitals", plain.replaceAll("sha-256", "SHA-256")],
			["at session level only", inHead(FINGERPRINT).replaceAll(`${FINGERPRINT}\r\na=setup`, "a=setup")],
			["in the first section of the bundle only", plain.slice(0, plain.lastIndexOf("a=ice-ufrag"))],
		],
	},
	setup: {
		refused: [
			["an active offer", plain.replaceAll("actpass", "active")],
			["a passive offer", plain.replaceAll("actpass", "passive")],
			["holdconn", plain.replaceAll("actpass", "holdconn")],
			["none", plain.replaceAll("a=setup:actpass\r\n", "")],
			["two kinds", replaced("a=setup:actpass", "a=setup:active")],
			["an answer that leaves it open", plain, answer],
			["an answer that holds", plain.replaceAll("actpass", "holdconn"), answer],
			["a passive offer to WHIP", plain.replaceAll("actpass", "passive"), whip],
		],
		admitted: [
			["an active answer", plain.replaceAll("actpass", "active"), answer],
			["a passive answer", plain.replaceAll("actpass", "passive"), answer],
			["an active offer to WHIP", plain.replaceAll("actpass", "active").replaceAll("sendrecv", "sendonly"), whip],
			["at session level", inHead("a=setup:actpass").replaceAll(`${FINGERPRINT}\r\na=setup:actpass`, FINGERPRINT)],
		],
	},
	ice: {
		refused: [
			["no user fragment", plain.replaceAll("a=ice-ufrag:abcd\r\n", "")],
			["no password", plain.replaceAll("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "")],
			["a user fragment of 3", plain.replaceAll("ufrag:abcd", "ufrag:abc")],
			["a user fragment of 257", plain.replaceAll("ufrag:abcd", `ufrag:${"a".repeat(257)}`)],
			["a password of 21", plain.replaceAll("stuv", "stu")],
			["a password of 257", plain.replaceAll("stuv", "x".repeat(257))],
			["other characters", plain.replaceAll("ufrag:abcd", "ufrag:ab-d")],
			["two user fragments in a bundle", replaced("ufrag:abcd", "ufrag:efgh")],
			["two passwords in a bundle", replaced("pwd:abcd", "pwd:efgh")],
			["options that are none", atEnd("a=ice-options:tri;ckle")],
		],
		admitted: [
			["a user fragment of 256", plain.replaceAll("ufrag:abcd", `ufrag:${"a".repeat(256)}`)],
			["options of libwebrtc", atEnd("a=ice-options:trickle renomination")],
			["options of libdatachannel (OBS)", atEnd("a=ice-options:ice2,trickle")],
			["ICE lite", inHead("a=ice-lite")],
		],
	},
	media: {
		refused: [
			["no sections", text(...HEAD)],
			["rejected sections only", plain.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0")],
		],
		admitted: [
			[
				"an answer that rejects everything",
				plain.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"),
				answer,
			],
		],
	},
	"one-stream": {
		refused: [
			[
				"two pictures for WHIP",
				text(
					...HEAD,
					"a=group:BUNDLE 1 3",
					...VIDEO,
					...TRANSPORT,
					...VIDEO.map((line) => line.replace("mid:1", "mid:3")),
					...TRANSPORT,
				),
				whip,
			],
		],
		admitted: [
			[
				"two pictures in a room",
				text(
					...HEAD,
					"a=group:BUNDLE 1 3",
					...VIDEO,
					...TRANSPORT,
					...VIDEO.map((line) => line.replace("mid:1", "mid:3")),
					...TRANSPORT,
				),
			],
		],
	},
	direction: {
		refused: [
			["WHIP that receives", plain.replaceAll("sendrecv", "recvonly"), whip],
			["WHIP that does nothing", plain.replaceAll("sendrecv", "inactive"), whip],
			[
				"WHIP whose picture receives",
				plain.replace("a=sendrecv", "a=sendonly").replace("a=sendrecv", "a=recvonly"),
				whip,
			],
			["WHEP that sends", plain.replaceAll("sendrecv", "sendonly"), whep],
			["WHEP that does nothing", plain.replaceAll("sendrecv", "inactive"), whep],
			[
				"a WHIP answer that sends",
				plain.replaceAll("sendrecv", "sendonly").replaceAll("actpass", "active"),
				{ ...whip, kind: "answer", role: null, from: "provider" },
			],
			[
				"a WHEP answer that receives",
				plain.replaceAll("sendrecv", "recvonly").replaceAll("actpass", "active"),
				{ ...whep, kind: "answer", role: null, from: "provider" },
			],
			[
				"a WHEP counter-offer that receives",
				plain.replaceAll("sendrecv", "recvonly"),
				{ ...whep, role: null, from: "provider" },
			],
		],
		admitted: [
			["WHIP that sends", plain.replaceAll("sendrecv", "sendonly"), whip],
			["WHIP both ways, for a role that does both", plain, { ...whip, role: "publisher" }],
			["WHEP that receives", plain.replaceAll("sendrecv", "recvonly"), whep],
			["a WHEP counter-offer", plain.replaceAll("sendrecv", "sendonly"), { ...whep, role: null, from: "provider" }],
		],
	},
	role: {
		refused: [
			["a subscriber who sends and receives", plain, { ...room, role: "subscriber" }],
			["a subscriber who sends", plain.replaceAll("sendrecv", "sendonly"), { ...room, role: "subscriber" }],
			[
				"a subscriber who says nothing, which is both",
				plain.replaceAll("a=sendrecv\r\n", ""),
				{ ...room, role: "subscriber" },
			],
			[
				"a subscriber whose picture only is sent",
				plain.replace("a=sendrecv", "a=recvonly"),
				{ ...room, role: "subscriber" },
			],
			[
				"a subscriber who says it at session level",
				inHead("a=sendrecv").replaceAll("a=sendrecv\r\na=rtcp", "a=rtcp"),
				{ ...room, role: "subscriber" },
			],
			["a subscriber's answer that sends", plain.replaceAll("actpass", "active"), { ...answer, role: "subscriber" }],
			["a publisheronly who receives", plain.replaceAll("sendrecv", "recvonly"), { ...room, role: "publisheronly" }],
			["a subscriber at WHEP who sends too", plain, whep],
		],
		admitted: [
			["a subscriber who receives", plain.replaceAll("sendrecv", "recvonly"), { ...room, role: "subscriber" }],
			["a subscriber who does nothing", plain.replaceAll("sendrecv", "inactive"), { ...room, role: "subscriber" }],
			["a publisheronly who sends", plain.replaceAll("sendrecv", "sendonly"), { ...room, role: "publisheronly" }],
			["a publisher who does both", plain, { ...room, role: "publisher" }],
			["a moderator who does both", plain, { ...room, role: "moderator" }],
		],
	},
	"data-channel": {
		refused: [
			["of a subscriber", text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT), { ...room, role: "subscriber" }],
			[
				"of a publisheronly",
				text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT),
				{ ...room, role: "publisheronly" },
			],
		],
		admitted: [
			["of a publisher", text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT)],
			["of a subscriber at WHEP", text(...HEAD, "a=group:BUNDLE 2", ...DATA, ...TRANSPORT), whep],
		],
	},
	"answers-offer": { refused: [], admitted: [] },
};

it("every rule has its cases", () => {
	expect(Object.keys(cases)).toEqual(SDP_RULES.map(({ name }) => name));
});

// "answers-offer" has cases below: they need an offer.
describe.each(Object.entries(cases).filter(([rule]) => rule !== "answers-offer"))(
	"rule %s",
	(rule, { refused, admitted }) => {
		for (const [what, sdp, use] of refused) it(`refuses ${what}`, () => expect(verdict(sdp, use)).toBe(rule));
		for (const [what, sdp, use] of admitted) it(`admits ${what}`, () => expect(verdict(sdp, use)).toBe("admitted"));
	},
);

describe("rule answers-offer", () => {
	const offer = (sdp: string) => {
		const judged = admitSdp(sdp, { ...room, door: "whip", role: null });
		if (!judged.allowed) throw new Error(JSON.stringify(judged.refusal));
		return judged.value;
	};
	const sending = offer(plain.replaceAll("sendrecv", "sendonly"));
	const receiving = plain.replaceAll("sendrecv", "recvonly").replaceAll("actpass", "active");
	it.each([
		["fewer sections", receiving.slice(0, receiving.indexOf("m=video")).replace("BUNDLE 0 1", "BUNDLE 0")],
		[
			"another order",
			text(...HEAD, "a=group:BUNDLE 1 0", ...VIDEO, ...TRANSPORT, ...AUDIO, ...TRANSPORT)
				.replaceAll("sendrecv", "recvonly")
				.replaceAll("actpass", "active"),
		],
		["a direction that does not fit", receiving.replaceAll("recvonly", "sendrecv")],
	])("refuses %s", (_what, sdp) => {
		expect(verdict(sdp, { ...answer, role: null, offer: sending })).toBe("answers-offer");
	});

	it("admits what fits, with sections rejected", () => {
		const use: SdpUse = { ...answer, role: null, offer: sending };
		expect(verdict(receiving, use)).toBe("admitted");
		const rejecting = receiving.replace("m=video 9", "m=video 0").replace("BUNDLE 0 1", "BUNDLE 0");
		expect(verdict(rejecting, use)).toBe("admitted");
	});

	it("refuses two active sides, and a section that the offer had rejected", () => {
		const active = offer(plain.replaceAll("sendrecv", "sendonly").replaceAll("actpass", "active"));
		expect(verdict(receiving, { ...answer, role: null, offer: active })).toBe("answers-offer");
		const half = offer(
			plain.replaceAll("sendrecv", "sendonly").replace("m=video 9", "m=video 0").replace("BUNDLE 0 1", "BUNDLE 0"),
		);
		expect(verdict(receiving, { ...answer, role: null, offer: half })).toBe("answers-offer");
	});
});

describe("whatever is sent", () => {
	const uses = fc.record({
		kind: fc.constantFrom("offer" as const, "answer" as const),
		door: fc.constantFrom("room" as const, "whip" as const, "whep" as const),
		role: fc.constantFrom(
			"subscriber" as const,
			"publisheronly" as const,
			"publisher" as const,
			"moderator" as const,
			null,
		),
	});
	const real = fc.constantFrom(...Object.values(offers), ...Object.values(answers), plain);
	const piece = fc.oneof(
		fc.constantFrom(
			"\r",
			"\n",
			"\u0000",
			"a=",
			"m=audio 9 ",
			"k=",
			"a=crypto:1 ",
			"=",
			":",
			" ",
			"9".repeat(400),
			"\u2028",
			"[".repeat(50),
		),
		fc.string(),
	);
	/** Pieces taken out and put in, and lines moved. */
	const mutated = fc
		.tuple(real, fc.array(fc.tuple(fc.nat(8000), fc.nat(40), piece), { minLength: 1, maxLength: 6 }))
		.map(([sdp, edits]) =>
			edits.reduce(
				(now, [from, gone, put]) =>
					now.slice(0, from % now.length) + put + now.slice((from % now.length) + gone) || "x",
				sdp,
			),
		);

	it("never throws, and refuses by a rule of the table only", () => {
		const names = new Set(["admitted", ...SDP_RULES.map(({ name }) => name)]);
		fc.assert(
			fc.property(fc.oneof(mutated, fc.string(), fc.string({ unit: "binary" })), uses, (sdp, use) => {
				expect(names).toContain(verdict(sdp, use));
			}),
			{ numRuns: 500 },
		);
	});

	it("nothing that passes has a key, a weak hash, another profile or more than one certificate", () => {
		fc.assert(
			fc.property(mutated, uses, (sdp, use) => {
				if (verdict(sdp, use) !== "admitted") return;
				const lines = sdp.split(/\r\n|\r|\n/);
				expect(lines.filter((line) => /^\s*(a\s*=\s*crypto|k\s*=)/i.test(line))).toEqual([]);
				expect(lines.filter((line) => /^a=fingerprint:(?!sha-(256|384|512) )/i.test(line))).toEqual([]);
				expect(
					lines.filter((line) => line.startsWith("m=") && !/ (UDP|TCP)\/(TLS\/RTP\/SAVPF|DTLS\/SCTP) /.test(line)),
				).toEqual([]);
				expect(new Set(lines.filter((line) => /^a=fingerprint:sha-256/i.test(line))).size).toBeLessThan(2);
			}),
			{ numRuns: 500 },
		);
	});

	it("lines of a real offer in another order never pass with what a role may not do", () => {
		const shuffled = fc.tuple(real, fc.infiniteStream(fc.nat())).map(([sdp, random]) => {
			const lines = sdp
				.replaceAll("a=sendrecv", "a=recvonly")
				.split("\r\n")
				.filter((line) => line !== "");
			const [from = 0, to = 0] = [...random.take(2)];
			const [moved = ""] = lines.splice(from % lines.length, 1);
			lines.splice(to % lines.length, 0, moved);
			return lines.join("\r\n");
		});
		fc.assert(
			fc.property(shuffled, (sdp) => {
				const judged = admitSdp(sdp, { ...room, role: "subscriber" });
				const media = judged.allowed ? judged.value.media : [];
				expect(media.filter(({ isLive, direction }) => isLive && direction.startsWith("send"))).toEqual([]);
			}),
			{ numRuns: 500 },
		);
	});
});
