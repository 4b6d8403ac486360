import { readFileSync } from "node:fs";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

const drivesBrowser = ({ moduleId }: TestSpecification): boolean =>
	/\blaunch(Call)?Browser\b/.test(readFileSync(moduleId, "utf8"));

/**
 * Vitest's own order, in which the longest come first, with the files that drive a browser spread evenly over it:
 * one browser takes a core or more for a minute, and two beside each other would starve each other's players.
 */
export class FileOrder extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const sorted = await super.sort(files);
		const browsers = sorted.filter(drivesBrowser);
		const others = sorted.filter((file) => !browsers.includes(file));
		const stretch = Math.ceil(others.length / Math.max(1, browsers.length));
		const spread = browsers.flatMap((file, index) => [file, ...others.slice(index * stretch, (index + 1) * stretch)]);
		return browsers.length === 0 ? others : spread;
	}
}
