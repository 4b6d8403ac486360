import { describe, expect, it } from "vitest";
import { isDash } from "../../../worker/manifest/dash.ts";
import { CDN, change, dashInPlace, inRepresentation, mpd, rewritten, sealedAt, templateOf } from "./dash-fixtures.ts";
import { ORIGIN } from "./fixtures.ts";

describe("isDash", () => {
	it.each([
		["an MPD", "<MPD>", true],
		["an MPD with a prefix", '<dash:MPD xmlns:dash="urn:mpeg:dash:schema:mpd:2011">', true],
		["an MPD behind what may stand in front", '\uFEFF <?xml version="1.0"?>\n<!-- > -->\n<!-- -->\n<MPD/>', true],
		["a patch", "<Patch mpdId='1'>", true],
		["a remote period", "<Period>", true],
		["an MPD with a document type, so that it is refused as one", "<!DOCTYPE MPD [", true],
		["another element", "<MPDs>", false],
		["a VMAP document", "<vmap:VMAP>", false],
		["a playlist", "#EXTM3U\n", false],
		["an endless comment", "<!-- <MPD>", false],
		["nothing", "", false],
	])("knows %s", (_, text, expected) => {
		expect(isDash(text)).toBe(expected);
	});
});

describe("a document at its own place", () => {
	it("does not change when all its URLs stay below what the gate serves", () => {
		const text = inRepresentation(
			'<BaseURL>\n\t../video/./a/ </BaseURL>\r\n<SegmentTemplate media="$RepresentationID$/$Time$.m4s?a=1&amp;b=2" initialization="../i.mp4"/>',
			"<BaseURL serviceLocation='a' byteRange='$base$?$query$'>p1/</BaseURL><!-- https://cdn.example/ -->",
		);
		expect(templateOf(text, dashInPlace()).parts).toEqual([text]);
	});

	it.each([
		["is absolute", "https://cdn.example/v/a.mp4", `<base>${CDN}a.mp4`],
		["is absolute and below the source", `${ORIGIN}/clip/a.mp4`, "<base>s/a.mp4"],
		["names another host only", "//cdn.example/v/a.mp4", `<base>${CDN}a.mp4`],
		["starts at the root", "/x/a.mp4", `<base>${sealedAt(`${ORIGIN}/x/`)}a.mp4`],
		["climbs out of the source", "../../x/a.mp4", `<base>${sealedAt(`${ORIGIN}/x/`)}a.mp4`],
		["climbs within it", "../x/a.mp4", "../x/a.mp4"],
		["climbs within it by encoded dots", "%2e%2e/x/a.mp4", "<base>s/x/a.mp4"],
		["has a query", "https://cdn.example/v/a.mp4?t=1&amp;u=%27", `<base>${CDN}a.mp4?t=1&amp;u=%27`],
		["has entities", "https&#58;&#x2F;/cdn.example/v/&lt;a&apos;.mp4", `<base>${CDN}%3Ca&apos;.mp4`],
		["has white space around it", " https://cdn.example/v/a.mp4 ", `<base>${CDN}a.mp4`],
		["is data", "data:video/mp4;base64,AAAA", "data:video/mp4;base64,AAAA"],
		["is of a host that the gate does not fetch from", "http://cdn.example/v/a.mp4", "http://cdn.example/v/a.mp4"],
		["is none", "https://", "<base>s/"],
		["is empty", "", ""],
	])("leads to the gate with a URL that %s", (_, url, expected) => {
		expect(
			change((text) => inRepresentation(`<SegmentBase><Initialization sourceURL="${text}"/></SegmentBase>`), url),
		).toBe(expected);
	});

	it.each([
		["SegmentTemplate@media", (url: string) => `<SegmentTemplate media="${url}"/>`],
		["SegmentTemplate@initialization", (url: string) => `<SegmentTemplate initialization='${url}'/>`],
		["SegmentTemplate@index", (url: string) => `<SegmentTemplate index="${url}"/>`],
		["SegmentTemplate@bitstreamSwitching", (url: string) => `<SegmentTemplate bitstreamSwitching="${url}"/>`],
		["SegmentURL@media", (url: string) => `<SegmentList><SegmentURL mediaRange="0-9" media="${url}"/></SegmentList>`],
		["SegmentURL@index", (url: string) => `<SegmentList><SegmentURL index = "${url}"/></SegmentList>`],
		["Initialization@sourceURL", (url: string) => `<SegmentList><Initialization sourceURL="${url}"/></SegmentList>`],
		["RepresentationIndex@sourceURL", (url: string) => `<RepresentationIndex sourceURL="${url}" range="0-9"/>`],
		["BitstreamSwitching@sourceURL", (url: string) => `<BitstreamSwitching sourceURL="${url}"/>`],
		["xlink:href", (url: string) => `<SegmentList xlink:actuate="onLoad" xlink:href="${url}"/>`],
		["a prefix of its own", (url: string) => `<d:SegmentTemplate media="${url}"></d:SegmentTemplate>`],
		["BaseURL", (url: string) => `<BaseURL dvb:priority="1">${url}</BaseURL>`],
		["BaseURL on a line of its own", (url: string) => `<BaseURL>\n${url}\n</BaseURL>`],
	])("leads to the gate from %s", (_, element) => {
		const wrap = (url: string) => inRepresentation(element(url));
		expect(change(wrap, "https://cdn.example/v/a/")).toBe(`<base>${sealedAt("https://cdn.example/v/a/")}`);
		expect(change(wrap, "v/a/")).toBe("v/a/");
	});

	it.each([
		[
			"EventStream contents",
			'<EventStream><Event messageData="https://cdn.example/">https://cdn.example/<BaseURL>https://cdn.example/</BaseURL></Event></EventStream>',
		],
		["UTCTiming", '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://time.example/"/>'],
		[
			"descriptors",
			'<SupplementalProperty schemeIdUri="urn:mpeg:dash:chaining:2016" value="https://cdn.example/next.mpd"/>',
		],
		[
			"program information",
			'<ProgramInformation moreInformationURL="https://cdn.example/"><Title>https://cdn.example/</Title></ProgramInformation>',
		],
		[
			"xlinks that resolve to nothing",
			'<Period xlink:href="urn:mpeg:dash:resolve-to-zero:2013" xlink:actuate="onLoad"/>',
		],
		["Boolean bitstream switching", '<Period bitstreamSwitching="true"/>'],
		[
			"comments and instructions",
			"<!-- <BaseURL>https://cdn.example/</BaseURL> --><?x <BaseURL>https://cdn.example/</BaseURL>?>",
		],
		[
			"authorisation servers",
			"<ContentProtection><dashif:Authzurl>https://auth.example/</dashif:Authzurl></ContentProtection>",
		],
	])("leaves %s alone", (_, content) => {
		expect(rewritten(mpd(content), dashInPlace())).toBe(mpd(content));
	});
});

