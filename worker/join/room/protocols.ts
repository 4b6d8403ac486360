import { webrtcProtocol } from "../providers/webrtc/protocol.ts";
import type { RoomRules } from "./contract.ts";
import type { RoomProtocol } from "./protocol.ts";

/** What is spoken in the room; null where the participants' sockets lead elsewhere and the room only watches over them. */
export function protocolOf({ speaks }: RoomRules): RoomProtocol | null {
	return speaks === true ? webrtcProtocol : null;
}
