import { describe, expect, it } from "vitest";
import { connectedToPinned, fingerprintsOf, matchesPinned } from "../../worker/join/client/fingerprint.ts";
import { takeTicket } from "../../worker/join/client/ticket.ts";

const [A, B] = ["AB:CD:01", "AB:CD:02"];
const sdp = (...fingerprints: string[]): string =>
	["v=0", ...fingerprints.map((each) => `a=fingerprint:${each}`), "m=audio 9 UDP/TLS/RTP/SAVPF 111"].join("\r\n");

describe("fingerprints of a description", () => {
	it.each([
		[sdp(`sha-256 ${A}`), [`sha-256 ${A}`]],
		[sdp(`SHA-256 ${A.toLowerCase()}`, `sha-256 ${A}`), [`sha-256 ${A}`]],
		[sdp(`sha-256 ${B}`, `sha-256 ${A}`), [`sha-256 ${A}`, `sha-256 ${B}`]],
		["v=0\na=fingerprint:sha-256 AB:CD:01\n", [`sha-256 ${A}`]],
		["s=a=fingerprint:sha-256 AB", []],
	])("of %j are %j", (text, found) => {
		expect(fingerprintsOf(text)).toEqual(found);
	});

	it.each([
		["the pinned one", sdp(`sha-256 ${A}`), [`sha-256 ${A}`], true],
		["the pinned one in another spelling", sdp(`sha-256 ${A}`), [`SHA-256  ${A.toLowerCase()}`], true],
		["another one", sdp(`sha-256 ${B}`), [`sha-256 ${A}`], false],
		["another one besides", sdp(`sha-256 ${A}`, `sha-256 ${B}`), [`sha-256 ${A}`], false],
		["the same bytes by another hash", sdp(`sha-512 ${A}`), [`sha-256 ${A}`], false],
		["none", sdp(), [`sha-256 ${A}`], false],
		["one, when nothing is pinned", sdp(`sha-256 ${A}`), [], false],
	])("%s", (_what, text, pinned, matches) => {
		expect(matchesPinned(text, pinned)).toBe(matches);
	});
});

describe("the certificate of a connection that stands", () => {
	const connection = (...stats: object[]) =>
		({ getStats: async () => new Map(stats.map((each, at) => [at, each])) }) as unknown as RTCPeerConnection;
	const transport = { id: "T", type: "transport", remoteCertificateId: "R" };
	const shown = (fingerprint: string) => ({
		id: "R",
		type: "certificate",
		fingerprintAlgorithm: "sha-256",
		fingerprint,
	});
	const own = { id: "L", type: "certificate", fingerprintAlgorithm: "sha-256", fingerprint: A };

	it.each([
		["is the pinned one", [transport, own, shown(A)], true],
		["is another one", [transport, own, shown(B)], false],
		["is not told", [transport, own], null],
		["belongs to no transport", [own, shown(A)], null],
	])("%s", async (_what, stats, matches) => {
		expect(await connectedToPinned(connection(...stats), [`sha-256 ${A}`], 0)).toBe(matches);
	});
});

it("the certificate of a connection is waited for: statistics lag behind", async () => {
	let asked = 0;
	const late = {
		getStats: async () => {
			asked += 1;
			const shown = { id: "R", type: "certificate", fingerprintAlgorithm: "sha-256", fingerprint: A };
			return new Map(
				asked < 3
					? []
					: ([
							["T", { type: "transport", remoteCertificateId: "R" }],
							["R", shown],
						] as never),
			);
		},
	} as unknown as RTCPeerConnection;
	expect([await connectedToPinned(late, [`sha-256 ${A}`]), asked]).toEqual([true, 3]);
});

describe("the ticket in the page's address", () => {
	function page(hash: string) {
		const addresses: string[] = [];
		const location = { pathname: "/room", search: "?lang=en", hash } as Location;
		const history = {
			state: { kept: true },
			replaceState: (state: unknown, _unused: string, address: string) =>
				addresses.push(`${JSON.stringify(state)} ${address}`),
		} as unknown as History;
		return { addresses, view: { location, history } };
	}

	it.each([
		["#ticket=t.1_-&participant=p_1", "/room?lang=en"],
		["#session=room-1&ticket=t.1_-&participant=p_1&x=%20y", "/room?lang=en#session=room-1&x=%20y"],
	])("is taken out of %s", (hash, left) => {
		const { addresses, view } = page(hash);
		expect(takeTicket(view)).toEqual({ ticket: "t.1_-", participant: "p_1" });
		expect(addresses).toEqual([`{"kept":true} ${left}`]);
	});

	it.each(["", "#", "#session=room-1", "#ticket=alone", "#participant=p_1"])("is not in %j", (hash) => {
		const { addresses, view } = page(hash);
		expect(takeTicket(view)).toBeNull();
		expect(addresses).toEqual([]);
	});
});
