/** A setting of Sora without which its clients cannot encrypt end to end (docs/join/sora.md). All four must be true. */
interface Setting {
	readonly name: string;
	readonly usual: boolean;
	/** What happens when it is not true. */
	readonly otherwise: string;
}

const SETTINGS: readonly Setting[] = [
	{ name: "e2ee", usual: false, otherwise: "clients that encrypt are cut off" },
	{ name: "signaling_notify", usual: true, otherwise: "clients hear nothing of each other" },
	{ name: "signaling_notify_connection_id", usual: true, otherwise: "clients cannot tell whose keys they get" },
	{ name: "signaling_notify_metadata", usual: true, otherwise: "clients do not get each other's keys" },
];

export interface SoraFinding {
	readonly name: string;
	readonly isRight: boolean;
	/** In words. */
	readonly detail: string;
}

/** Judges the text of a `sora.conf` by the settings that end-to-end encryption needs, in their order. */
export function judgeSoraConf(text: string): readonly SoraFinding[] {
	const given = readConf(text);
	return SETTINGS.map((setting) => judge(setting, given.get(setting.name) ?? []));
}

interface Given {
	readonly line: number;
	readonly value: string;
}

function judge({ name, usual, otherwise }: Setting, given: readonly Given[]): SoraFinding {
	const [first, ...others] = given;
	if (!first) {
		return usual
			? { name, isRight: true, detail: "not set, true by default" }
			: { name, isRight: false, detail: `missing, false by default: ${otherwise}. Add: ${name} = true` };
	}
	const at = `line ${first.line}`;
	const other = others.find(({ value }) => value !== first.value);
	if (other)
		return {
			name,
			isRight: false,
			detail: `set twice, in ${at} and otherwise in line ${other.line}: nobody can say which one counts`,
		};
	if (first.value === "true") return { name, isRight: true, detail: `true, ${at}` };
	const wrong = first.value === "false" ? "is false" : `is ${shown(first.value)}, which is neither true nor false`;
	return { name, isRight: false, detail: `${wrong}, ${at}: ${otherwise}. Write: ${name} = true` };
}

const MOST_SHOWN = 24;
const shown = (value: string): string =>
	value === "" ? "empty" : visible(value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}...` : value);

/** Nobody sees that a space is none of ASCII. */
const visible = (value: string): string =>
	JSON.stringify(value).replaceAll(/[^\S ]/g, (space) => `\\u${space.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Of the settings that are judged: `name = value`, one a line, without quotes (Sora takes them for a part of the value); comments begin with # or ; and sections do not matter. */
function readConf(text: string): ReadonlyMap<string, readonly Given[]> {
	const settings = new Map<string, Given[]>(SETTINGS.map(({ name }) => [name, []]));
	for (const [index, raw] of text
		.replace(/^\uFEFF/, "")
		.split(/\r\n|\r|\n/)
		.entries()) {
		const line = trimmed(raw);
		const equals = line.indexOf("=");
		if (equals < 1 || /^[#;[%]/.test(line)) continue;
		const name = trimmed(line.slice(0, equals));
		const value = trimmed(line.slice(equals + 1).replace(/(^|[ \t])[#;].*$/, ""));
		settings.get(name)?.push({ line: index + 1, value });
	}
	return settings;
}

/** Spaces of other scripts, which look the same, are a part of the value. */
const trimmed = (text: string): string => text.replaceAll(/^[ \t\f\v]+|[ \t\f\v]+$/g, "");
