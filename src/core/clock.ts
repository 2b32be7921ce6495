/** The clock, always an argument. Wall time may be wrong, jump or stand still; only monotonic time measures durations. */
export interface Clock {
  /** Local wall time, Unix seconds. */
  now(): number;
  /** Seconds from an arbitrary start, never going back. */
  monotonic(): number;
}
