import Hls from "hls.js";
import type { ErrorData } from "hls.js";
import { answerOfRequest, answerOfUrl } from "./gate-answer.ts";
import { playlistUrl, readClaims, readLink } from "./link.ts";
import type { PlayerLink } from "./link.ts";
import { offerLevels, showLevel } from "./quality.ts";
import { element, showClaims, showError, showRefusal, showState } from "./view.ts";

const video = element("video", HTMLVideoElement);
const tokenField = element("token", HTMLTextAreaElement);
let stopCurrent = (): void => {};

/** Starts a playback in place of the one that is on. */
function play(link: PlayerLink): void {
	stopCurrent();
	showClaims(readClaims(link.token));
	if (link.token === "") {
		showState("idle");
		tokenField.focus();
		return;
	}
	showState("loading");
	video.controls = true;
	stopCurrent = Hls.isSupported() ? playWithHls(playlistUrl(link)) : playNatively(playlistUrl(link));
}

function playWithHls(url: string): () => void {
	const hls = new Hls({
		workerPath: "/demo/hls.worker.js",
		// A short buffer: a viewer who loses the session should notice in this clip, not after it.
		maxBufferLength: 8,
		maxMaxBufferLength: 8,
		backBufferLength: 8,
	});
	// The last picture stays, without controls: what is still in the buffer must not play on.
	const halt = (): void => {
		hls.stopLoad();
		hls.off(Hls.Events.ERROR, onError);
		video.pause();
		video.controls = false;
	};
	const onError = (_event: unknown, data: ErrorData): void => onHlsError(data, halt);
	hls.on(Hls.Events.MANIFEST_PARSED, () => {
		offerLevels(hls);
		void startMuting();
	});
	hls.on(Hls.Events.LEVEL_SWITCHED, () => showLevel(hls));
	hls.on(Hls.Events.ERROR, onError);
	hls.loadSource(url);
	hls.attachMedia(video);
	return () => hls.destroy();
}

/** A refusal ends the playback at once: 4xx answers do not change by asking again. Other errors only when hls.js gives up. */
function onHlsError(data: ErrorData, halt: () => void): void {
	const request: unknown = data.networkDetails;
	const answer = request instanceof XMLHttpRequest ? answerOfRequest(request) : undefined;
	const final = data.fatal || (answer !== undefined && answer.status < 500 && answer.status !== 429);
	if (!final) return;
	halt();
	if (answer === undefined) showError("The video cannot be played", data.details);
	else showRefusal(answer);
}

/** Safari on phones plays HLS itself and tells nothing about a refusal, so the gate is asked again for its words. */
function playNatively(url: string): () => void {
	const listening = new AbortController();
	const onError = async (): Promise<void> => {
		const answer = await answerOfUrl(url);
		if (answer === undefined) showError("The video cannot be played", video.error?.message ?? "unknown");
		else showRefusal(answer);
	};
	video.addEventListener("error", () => void onError(), { signal: listening.signal });
	video.src = url;
	void startMuting();
	return () => {
		listening.abort();
		video.removeAttribute("src");
		video.load();
	};
}

/** Browsers let a page start by itself only without sound. */
async function startMuting(): Promise<void> {
	try {
		await video.play();
	} catch (error) {
		if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return; // stopped meanwhile
		video.muted = true;
		await video.play().catch(() => showState("paused"));
	}
}

/** Pausing is also how a refusal stops the picture: it must not hide why. */
const settled = (): boolean => ["refused", "error"].includes(document.documentElement.dataset["state"] ?? "");

video.addEventListener("playing", () => settled() || showState("playing"));
video.addEventListener("pause", () => settled() || video.ended || showState("paused"));
video.addEventListener("ended", () => settled() || showState("ended"));

element("token-form", HTMLFormElement).addEventListener("submit", (event) => {
	event.preventDefault();
	play({ ...readLink(location), token: tokenField.value.trim() });
});

function playLink(): void {
	const link = readLink(location);
	tokenField.value = link.token;
	play(link);
}

window.addEventListener("hashchange", playLink);
playLink();
