import { allow } from "../../decision/decision.ts";
import type { JoinProvider } from "../provider.ts";

/** Rooms of the gate itself: their clients speak to each other through it. */
export const roomProvider: JoinProvider = {
	name: "webrtc",
	presence: () => true,
	judge: () => allow(),
	material: async ({ record, ticket, origin }) =>
		allow({
			join: {
				url: `${origin.replace(/^http/, "ws")}/join/v1/rooms/${ticket}`,
				ice_servers: record.webrtc?.ice_servers ?? [],
			},
		}),
	greet: async ({ record }) => allow({ ice_servers: record.webrtc?.ice_servers ?? [] }),
};
