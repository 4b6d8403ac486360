import type Hls from "hls.js";
import { element } from "./view.ts";

const picker = element("quality", HTMLSelectElement);
const automatic = -1; // of hls.js: choose by bandwidth

/** Fills the picker with the renditions that this token may see, and lets it choose. */
export function offerLevels(hls: Hls): void {
	const levels = hls.levels.map(({ height }, index) => new Option(`${height}p`, String(index)));
	picker.replaceChildren(new Option("Automatic", String(automatic)), ...levels.reverse());
	picker.disabled = false;
	picker.onchange = () => {
		hls.nextLevel = Number(picker.value);
	};
}

/** Names the rendition on screen beside "Automatic". */
export function showLevel(hls: Hls): void {
	const height = hls.levels[hls.currentLevel]?.height;
	const option = picker.options[0];
	if (option !== undefined && height !== undefined) option.text = `Automatic (${height}p)`;
}
