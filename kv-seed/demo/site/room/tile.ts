import { textElement } from "../view.ts";
import { button } from "./view.ts";

const badges = {
	none: "no frame yet",
	match: "secret matches",
	mismatch: "secret does not match",
} as const;

/** One participant on the page. */
export class Tile {
	readonly element: HTMLElement;
	readonly #video = document.createElement("video");
	readonly #badge = textElement("span", "");
	readonly #print = textElement("small", "");
	readonly #media = new MediaStream();

	constructor(id: string, name: string, kick: (() => void) | null) {
		this.element = document.createElement("article");
		this.element.className = "tile";
		this.element.dataset["participant"] = id;
		this.#video.autoplay = true;
		this.#video.playsInline = true;
		this.#video.srcObject = this.#media;
		this.#badge.className = "badge";
		const caption = document.createElement("div");
		caption.className = "caption";
		caption.append(textElement("strong", name), this.#badge, ...(kick ? [button("Remove", kick)] : []), this.#print);
		this.element.append(this.#video, caption);
	}

	/** Oneself: nothing to hear, nothing to open. */
	static self(name: string, media: MediaStream | null): Tile {
		const tile = new Tile("self", `${name} (you)`, null);
		tile.#video.muted = true;
		tile.#video.srcObject = media;
		tile.#badge.textContent = media ? "" : "no camera, no microphone";
		return tile;
	}

	play(track: MediaStreamTrack): void {
		this.#media.addTrack(track);
		// Browsers let sound start only after a click on the page: joining was one.
		void this.#video.play().catch(() => undefined);
	}

	showSecret(state: keyof typeof badges): void {
		this.element.dataset["secret"] = state;
		this.#badge.textContent = badges[state];
	}

	showConnection(state: RTCPeerConnectionState | "refused"): void {
		this.element.dataset["connection"] = state;
	}

	showFingerprints(fingerprints: readonly string[]): void {
		this.#print.textContent = fingerprints.join("\n");
	}
}
