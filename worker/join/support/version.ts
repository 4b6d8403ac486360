/** Longer than any that SDKs and browsers send. */
const MOST_CHARACTERS = 128;

/** `2.35.2`, `v2.35.2`, `js-2.35.2`, `2024.2.0-canary.1`, `120.0.6099.119`; what follows a plus sign says nothing (semver 2.0.0 section 10). */
const VERSION =
	/^(?:[A-Za-z][A-Za-z.]{0,31}[-/ ]?)?(\d{1,9}(?:\.\d{1,9}){0,5})(?:-([0-9A-Za-z][0-9A-Za-z.-]*))?(?:\+[0-9A-Za-z.-]*)?$/;

/** A version, as numbers; missing ones count as 0. */
export interface Version {
	readonly numbers: readonly number[];
	/** `beta.1` of `2.27.0-beta.1`: it comes before 2.27.0. */
	readonly preRelease: string | null;
	/** Without prefix and build, for messages. */
	readonly text: string;
}

/** Null for what is no version, whatever its length. */
export function parseVersion(text: string): Version | null {
	if (text.length > MOST_CHARACTERS) return null;
	const [, numbers, preRelease = null] = VERSION.exec(text.trim()) ?? [];
	if (numbers === undefined) return null;
	return {
		numbers: numbers.split(".").map(Number),
		preRelease,
		text: preRelease === null ? numbers : `${numbers}-${preRelease}`,
	};
}

/** Negative where the left one is the earlier, by numbers alone: 2.9 comes before 2.27. */
export function compareNumbers(left: Version, right: Version): number {
	const length = Math.max(left.numbers.length, right.numbers.length);
	for (let index = 0; index < length; index += 1) {
		const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
}

/** Whether a version is `least` or later. A pre-release of `least` itself is not. */
export function isAtLeast(version: Version, least: Version): boolean {
	const difference = compareNumbers(version, least);
	return difference > 0 || (difference === 0 && (version.preRelease === null || least.preRelease !== null));
}
