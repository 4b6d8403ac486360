import type { GateAnswer } from "./gate-answer.ts";

/** Also the value of `data-state` on the root element, by which tests follow the player. */
export type PlayerState = "idle" | "loading" | "playing" | "paused" | "ended" | "refused" | "error";

const labels: Readonly<Record<PlayerState, string>> = {
	idle: "Waiting for a token",
	loading: "Loading",
	playing: "Playing",
	paused: "Paused",
	ended: "Ended",
	refused: "Stopped: the gate refused",
	error: "Stopped: an error",
};

/** The element with this id, of the class that the page gives it. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
	const found = document.getElementById(id);
	if (!(found instanceof type)) throw new TypeError(`The page has no ${type.name} #${id}`);
	return found;
}

const root = document.documentElement;

/** A state that needs no explanation: takes away what an earlier refusal put over the video. */
export function showState(state: PlayerState): void {
	root.dataset["state"] = state;
	delete root.dataset["reason"];
	delete root.dataset["decision"];
	element("state", HTMLElement).textContent = labels[state];
	element("notice", HTMLElement).hidden = true;
}

/** The gate's own words, over the last picture. */
export function showRefusal(answer: GateAnswer): void {
	showState("refused");
	root.dataset["reason"] = answer.reason;
	root.dataset["decision"] = answer.decision;
	const next = answer.status === 401 ? "Paste a new token below to go on." : "";
	showNotice(answer.reason, `${answer.message} ${next}`.trim(), `HTTP ${answer.status}, decision ${answer.decision}`);
}

/** Something failed that is no refusal: the network, the media. `what` is for a person. */
export function showError(what: string, detail: string): void {
	showState("error");
	root.dataset["reason"] = detail;
	showNotice(what, "The player has stopped. Play again to retry.", detail);
}

function showNotice(title: string, text: string, detail: string): void {
	element("notice-title", HTMLElement).textContent = title;
	element("notice-text", HTMLElement).textContent = text;
	element("notice-detail", HTMLElement).textContent = detail;
	element("notice", HTMLElement).hidden = false;
}

/** Lists the claims of the token in use. */
export function showClaims(claims: readonly (readonly [string, string])[]): void {
	const rows = claims.map(([name, value]) => {
		const row = document.createElement("div");
		row.append(textElement("dt", name), textElement("dd", value));
		return row;
	});
	element("claims", HTMLElement).replaceChildren(...rows);
	element("claims-panel", HTMLElement).hidden = rows.length === 0;
}

/** An element with text in it, never markup. */
export function textElement(tag: string, text: string): HTMLElement {
	const made = document.createElement(tag);
	made.textContent = text;
	return made;
}
