/** Renders Unix seconds as RFC 3339 in UTC, to the millisecond; null stays null, as does what no date can hold. */
export function formatTime(seconds: number): string;
export function formatTime(seconds: number | null): string | null;
export function formatTime(seconds: number | null): string | null {
  if (seconds === null || !(Math.abs(seconds) <= 8.64e12)) return null;
  return new Date(seconds * 1000).toISOString();
}
