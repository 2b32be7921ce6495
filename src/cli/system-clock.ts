import { uptime } from "node:os";

import type { Clock } from "../core/time.ts";

/** Less than this between the two is their different resolution. */
const noticeableSeconds = 1;

/**
 * Reading the uptime takes 10 microseconds or more, and a deletion reads the clock often: that was a second in 10,000 deletions. It is
 * read again after this time, and at once when the wall clock has moved against the monotonic one, as in a suspension.
 */
const uptimeHoldsMs = 20;
/** The wall clock is read in whole milliseconds. */
const movedMs = 5;

/**
 * The clocks of a machine. Node's monotonic clock stops while the machine is suspended; the system's uptime does not.
 * The time of a suspension counts, or evidence from before it would count as fresh after it.
 */
export function createClock(machine: {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds, without suspensions. */
  running(): number;
  /** Seconds, with suspensions. */
  uptime(): number;
}): Clock {
  const difference = (): number => machine.uptime() - machine.running() / 1000;
  const atStart = difference();
  let suspendedSeconds = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let wallAhead = 0;
  return {
    now: () => machine.now() / 1000,
    monotonic() {
      const running = machine.running();
      const ahead = machine.now() - running;
      if (running - askedAt > uptimeHoldsMs || Math.abs(ahead - wallAhead) > movedMs) {
        // It never shrinks, though a coarse uptime seems to: the clock would go back.
        suspendedSeconds = Math.max(suspendedSeconds, difference() - atStart);
        askedAt = running;
        wallAhead = ahead;
      }
      return running / 1000 + (suspendedSeconds > noticeableSeconds ? suspendedSeconds : 0);
    },
  };
}

/** This machine's clocks. */
export const systemClock = createClock({ now: () => Date.now(), running: () => performance.now(), uptime });

/** Node's timers fire at once when they are set to more: 24.8 days. */
const maxTimerMs = 2 ** 31 - 1;

/** Resolves after that many seconds, 24.8 days at most, or as soon as the signal aborts. */
export function wait(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || seconds <= 0) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(seconds * 1000, maxTimerMs));
    signal.addEventListener("abort", done, { once: true });
  });
}
