import { formatAge } from "./duration.ts";

/** What the clocks said when one request left, Unix seconds. */
export interface Clocks {
  /** The gateway's; null: its answer has no readable `Date`. */
  readonly gateway: number | null;
  /** This machine's; NaN if it does not work. */
  readonly local: number;
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

/** The clock, always an argument. Wall time may be wrong, jump or stand still; only monotonic time measures durations. */
export interface Clock {
  /** Local wall time, Unix seconds. */
  now(): number;
  /** Seconds from an arbitrary start, never going back. */
  monotonic(): number;
}

/** Renders Unix seconds as RFC 3339 in UTC, to the millisecond; null stays null, as does what no date can hold. */
export function formatTime(seconds: number): string;
export function formatTime(seconds: number | null): string | null;
export function formatTime(seconds: number | null): string | null {
  if (seconds === null || !(Math.abs(seconds) <= 8.64e12)) return null;
  return new Date(seconds * 1000).toISOString();
}
