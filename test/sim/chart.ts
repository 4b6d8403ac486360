/** One line of a panel: a value for each second. */
export interface Line {
	readonly name: string;
	readonly color: string;
	readonly values: readonly number[];
}

export interface Panel {
	readonly label: string;
	readonly lines: readonly Line[];
}

const WIDTH = 820;
const LEFT = 78;
const RIGHT = 28;
const PANEL = 190;
const GAP = 62;
const TOP = 56;

/** Panels of lines over the same seconds, as SVG. */
export function chart(title: string, panels: readonly Panel[], seconds: number): string {
	const height = TOP + panels.length * (PANEL + GAP);
	const body = panels.map((panel, index) => panelOf(panel, TOP + index * (PANEL + GAP), seconds));
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
<title>${title}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${LEFT}" y="24" font-size="16" font-weight="600" fill="#1f2328">${title}</text>
${body.join("\n")}
</svg>
`;
}

function panelOf({ label, lines }: Panel, top: number, seconds: number): string {
	const most = ceilingOf(Math.max(1, ...lines.flatMap(({ values }) => values)));
	const x = (second: number): number => LEFT + (second / seconds) * (WIDTH - LEFT - RIGHT);
	const y = (value: number): number => top + PANEL - (value / most) * PANEL;
	const rows = [0, 0.25, 0.5, 0.75, 1].map((part) => {
		const at = y(part * most).toFixed(1);
		return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#d8dee4"/><text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end" fill="#57606a">${short(part * most)}</text>`;
	});
	const step = seconds > 60 ? 20 : 10;
	const columns = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => {
		const at = x(index * step).toFixed(1);
		return `<text x="${at}" y="${top + PANEL + 18}" text-anchor="middle" fill="#57606a">${index * step} s</text>`;
	});
	const drawn = lines.map(({ color, values }) => {
		const points = Array.from(
			{ length: seconds },
			(_, second) => `${x(second + 0.5).toFixed(1)},${y(values[second] ?? 0).toFixed(1)}`,
		);
		return `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"/>`;
	});
	return [
		...rows,
		...columns,
		`<text x="${LEFT}" y="${top - 10}" fill="#1f2328">${label}</text>`,
		...keyOf(lines, top),
		...drawn,
	].join("\n");
}

/** Names of the lines, from the right. */
function keyOf(lines: readonly Line[], top: number): string[] {
	let right = WIDTH - RIGHT;
	return lines.toReversed().map(({ name, color }) => {
		const at = right;
		right -= name.length * 7.5 + 34;
		return `<text x="${at}" y="${top - 10}" text-anchor="end" fill="#1f2328">${name}</text><rect x="${at - name.length * 7.5 - 16}" y="${top - 19}" width="10" height="10" fill="${color}"/>`;
	});
}

/** The next of 1, 2, 4, 5, 8 or 10 times a power of ten. */
function ceilingOf(value: number): number {
	const power = 10 ** Math.floor(Math.log10(value));
	return ([1, 2, 4, 5, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

const short = (value: number): string =>
	value >= 1000 ? `${Number((value / 1000).toFixed(1))}k` : `${Number(value.toFixed(1))}`;
