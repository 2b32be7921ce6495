import { setMaxListeners } from "node:events";

/** Cuts work off after a time, or when the caller's signal aborts, whichever comes first. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, as opposed to the caller's signal. */
  expired(): boolean;
  /** Stops the timer. Call it as soon as the work is over, however it ended. */
  clear(): void;
}

/**
 * Starts a deadline. Not `AbortSignal.any`: on Node 20 it leaks a listener per call on a signal that lives long, as
 * the one of a sweep does.
 * @param milliseconds at most 2^31-1; a longer timer would fire at once
 */
export function startDeadline(milliseconds: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const abort = (): void => controller.abort(outer?.reason);
  const timer = setTimeout(
    () => {
      expired = true;
      controller.abort();
    },
    Math.min(milliseconds, 2 ** 31 - 1),
  );
  if (outer?.aborted === true) abort();
  // Node warns of more than ten listeners, and many DELETEs may be under way at once.
  if (outer !== undefined) setMaxListeners(0, outer);
  outer?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}
