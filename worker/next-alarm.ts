/**
 * When to ask for an alarm that is wanted at `at`, milliseconds since the epoch: never now or before. Where an alarm of that very moment is just
 * running, the platform takes the new one for done with it (workerd 1.2026).
 */
export const nextAlarm = (at: number, now: number): number => Math.max(at, now + 1);
