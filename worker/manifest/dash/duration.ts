const NUMBER = "(\\d{1,9}(?:\\.\\d{1,9})?)";
const DURATION = new RegExp(
	`^P(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}D)?(?:T(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
);
/** Of a year, month, day, hour, minute and second; the first two as long as they are on average. */
const SECONDS = [31_557_600, 2_629_800, 86_400, 3600, 60, 1];

/** Seconds of an xs:duration (`PT2S`, `P0Y0M0DT0H0M2.000S`); null when it is none. */
export function durationSeconds(text: string): number | null {
	const match = DURATION.exec(text.trim());
	if (match === null || /[PT]$/.test(match[0])) return null;
	return match.slice(1).reduce((sum, count, unit) => sum + Number(count ?? 0) * (SECONDS[unit] ?? 0), 0);
}
