import { lastActivityAt, type Group } from "./group.ts";

/** The time around the gateway's last start in which nobody could push, or what was pushed may be lost. */
export interface Outage {
  /** When the gateway started, Unix seconds. */
  readonly endedAt: number;
  /** The newest push that is known from before that, Unix seconds. */
  readonly beganAt: number;
  /** Taken off the age of every group last active before the start. 0 or more. */
  readonly seconds: number;
  /** The most that is ever not held against a group. */
  readonly maxSeconds: number;
}

/**
 * The gap around the gateway's last start: from the newest push before it. The gateway tells neither when it stopped nor when it last
 * wrote its state, so the gap is the longest that both can have been. Failure times do not count: pushers can forge them.
 */
export function measureOutage(
  groups: readonly Group[],
  startedAt: number | null,
  maxOutageSeconds: number,
): Outage | null {
  if (startedAt === null) return null;
  let newest = Number.NEGATIVE_INFINITY;
  for (const group of groups) {
    const pushedAt = lastActivityAt(group, "last_success");
    if (pushedAt !== null && pushedAt < startedAt) newest = Math.max(newest, pushedAt);
  }
  const seconds = Number.isFinite(newest) ? Math.min(startedAt - newest, maxOutageSeconds) : 0;
  return { endedAt: startedAt, beganAt: newest, seconds, maxSeconds: maxOutageSeconds };
}

/** What the outage takes off the age of a group last active at `activityAt`. */
export function outageAllowance(outage: Outage | null, activityAt: number): number {
  return outage !== null && activityAt < outage.endedAt ? outage.seconds : 0;
}

/**
 * How much older than its TTL a group may be that was last active at `activityAt`, because a later push may be lost: the gateway writes
 * its state every `--persistence.interval`, and what it accepted after that is gone when it is killed. The lost push came before the
 * start, and before the group had expired: one that already had when the outage began was not pushing.
 */
export function lostPushAllowance(outage: Outage | null, activityAt: number, ttlSeconds: number): number {
  if (outage === null || activityAt >= outage.endedAt || activityAt + ttlSeconds <= outage.beganAt) return 0;
  return Math.min(outage.endedAt - activityAt, outage.maxSeconds) - outage.seconds;
}
