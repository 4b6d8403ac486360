import { element, textElement } from "../view.ts";

/** Also the value of `data-state` on the root element, by which tests follow the page. */
export type RoomState = "idle" | "joining" | "waiting" | "in" | "away" | "refused" | "over";

const labels: Readonly<Record<RoomState, string>> = {
	idle: "Not joined",
	joining: "Asking the gate",
	waiting: "In the lobby: a moderator lets you in",
	in: "In the room",
	away: "The connection broke; it is made again",
	refused: "The gate refused",
	over: "The call is over",
};

const root = document.documentElement;

export function showRoomState(state: RoomState): void {
	root.dataset["state"] = state;
	element("state", HTMLElement).textContent = labels[state];
	const joined = state === "in" || state === "away" || state === "waiting";
	element("controls", HTMLElement).hidden = !joined;
	element("join", HTMLButtonElement).disabled = joined || state === "joining";
	if (!joined) element("moderation", HTMLElement).hidden = true;
}

/** Why something was refused, or why the call is over; in the gate's own words where it has some. */
export function showReason(reason: string, text: string): void {
	root.dataset["reason"] = reason;
	element("refusal-reason", HTMLElement).textContent = reason;
	element("refusal-text", HTMLElement).textContent = text;
	element("refusal", HTMLElement).hidden = false;
}

export function hideReason(): void {
	delete root.dataset["reason"];
	element("refusal", HTMLElement).hidden = true;
}

/** A list entry with buttons, for who waits in the lobby. */
export function waitingEntry(name: string, actions: Readonly<Record<string, () => void>>): HTMLElement {
	const item = document.createElement("li");
	item.append(textElement("span", name), ...Object.entries(actions).map(([label, act]) => button(label, act)));
	return item;
}

export function button(label: string, act: () => void): HTMLButtonElement {
	const made = document.createElement("button");
	made.type = "button";
	made.textContent = label;
	made.addEventListener("click", act);
	return made;
}
