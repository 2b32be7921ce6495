import { lastActivityAt, type Group } from "./group.ts";

/** Time in which the gateway was down: nobody could push, so it is not held against groups last active before. */
export interface Outage {
  /** When the gateway started, Unix seconds. */
  readonly endedAt: number;
  /** Taken off the age of every group last active before that. 0 or more. */
  readonly seconds: number;
}

/**
 * The gap around the gateway's last start: from the newest activity before it, at most `maxOutageSeconds` long.
 * The gateway does not tell when it stopped, so the gap is the longest that the outage can have been.
 */
export function measureOutage(
  groups: readonly Group[],
  startedAt: number | null,
  maxOutageSeconds: number,
): Outage | null {
  if (startedAt === null) return null;
  let newest = Number.NEGATIVE_INFINITY;
  for (const group of groups) {
    const activity = lastActivityAt(group);
    if (activity !== null && activity < startedAt) newest = Math.max(newest, activity);
  }
  const seconds = Number.isFinite(newest) ? Math.min(startedAt - newest, maxOutageSeconds) : 0;
  return { endedAt: startedAt, seconds };
}

/** What the outage takes off the age of a group last active at `activityAt`. */
export function outageAllowance(outage: Outage | null, activityAt: number): number {
  return outage !== null && activityAt < outage.endedAt ? outage.seconds : 0;
}
