import { describe, expect, it } from "vitest";
import { compileHls, createHlsStream } from "../../../worker/manifest/hls.ts";
import { contextOf, filled, GRANT, ORIGIN, sealOf, servedInPlace } from "./fixtures.ts";

const MEBI = 1024 * 1024;
const sealed = `${GRANT}r/${sealOf("https://cdn.example/")}`;

// Each would take minutes if any step looked at the rest of the document for each line, tag or attribute.
const LARGE: readonly (readonly [name: string, text: string])[] = [
	["one line", "a".repeat(MEBI)],
	["one line of slashes", "/".repeat(MEBI)],
	["one line of dot segments", "../".repeat(MEBI / 3)],
	["one line of variables", "{$".repeat(MEBI / 2)],
	["one line of white space", `#EXT-X-MAP:URI${" ".repeat(MEBI)}x`],
	["one list of quotes", `#EXT-X-MAP:${'"'.repeat(MEBI)}`],
	["one list of equals signs", `#EXT-X-MAP:${"=".repeat(MEBI)}`],
	["one list of unterminated URIs", `#EXT-X-MAP:X="${"URI=//a ".repeat(MEBI / 8)}`],
	["one list of tabs and URIs", `#EXT-X-MAP:X="${"URI=\t".repeat(MEBI / 5)}`],
	["one line of tags", "#EXT-X-MAP:".repeat(MEBI / 11)],
	["one line of separators", `#${"\u2028".repeat(MEBI)}`],
	["one line of carriage returns", "a\r".repeat(MEBI / 2)],
	["lines of tags without attributes", "#EXT-X-KEY:\n".repeat(100_000)],
	["lines of unterminated strings", '#EXT-X-KEY:METHOD=AES-128,URI="k\n'.repeat(100_000)],
	["lines of keys", '#EXT-X-KEY:METHOD=AES-128,URI="k"\n'.repeat(100_000)],
	["lines of durations", "#EXTINF:\n".repeat(100_000)],
	["lines of NUL", "\0\n".repeat(100_000)],
	["lines of definitions", '#EXT-X-DEFINE:NAME="a",VALUE="{$a}{$a}"\n'.repeat(50_000)],
];

describe.each(LARGE)("%s", (_, text) => {
	it("is compiled, and streamed to the same text", () => {
		const stream = createHlsStream(contextOf(), GRANT);
		let streamed = "";
		for (let at = 0; at < text.length; at += 4096) streamed += stream.push(text.slice(at, at + 4096));
		expect(streamed + stream.end() === filled(compileHls(text, contextOf()))).toBe(true);
	});
});

it("bounds what variables made of variables grow to", () => {
	const doubling = Array.from(
		{ length: 60 },
		(_, i) => `#EXT-X-DEFINE:NAME="v${i + 1}",VALUE="{$v${i}}{$v${i}}"\n{$v${i + 1}}.ts`,
	);
	const output = filled(
		compileHls(['#EXT-X-DEFINE:NAME="v0",VALUE="0123456789"', ...doubling].join("\n"), contextOf()),
	);
	expect(output.length).toBeLessThan(64 * MEBI);
	expect(
		output
			.split("\n")
			.filter((line) => !line.startsWith("#"))
			.every((line) => line.startsWith(GRANT)),
	).toBe(true);
});

it.each([
	["deep dot segments", `${"../".repeat(500)}etc/passwd`, `${GRANT}r/${sealOf(`${ORIGIN}/etc/`)}/passwd`],
	["a host behind slashes", "//cdn.example/a", `${sealed}/a`],
	["a host behind backslashes", "\\\\cdn.example/a", `${sealed}/a`],
	["a host behind both", "/\\cdn.example/a", `${sealed}/a`],
	["a host behind many", "/////cdn.example/a", `${sealed}/a`],
	["a host behind a tab", "/\t/cdn.example/a", `${sealed}/a`],
	["a host behind control characters", "\u0001\u001f//cdn.example/a", `${sealed}/a`],
	[
		"a host behind the origin's name",
		`${ORIGIN}@cdn.example/a`,
		`${GRANT}r/${sealOf("https://origin.example@cdn.example/")}/a`,
	],
	["a host that begins as the origin's", `${ORIGIN}.cdn.example/a`, `${GRANT}r/${sealOf(`${ORIGIN}.cdn.example/`)}/a`],
	["a directory that begins as the source's", `${ORIGIN}/clip2/a`, `${GRANT}r/${sealOf(`${ORIGIN}/clip2/`)}/a`],
	[
		"quotes in a line",
		'https://cdn.example/a",URI="//b',
		`${sealed}/a%22,URI=%22//b`.replace(
			`${sealed}/a%22,URI=%22//`,
			`${GRANT}r/${sealOf("https://cdn.example/a%22,URI=%22//")}/`,
		),
	],
])("follows a browser's reading of %s", (_, uri, expected) => {
	expect(filled(compileHls(uri, servedInPlace()))).toBe(expected);
});

it("throws nothing for a playlist of every character", () => {
	const characters = Array.from(
		{ length: 0x10000 },
		(_, code) => `#EXT-X-MAP:URI="${String.fromCharCode(code)}"\n${String.fromCharCode(code)}a`,
	);
	expect(filled(compileHls(characters.join("\n"), contextOf()))).toContain(GRANT);
});
