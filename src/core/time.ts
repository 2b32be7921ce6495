import { formatAge } from "./duration.ts";

/** The clock, always an argument. Wall time may be wrong, jump or stand still; only monotonic time measures durations. */
export interface Clock {
  /** Local wall time, Unix seconds. */
  now(): number;
  /** Seconds from an arbitrary start, never going back. */
  monotonic(): number;
}

/** What the clocks said when one request left, Unix seconds. */
export interface Clocks {
  /** The gateway's; null: its answer has no readable `Date`. */
  readonly gateway: number | null;
  /** This machine's; NaN if it does not work. */
  readonly local: number;
}

/**
 * What the gateway's clock said at the start of a request, by the `Date` header of its answer: the push times were stamped by the
 * same clock. The header is stamped when the answer is ready and is cut to whole seconds, so the result is
 * early by up to a second: never late.
 * @param dateHeader as received: one that was sent twice is a list, and says nothing
 * @param elapsedSeconds from the start of the request to the arrival of the headers, on a monotonic clock
 * @param local what the local clock said at the start of the request, Unix seconds
 */
export function clocksAtStart(
  dateHeader: string | readonly string[] | undefined,
  elapsedSeconds: number,
  local: number,
): Clocks {
  const stampedAt = typeof dateHeader === "string" ? parseHttpDate(dateHeader) : null;
  return { gateway: stampedAt === null ? null : stampedAt - elapsedSeconds, local };
}

/** Only the one format that may be sent, which is what `toUTCString` writes: `Date.parse` alone takes `1` for a year. */
function parseHttpDate(text: string): number | null {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toUTCString() === text ? date.getTime() / 1000 : null;
}

/** Clocks that differ by no more than this agree. */
export const agreementSeconds = 60;

/**
 * The time that ages count by: a group expires only if it has by both clocks. The gateway's clock stamped the pushes, so it
 * counts where the two agree; where they do not, either may be wrong, and the earlier one counts.
 * @returns Unix seconds; null: not known, then nothing expires
 */
export function agreedNow({ gateway, local }: Clocks): number | null {
  if (gateway === null || !Number.isFinite(local)) return null;
  return gateway - local > agreementSeconds ? local : gateway;
}

/**
 * How far a push time may lie ahead of now and still be the present: `Date` is cut to whole seconds, and the push may have
 * come while the snapshot was taken.
 */
const presentSeconds = 2;

/** A time that the clocks have not come to: it says nothing about when. */
export function isFuture(time: number, now: number): boolean {
  return time > now + presentSeconds;
}

/** `Date` has whole seconds and the answer takes its time: less than this is no skew. */
const tellableSkewSeconds = 2;

/** Local minus gateway time, seconds; 0 when they agree as far as can be told, null if not known. */
export function clockSkewSeconds({ gateway, local }: Clocks): number | null {
  if (gateway === null || !Number.isFinite(local)) return null;
  const skew = local - gateway;
  return Math.abs(skew) > tellableSkewSeconds ? skew : 0;
}

/** What an operator has to know about the clocks; null: nothing. */
export function explainClocks(clocks: Clocks): string | null {
  const skew = clockSkewSeconds(clocks);
  if (skew === null) {
    return (
      "the time is not known, so nothing expires: the gateway's answers need one readable Date header. " +
      "Let the proxy in between pass the gateway's own Date through"
    );
  }
  if (Math.abs(skew) <= agreementSeconds) return null;
  const [direction, counting] = skew > 0 ? ["ahead of", "gateway's"] : ["behind", "local"];
  return (
    `the local clock is ${formatAge(Math.abs(skew))} ${direction} the gateway's: ages count by the ${counting} clock, the earlier one. ` +
    "Start the time service (NTP) on the machine that is wrong; a proxy in between may also send a wrong Date"
  );
}

/** Renders Unix seconds as RFC 3339 in UTC, to the millisecond; null stays null, as does what no date can hold. */
export function formatTime(seconds: number): string;
export function formatTime(seconds: number | null): string | null;
export function formatTime(seconds: number | null): string | null {
  if (seconds === null || !(Math.abs(seconds) <= 8.64e12)) return null;
  return new Date(seconds * 1000).toISOString();
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?(Z|z|[+-]\d\d:\d\d)$/;

/** Reads an RFC 3339 time with any fraction and zone as Unix seconds; null if it is none. */
export function parseTimestamp(text: unknown): number | null {
  const match = typeof text === "string" ? rfc3339.exec(text) : null;
  if (match === null) return null;
  const [, date, time, fraction = "", zone = "Z"] = match;
  // Date knows milliseconds only.
  const milliseconds = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000 + Number(`0${fraction}`);
}
