import type { JoinRole } from "../../../../worker/catalog/e2ee-session-record.ts";
import { webrtcProtocol } from "../../../../worker/join/providers/webrtc/protocol.ts";
import type { GoneBecause } from "../../../../worker/join/room/contract.ts";
import type { Command, Effect, RoomView, Seat } from "../../../../worker/join/room/protocol.ts";

export type Said = Readonly<Record<string, unknown>> & { readonly type: string };

/** A room in memory that carries the protocol's effects out, as the object does. */
export class PretendRoom {
	readonly seats = new Map<string, Seat>();
	readonly heard = new Map<string, Said[]>();
	readonly commands: { readonly by: string; readonly command: Command }[] = [];
	readonly gone: string[] = [];
	readonly closed: string[] = [];
	status: RoomView["status"] = "open";

	get view(): RoomView {
		return { account: "acc", session: "room-1", status: this.status, now: 1_000, seats: this.seats };
	}

	seat(id: string): Seat {
		const seat = this.seats.get(id);
		if (!seat) throw new Error(`nobody is ${id}`);
		return seat;
	}

	/** Somebody comes, with a socket. */
	comes(id: string, role: JoinRole = "publisher", status: Seat["status"] = "connected", resumed = false): this {
		const before = this.seats.get(id);
		const kept = before?.kept ?? {};
		this.seats.set(id, {
			id,
			name: id.toUpperCase(),
			role,
			status,
			uid: `uid-${id}`,
			joinedAt: 500_999,
			expiresAt: 9_000_999,
			kept,
		});
		const welcome = {
			ticket: `t-${id}`,
			heartbeatSeconds: 20,
			resumed,
			greeting: { ice_servers: [{ urls: ["turn:t.example"] }] },
		};
		return this.#carry(id, webrtcProtocol.connected(this.view, this.seat(id), welcome));
	}

	says(id: string, message: unknown): this {
		const text = typeof message === "string" ? message : JSON.stringify(message);
		return this.#carry(id, webrtcProtocol.message(this.view, this.seat(id), text));
	}

	becomes(id: string, status: Seat["status"]): this {
		this.seats.set(id, { ...this.seat(id), status });
		if (status === "connected") return this.#carry(id, webrtcProtocol.admitted(this.view, this.seat(id)));
		return this.#carry(id, webrtcProtocol.away?.(this.view, this.seat(id)) ?? []);
	}

	goes(id: string, because: GoneBecause = "left"): this {
		const seat = this.seat(id);
		this.seats.delete(id);
		return this.#carry(id, webrtcProtocol.left(this.view, seat, because));
	}

	carry(id: string, effects: readonly Effect[]): this {
		return this.#carry(id, effects);
	}

	/** What `id` heard since it was asked last. */
	hears(id: string): Said[] {
		const heard = this.heard.get(id) ?? [];
		this.heard.set(id, []);
		return heard;
	}

	/** Nobody has heard anything yet. */
	forget(): this {
		this.heard.clear();
		return this;
	}

	#carry(by: string, effects: readonly Effect[]): this {
		for (const effect of effects) {
			if (effect.effect === "send") {
				const open = ["connected", "waiting"].includes(this.seats.get(effect.to)?.status ?? "");
				// As JSON, as it travels.
				if (open)
					this.heard.set(effect.to, [
						...(this.heard.get(effect.to) ?? []),
						JSON.parse(JSON.stringify(effect.message)) as Said,
					]);
			} else if (effect.effect === "keep") {
				const kept = JSON.parse(JSON.stringify(effect.kept)) as Seat["kept"];
				this.seats.set(effect.participant, { ...this.seat(effect.participant), kept });
			} else if (effect.effect === "command") this.commands.push({ by, command: effect.command });
			else if (effect.effect === "leave") this.gone.push(by);
			else this.closed.push(effect.participant);
		}
		return this;
	}
}
