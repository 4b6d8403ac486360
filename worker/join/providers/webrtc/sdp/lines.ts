import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { type Fault, type Rule, firstFault } from "./rule.ts";

/** One line, `a=mid:0` as type `a` and value `mid:0`. Lines are counted from 1. */
export interface SdpLine {
	readonly type: string;
	readonly value: string;
	readonly number: number;
}

/** A description as it was sent. */
interface SdpText {
	readonly text: string;
	readonly lines: readonly string[];
}

/** Chromium's offers have 6 to 10 KiB; a call with dozens of streams fits. */
export const MOST_SDP_BYTES = 65_536;
const MOST_LINES = 2000;
const MOST_LINE_LENGTH = 4096;

/** A letter, an equals sign and no space around them; an attribute begins with a token (RFC 8866 section 9). */
const LINE = /^(?:[b-z]=|a=[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+(?::|$)).*$/s;
const SDES = /^\s*(?:a\s*=\s*(?:crypto|key-mgmt|zrtp-hash)|k\s*=)/i;
const CAPABILITY = /^\s*a\s*=\s*(?:[a-z]{0,3}cap|[ap]cfg|lcfg|sescap|csup|creq)\b/i;
/** C0 and C1 controls, and what some parsers take for the end of a line. */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROL = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;
// oxlint-disable-next-line no-control-regex -- all of ASCII
const BEYOND_ASCII = /[^\u0000-\u007f]/;
/** Names and descriptions for people are UTF-8 (RFC 8866 sections 5.3, 5.4). */
const FREE_TEXT = /^[si]=/;

/** What is judged before anything is parsed: parsers disagree about text that breaks these. */
export const textRules: readonly Rule<SdpText>[] = [
	{
		name: "size",
		source: "limit of the gate",
		check: ({ text }) => {
			if (text.length === 0) return "it is empty";
			if (Buffer.byteLength(text) > MOST_SDP_BYTES) return `it is larger than ${MOST_SDP_BYTES} bytes`;
			return null;
		},
	},
	{
		name: "lines",
		source: "limit of the gate",
		check: ({ lines }) => {
			if (lines.length > MOST_LINES) return `it has more than ${MOST_LINES} lines`;
			return faultyLine(
				lines,
				(line) => line.length > MOST_LINE_LENGTH,
				`is longer than ${MOST_LINE_LENGTH} characters`,
			);
		},
	},
	{
		name: "characters",
		source: "RFC 8866 section 5",
		check: ({ lines }) =>
			faultyLine(lines, (line) => line.includes("\r"), "has a carriage return that ends no line") ??
			faultyLine(
				lines,
				(line) => CONTROL.test(line) || !line.isWellFormed(),
				"has a character that no line may have",
			) ??
			faultyLine(lines, (line) => BEYOND_ASCII.test(line) && !FREE_TEXT.test(line), "has a character beyond ASCII"),
	},
	{
		name: "sdes",
		source: "RFC 8827 section 6.5",
		check: ({ lines }) =>
			faultyLine(lines, (line) => SDES.test(line), "carries or names a key (crypto, k=): keys come of DTLS only"),
	},
	{
		name: "capability-negotiation",
		source: "RFC 5939; RFC 9429 has none",
		check: ({ lines }) =>
			faultyLine(lines, (line) => CAPABILITY.test(line), "offers another description besides (capability negotiation)"),
	},
	{
		name: "line-form",
		source: "RFC 8866 section 9",
		check: ({ lines }) => faultyLine(lines, (line) => !LINE.test(line), "is not a lower-case letter, = and a value"),
	},
];

/** The lines of a description that keeps the rules of its text; else the fault. The last line may lack its end. */
export function readLines(text: string): Decision<readonly SdpLine[]> {
	if (text.length > MOST_SDP_BYTES) text = text.slice(0, MOST_SDP_BYTES + 1); // no use in splitting megabytes
	const lines = text.split(/\r?\n/);
	if (lines.at(-1) === "") lines.pop();
	const fault = firstFault(textRules, { text, lines });
	if (fault) return refuse({ reason: "sdp-refused", ...fault });
	return allow(lines.map((line, index) => ({ type: line.charAt(0), value: line.slice(2), number: index + 1 })));
}

function faultyLine(
	lines: readonly string[],
	isFaulty: (line: string) => boolean,
	what: string,
): Fault["detail"] | null {
	const index = lines.findIndex(isFaulty);
	return index < 0 ? null : `line ${index + 1} ${what}`;
}
