import { parseDuration } from "../core/duration.ts";
import { ParseError } from "../core/errors.ts";
import { parseTimestamp } from "../core/time.ts";

/**
 * Parses an RFC 3339 time.
 * @returns Unix seconds
 * @throws {@link ParseError}
 */
export function parseTime(text: string): number {
  const time = parseTimestamp(text);
  if (time !== null) return time;
  throw new ParseError(
    `${JSON.stringify(text)} is not a time: write it as in RFC 3339, for example 2026-11-24T13:00:00Z`,
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
