import { formatAge } from "./duration.ts";

/** The clock, always an argument. Wall time may be wrong, jump or stop; only monotonic time measures durations. */
export interface Clock {
  /** Local wall time, Unix seconds. */
  now(): number;
  /** Seconds from an arbitrary start, never going back. */
  monotonic(): number;
}

/** The clocks when one request was sent, Unix seconds. */
export interface Clocks {
  /** The gateway's; null: its answer has no readable `Date`. */
  readonly gateway: number | null;
  /** This machine's; NaN if it does not work. */
  readonly local: number;
}

/**
 * Reads the gateway's clock, which stamped the push times, from the `Date` header of an answer. The header is stamped when the answer
 * is ready, and cut to whole seconds, so that the result is early by up to a second, and never late.
 * @param dateHeader as received: a header that was sent twice is a list, and is not readable
 * @param elapsedSeconds from the start of the request to the arrival of the headers, on a monotonic clock
 * @param local the local clock at the start of the request, Unix seconds
 */
export function clocksAtStart(
  dateHeader: string | readonly string[] | undefined,
  elapsedSeconds: number,
  local: number,
): Clocks {
  const stampedAt = typeof dateHeader === "string" ? parseHttpDate(dateHeader) : null;
  return { gateway: stampedAt === null ? null : stampedAt - elapsedSeconds, local };
}

/** Accepts only the format that RFC 9110 allows servers to send, as `toUTCString` writes it: `Date.parse` alone takes `1` for a year. */
function parseHttpDate(text: string): number | null {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toUTCString() === text ? date.getTime() / 1000 : null;
}

/** Clocks that differ by no more than this agree. */
export const agreementSeconds = 60;

/**
 * The time that ages count by: a group expires only if it has by both clocks. While they agree, the gateway's counts, as it stamped
 * the pushes. If they do not, either may be wrong, and the earlier one counts.
 * @returns Unix seconds; null: not known, then nothing expires
 */
export function agreedNow({ gateway, local }: Clocks): number | null {
  if (gateway === null || !Number.isFinite(local)) return null;
  return gateway - local > agreementSeconds ? local : gateway;
}

/**
 * How far a push time may be ahead of now without being in the future: `Date` is cut to whole seconds, and the push may have come
 * during the read.
 */
const presentSeconds = 2;

/** Whether a push time is in the future, and so cannot be the time of a push. */
export function isFuture(time: number, now: number): boolean {
  return time > now + presentSeconds;
}

/** Less is no skew: `Date` has whole seconds, and an answer takes some time. */
const minSkewSeconds = 2;

/** Local minus gateway time, seconds; 0 if no difference can be measured, null if not known. */
export function clockSkewSeconds({ gateway, local }: Clocks): number | null {
  if (gateway === null || !Number.isFinite(local)) return null;
  const skew = local - gateway;
  return Math.abs(skew) > minSkewSeconds ? skew : 0;
}

/** A note about the clocks for the operator; null: they agree. */
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

/** As {@link formatTime}, without the fraction of a second. */
export function formatWholeSecond(seconds: number): string {
  return formatTime(Math.floor(seconds)).replace(".000Z", "Z");
}

/** Renders Unix seconds as RFC 3339 in UTC, to the millisecond; null for null, and for what no date can hold. */
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
