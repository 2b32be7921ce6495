import { parseDuration } from "../core/duration.ts";
import { ParseError } from "../core/errors.ts";
import { parseTimestamp } from "../core/time.ts";

const daySeconds = 86_400;

/**
 * Parses a time in the past: `2h` before now, a day in UTC as `today` or `2026-11-24`, or RFC 3339 (`2026-11-24T13:00:00Z`).
 * @param now Unix seconds
 * @param of a day: its first moment, or its last one
 * @returns Unix seconds
 * @throws {@link ParseError}
 */
export function parsePast(text: string, now: number, of: "start" | "end"): number {
  const today = new Date(now * 1000).toISOString().slice(0, 10);
  const day = text === "today" ? today : text;
  const startsAt = /^\d{4}-\d{2}-\d{2}$/.test(day) ? parseTimestamp(`${day}T00:00:00Z`) : null;
  // Records have milliseconds.
  if (startsAt !== null) return of === "start" ? startsAt : startsAt + daySeconds - 0.001;
  const time = parseTimestamp(text);
  if (time !== null) return time;
  if (/^\d+[a-z]/.test(text)) return now - parseDuration(text);
  throw new ParseError(
    `${JSON.stringify(text)} is not a time: write 2h, today, 2026-11-24, or as in RFC 3339 2026-11-24T13:00:00Z`,
  );
}

/**
 * Parses a moment to come: `+7d` from now on, or RFC 3339 (`2027-01-15T08:00:00Z`).
 * @param localNow Unix seconds of this machine's clock
 * @returns the moment in Unix seconds, given a gateway's own time now: `+7d` counts from that, whatever this clock says
 * @throws {@link ParseError} for what is neither, or is in the past
 */
export function parseMoment(text: string, localNow: number): (now: number) => number {
  if (text.startsWith("+")) {
    const ahead = parseDuration(text.slice(1));
    return (now) => now + ahead;
  }
  const moment = parseTimestamp(text);
  if (moment === null) {
    throw new ParseError(
      `${JSON.stringify(text)} is not a moment: write +7d, or a time like 2027-01-15T08:00:00Z (RFC 3339)`,
    );
  }
  if (moment < localNow) throw new ParseError(`${text} is in the past: the state of then is not known`);
  return () => moment;
}
