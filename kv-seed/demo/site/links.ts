import type { DemoLink } from "../../local/site.ts";

/** Fills the start page with the links that `npm start` prints as well. */
async function showLinks(list: HTMLElement): Promise<void> {
	const response = await fetch("/demo/links.json");
	const links = (await response.json()) as readonly DemoLink[];
	list.replaceChildren(...links.map(card));
}

function card({ title, about, href }: DemoLink): HTMLElement {
	const link = document.createElement("a");
	link.href = href;
	link.textContent = title;
	link.target = "_blank";
	link.rel = "noreferrer";
	const text = document.createElement("p");
	text.textContent = about;
	const item = document.createElement("li");
	item.append(link, text);
	return item;
}

const list = document.getElementById("links");
if (list !== null) await showLinks(list);
