import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { Command, RoomRules } from "./contract.ts";
import { comingBy, judgePlaces, presentMember, statusOf } from "./decide.ts";
import type { Ban, Member, Plan, Planned, RoomState } from "./state.ts";

type Ruling = Decision<Planned<Member | null>>;

/** What a moderator, or the management API, orders; the participant concerned as it is then. */
export function planCommand(state: RoomState, rules: RoomRules, command: Command, now: number): Ruling {
	switch (command.command) {
		case "kick":
			return kick(state, command, now);
		case "approve":
			return approve(state, rules, command.participant, now);
		case "deny":
			return deny(state, command.participant, now);
		case "lock":
		case "unlock":
		case "end":
			return change(state, rules, command.command, now);
	}
}

function kick(state: RoomState, command: Extract<Command, { command: "kick" }>, now: number): Ruling {
	const { participant, banSeconds = 0, why = null } = command;
	const member = state.members.get(participant) ?? state.gone(participant);
	if (!member) return refuse({ reason: "participant-not-found" });
	const banned = banSeconds > 0;
	const plan: Plan = {
		...(member.status === "gone" ? {} : { gone: [{ member, because: banned ? "banned" : "kicked" }] }),
		...(banned ? { ban: { ...nameOf(member), until: now + banSeconds * 1000, why } } : {}),
	};
	return allow({ value: member, plan });
}

function nameOf({ uid, tokenId }: Member): Pick<Ban, "kind" | "value"> {
	return uid === null ? { kind: "token", value: tokenId } : { kind: "uid", value: uid };
}

function inLobby(state: RoomState, id: string): Decision<Member> {
	if (!state.members.has(id) && !state.gone(id)) return refuse({ reason: "participant-not-found" });
	return presentMember(state, id);
}

/** One who is in already stays in. */
function approve(state: RoomState, rules: RoomRules, id: string, now: number): Ruling {
	const found = inLobby(state, id);
	if (!found.allowed) return found;
	const before = found.value;
	if (before.status !== "waiting") return allow({ value: before, plan: {} });
	if (statusOf(state, rules) === "ended") return refuse({ reason: "e2ee-session-ended", endedAt: null });
	const place = judgePlaces([...state.members.values()], rules);
	if (!place.allowed) return place;
	const connected = before.deadline === null;
	const member: Member = {
		...before,
		status: connected ? "connected" : "admitted",
		deadline: connected ? null : comingBy(rules, now),
	};
	return allow({ value: member, plan: { put: [member] } });
}

function deny(state: RoomState, id: string, now: number): Ruling {
	const found = inLobby(state, id);
	if (!found.allowed) return found;
	const member = found.value;
	if (member.status !== "waiting")
		return refuse({ reason: "participant-status", status: member.status, wanted: "waiting" });
	const because = "denied";
	return allow({ value: { ...member, status: "gone", because, goneAt: now }, plan: { gone: [{ member, because }] } });
}

const STATUSES = { lock: "locked", unlock: "open", end: "ended" } as const;

/** A session that was ended stays so: only a change of its record opens it again. */
function change(state: RoomState, rules: RoomRules, command: keyof typeof STATUSES, now: number): Ruling {
	const before = statusOf(state, rules);
	if (before === "ended" && command !== "end") return refuse({ reason: "e2ee-session-ended", endedAt: null });
	const status = STATUSES[command];
	const members = [...state.members.values()];
	const changedAt = Math.max(now, rules.statusChangedAt + 1); // the caller's clock may be ahead of this one
	const plan: Plan = {
		...(before === status ? {} : { status: { status, changedAt } }),
		...(status === "ended" ? { gone: members.map((member) => ({ member, because: "session-ended" as const })) } : {}),
	};
	return allow({ value: null, plan });
}
