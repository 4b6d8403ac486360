/** What a room link names: `/demo/room#session=room-1&token=...`. A fragment never leaves the browser, so it is in no log. */
export interface RoomLink {
	readonly account: string;
	readonly session: string;
	readonly token: string;
	readonly name: string;
}

export function readRoomLink(hash: string): RoomLink {
	const fragment = new URLSearchParams(hash.slice(1));
	const read = (name: string): string => fragment.get(name) ?? "";
	return {
		account: read("account") || "demo",
		session: read("session") || "room-1",
		token: read("token"),
		name: read("name"),
	};
}
