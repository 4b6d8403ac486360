import { nextAlarm } from "../../next-alarm.ts";
import { realPorts } from "../../ports.ts";
import type { RoomRules } from "./contract.ts";
import { planExpiry, statusOf } from "./decide.ts";
import type { Errand } from "./errands.ts";
import { ENDED, queueEvent } from "./events.ts";
import { doErrand, renewHold, revokedOf } from "./outside.ts";
import type { Room } from "./room.ts";
import { HEARTBEAT_SECONDS, type RoomSockets } from "./sockets.ts";
import type { Member } from "./state.ts";

const NEVER = Number.POSITIVE_INFINITY;
/** When a check of the revocation list that did not come back is made again. */
const CHECK_AGAIN_MS = 2000;

/**
 * What the room does by itself, and the only part of it that waits for anything outside. Whoever's time is over goes first; all calls are
 * made side by side, and none keeps the next alarm waiting.
 */
export class Alarms {
	readonly #storage: DurableObjectStorage;
	readonly #env: Env;
	readonly #room: Room;
	readonly #sockets: RoomSockets;
	/** When each participant's session of the limits was last asked for; after a restart all of them are due. */
	readonly #touchedAt = new Map<string, number>();
	#setFor = NEVER;

	constructor(storage: DurableObjectStorage, env: Env, room: Room, sockets: RoomSockets) {
		this.#storage = storage;
		this.#env = env;
		this.#room = room;
		this.#sockets = sockets;
	}

	/** After every change: an alarm that comes too early does no harm. */
	schedule(): void {
		const now = Date.now();
		const next = nextAlarm(this.#nextAt(now), now);
		if (next >= this.#setFor) return;
		this.#setFor = next;
		void this.#storage.setAlarm(next);
	}

	async run(): Promise<void> {
		const now = Date.now();
		this.#setFor = 0; // set once, at the end
		try {
			this.#work(now);
		} finally {
			this.#setFor = NEVER;
		}
		if (!this.#clean(now)) return this.schedule();
		this.#setFor = NEVER; // the alarm goes with the rest
		await this.#room.clear();
	}

	#work(now: number): void {
		this.#sockets.closeSilent(now);
		this.#room.noticeAllLost();
		const { rules } = this.#room.book().record;
		this.#room.commit(planExpiry(this.#room.book(), rules, now));
		this.#tellEnd(now);
		if (!rules) return;
		this.#checkRevocations(rules, now);
		this.#renewHolds(now);
		for (const errand of this.#room.write((book) => book.errands.begin(now))) void this.#do(rules, errand);
	}

	#nextAt(now: number): number {
		const { members, record, errands } = this.#room.book();
		const { rules, freshAt, cleanAt, endTold } = record;
		const endsAt = rules?.endsAt ?? null;
		const times = [
			errands.nextAt(),
			freshAt,
			cleanAt,
			endsAt === endTold ? null : endsAt,
			this.#sockets.anyClient() ? now + HEARTBEAT_SECONDS * 1000 : null,
			...[...members.values()].map((member) => this.#dueAt(member)),
		];
		return Math.min(...times.map((time) => time ?? NEVER));
	}

	#dueAt(member: Member): number {
		return Math.min(member.expiresAt, member.deadline ?? NEVER, this.#touchAt(member));
	}

	#touchAt({ id, hold, joinedAt }: Member): number {
		return hold === null ? NEVER : (this.#touchedAt.get(id) ?? joinedAt) + hold.everyMs;
	}

	/** The session's own end, told once, and not where it was ended before. */
	#tellEnd(now: number): void {
		const { rules, endTold } = this.#room.book().record;
		const endsAt = rules?.endsAt ?? null;
		if (!rules || endsAt === null || endsAt > now || endsAt === endTold) return;
		this.#room.write((book) => {
			book.change({ endTold: endsAt });
			if (statusOf(book, rules) !== "ended") queueEvent(book, ENDED, now);
		});
	}

	#checkRevocations(rules: RoomRules, now: number): void {
		const { members, record } = this.#room.book();
		if (record.freshAt === null || record.freshAt > now) return;
		const again = members.size === 0 ? null : now + CHECK_AGAIN_MS;
		this.#room.write((book) => book.change({ freshAt: again }));
		if (again !== null) void this.#eject(rules, [...members.values()], again, record.lastSeq);
	}

	/** Whoever came while the list was asked was not asked for: then the check is made again. */
	async #eject(rules: RoomRules, members: readonly Member[], again: number, lastSeq: number): Promise<void> {
		await this.#quietly("revocations", async () => {
			const revoked = await revokedOf(this.#env, rules, members);
			this.#putOut(revoked, "token-revoked");
			const { record } = this.#room.book();
			if (record.freshAt !== again || record.lastSeq !== lastSeq) return;
			this.#room.write((book) => book.change({ freshAt: null }));
		});
	}

	#renewHolds(now: number): void {
		for (const member of this.#room.book().members.values()) {
			if (this.#touchAt(member) > now || member.hold === null) continue;
			this.#touchedAt.set(member.id, now);
			void this.#renew(member);
		}
		const { members } = this.#room.book();
		for (const id of this.#touchedAt.keys()) if (!members.has(id)) this.#touchedAt.delete(id);
	}

	async #renew(member: Member): Promise<void> {
		await this.#quietly("limits", async () => {
			if (member.hold && !(await renewHold(this.#env, member.hold))) this.#putOut([member], "viewer-session-ended");
		});
	}

	#putOut(members: readonly Member[], because: "token-revoked" | "viewer-session-ended"): void {
		const present = this.#room.book().members;
		const gone = members.flatMap(({ id }) => {
			const member = present.get(id);
			return member ? [{ member, because }] : [];
		});
		if (gone.length > 0) this.#room.commit({ gone });
	}

	async #do(rules: RoomRules, errand: Errand): Promise<void> {
		const outcome = await this.#quietly(errand.kind, () => doErrand(this.#env, rules, errand, () => this.#room.book()));
		const goesOn = this.#room.write((book) => book.errands.end(errand, outcome ?? "again", Date.now()));
		if (!goesOn) realPorts.log({ event: "fault", where: "room-errand", kind: errand.kind, message: "given up" });
	}

	/** What fails is in the log, and comes again. */
	async #quietly<T>(where: string, act: () => Promise<T>): Promise<T | null> {
		try {
			return await act();
		} catch (fault) {
			realPorts.log({ event: "fault", where: `room-${where}`, message: String(fault) });
			return null;
		}
	}

	#clean(now: number): boolean {
		const { cleanAt } = this.#room.book().record;
		return cleanAt !== null && cleanAt <= now && this.#room.write((book) => book.clean(now));
	}
}
