import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLUMNS, type Page, type Row } from "../../../worker/audit/contract.ts";
import { csvOf, csvStream } from "../../../worker/audit/csv.ts";
import { rowOf } from "../../../worker/audit/row.ts";
import { decisionOf } from "../../support/audit.ts";
import { readCsv } from "../../support/csv.ts";

const rowWith = (text: string): Row => COLUMNS.map((column) => (column === "user_agent" ? text : null));
const cellIn = (csv: string): string | undefined => readCsv(csv)[0]?.[COLUMNS.indexOf("user_agent")];
const read = (pages: (after: number) => Promise<Page | null>) => new Response(csvStream(pages)).text();

describe("a cell", () => {
	it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://a.example","b")', "＝1", "－1"])(
		"that a spreadsheet would run is told as text: %j",
		(text) => {
			expect(cellIn(csvOf([rowWith(text)]))).toBe(`'${text}`);
		},
	);

	it.each(["a,b", 'say "no"', "two\nlines", "two\r\nlines", "a\rb", " a ", "", '"', "日本語", "🎬", "a=1"])(
		"is read as it was written: %j",
		(text) => {
			expect(cellIn(csvOf([rowWith(text)]))).toBe(text);
		},
	);

	it("of any text at all comes back, defused or as it was, and moves no other cell", () => {
		const texts = fc.array(
			fc.oneof(
				fc.string({ unit: "binary" }),
				fc.string({ unit: fc.constantFrom("=", "+", "-", "@", "\t", "\r", "\n", '"', ",", "'", ";", "a") }),
			),
			{
				minLength: COLUMNS.length,
				maxLength: COLUMNS.length,
			},
		);
		fc.assert(
			fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), (rows) => {
				const back = readCsv(csvOf(rows));
				expect(back).toEqual(
					rows.map((row) => row.map((text) => (/^[=+\-@\t\r＝＋－＠]/.test(text) ? `'${text}` : text))),
				);
			}),
		);
	});
});

describe("a report", () => {
	it("of nothing is its header", async () => {
		expect(await read(async () => ({ texts: [], after: 0, done: true }))).toBe(`${COLUMNS.join(",")}\r\n`);
		expect(await read(async () => null)).toBe(`${COLUMNS.join(",")}\r\n`);
	});

	it("goes on where a page ends, and holds every row once", async () => {
		const rows = Array.from({ length: 10 }, () => rowOf(decisionOf()));
		const asked: number[] = [];
		const csv = await read(async (after) => {
			asked.push(after);
			return { texts: [JSON.stringify(rows.slice(after, after + 4))], after: after + 4, done: after + 4 >= 10 };
		});
		expect(asked).toEqual([0, 4, 8]);
		expect(readCsv(csv).slice(1)).toEqual(rows.map((row) => row.map((cell) => String(cell ?? ""))));
	});

	it("reads no page before somebody wants it", async () => {
		let pages = 0;
		const stream = csvStream(async (after) => {
			pages += 1;
			return { texts: [JSON.stringify([rowWith("x".repeat(1000))])], after: after + 1, done: false };
		});
		const reader = stream.getReader();
		for (let chunk = 0; chunk < 3; chunk++) await reader.read();
		await reader.cancel();
		expect(pages).toBeLessThan(6);
	});

	it("that was cut short does not look whole", async () => {
		const broken = read(async (after) => {
			if (after > 0) throw new Error("the object is gone");
			return { texts: ["[]"], after: 1, done: false };
		});
		await expect(broken).rejects.toThrow("the object is gone");
	});

	it("of rows from before a column was added leaves it empty", () => {
		const [cells = []] = readCsv(csvOf([["2026-11-22T07:00:00.000Z", "d1"]]));
		expect(cells).toEqual(["2026-11-22T07:00:00.000Z", "d1", ...COLUMNS.slice(2).map(() => "")]);
	});
});
