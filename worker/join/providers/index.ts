import type { ProviderName } from "../../catalog/e2ee-session-record.ts";
import type { JoinProvider } from "../provider.ts";
import { chimeProvider } from "./chime/provider.ts";
import { vonageProvider } from "./vonage/provider.ts";
import { soraProvider } from "./sora/provider.ts";
import { webrtcProvider } from "./webrtc/provider.ts";

/** Every system that sessions run on. */
export const providers: Readonly<Record<ProviderName, JoinProvider>> = {
	chime: chimeProvider,
	vonage: vonageProvider,
	sora: soraProvider,
	webrtc: webrtcProvider,
};
