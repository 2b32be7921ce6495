import { isFuture } from "./decide.ts";
import type { Group } from "./group.ts";

/**
 * True while the newest push of the whole gateway is a failed one. One bad group makes the gateway refuse every push,
 * and then only the failure times still move. On a quiet gateway this can be true without that: it errs towards keeping.
 * A time in the future, left by a clock that was put back, would outdo all that came after it: it does not count.
 */
export function mayRefusePushes(
  groups: Iterable<Pick<Group, "lastSuccessAt" | "lastFailureAt">>,
  now: number | null,
): boolean {
  let newestSuccess = 0;
  let newestFailure = 0;
  for (const { lastSuccessAt, lastFailureAt } of groups) {
    newestSuccess = newerOf(newestSuccess, lastSuccessAt, now);
    newestFailure = newerOf(newestFailure, lastFailureAt, now);
  }
  return newestFailure > newestSuccess;
}

function newerOf(newest: number, time: number | null, now: number | null): number {
  return time !== null && time > newest && (now === null || !isFuture(time, now)) ? time : newest;
}