describe("templates", () => {
	const wrap = (url: string) => inRepresentation(`<SegmentTemplate media="${url}"/>`);
	it.each([
		[
			"its fixed directory is sealed",
			"https://cdn.example/v/$RepresentationID$/s-$Number%05d$.m4s",
			`<base>${CDN}$RepresentationID$/s-$Number%05d$.m4s`,
		],
		[
			"an escaped dollar sign counts as an identifier",
			"https://cdn.example/v/a$$b/$Time$.m4s",
			`<base>${CDN}a$$b/$Time$.m4s`,
		],
		[
			"identifiers in the query stay there",
			"https://cdn.example/v/s.m4s?b=$Bandwidth$/",
			`<base>${CDN}s.m4s?b=$Bandwidth$/`,
		],
		["a host that is to be filled in is nowhere", "https://$RepresentationID$.example/a", "<base>s/"],
		["a port that is to be filled in is nowhere", "https://cdn.example:$Bandwidth$/a", "<base>s/"],
		[
			"a scheme that is to be filled in is a path",
			"$RepresentationID$://cdn.example/a",
			"<base>s/dash/$RepresentationID$://cdn.example/a",
		],
	])("%s", (_, url, expected) => {
		expect(change(wrap, url)).toBe(expected);
	});

	it("resolves against the representation that takes it over", () => {
		const text = mpd(
			'<Period><SegmentTemplate media="../../$Number$.m4s" initialization="../i.mp4"/><AdaptationSet><Representation id="1"><BaseURL>https://cdn.example/v/w/x/</BaseURL></Representation></AdaptationSet></Period>',
		);
		const output = rewritten(text, dashInPlace());
		expect(output).toContain(`media="<base>${CDN}$Number$.m4s"`);
		expect(output).toContain(`initialization="<base>${sealedAt("https://cdn.example/v/w/")}i.mp4"`);
	});

	it("does not take dollar signs of a BaseURL for identifiers", () => {
		const text = inRepresentation(
			'<SegmentTemplate media="../../../../$Time$"/>',
			"<BaseURL>https://cdn.example/a$b/c/d/e/f/</BaseURL>",
		);
		expect(rewritten(text, dashInPlace())).toContain(`media="<base>${sealedAt("https://cdn.example/a%24b/")}$Time$"`);
	});

	it.each([
		["a representation id with a host", 'Representation id="//cdn.example/" bandwidth="1"'],
		["a representation id with a scheme", 'Representation id="https://cdn.example" bandwidth="1"'],
		["an empty representation id", 'Representation id="" bandwidth="1"'],
		["a bandwidth that is no number", 'Representation id="1" bandwidth="//cdn.example/"'],
	])("is kept a path, whatever %s makes of it", (_, representation) => {
		const text = mpd(
			`<Period><SegmentTemplate media="$RepresentationID$$Bandwidth$/a" index="b/$RepresentationID$"/><${representation}/></Period>`,
		);
		expect(rewritten(text, dashInPlace())).toBe(text.replace('media="', 'media="./'));
	});
});
