import { uptime } from "node:os";

import type { Clock } from "../core/clock.ts";

/** Less than this between the two is their different resolution. */
const noticeableSeconds = 1;

/**
 * The clocks of a machine. Node's monotonic clock stands still while the machine is suspended; the system's uptime does
 * not. The time of a suspension counts, or what was read before it would look fresh after it.
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
  return {
    now: () => machine.now() / 1000,
    monotonic() {
      const suspendedSeconds = difference() - atStart;
      return machine.running() / 1000 + (suspendedSeconds > noticeableSeconds ? suspendedSeconds : 0);
    },
  };
}

/** This machine's clocks. */
export const systemClock = createClock({ now: () => Date.now(), running: () => performance.now(), uptime });

/** Resolves after that many seconds, or as soon as the signal aborts. */
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
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", done, { once: true });
  });
}
