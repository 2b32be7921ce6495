import { isFuture } from "./time.ts";
import type { Group } from "./group.ts";
import type { Since, Rule } from "./rule.ts";

export type LastPushes = Pick<Group, "lastSuccessAt" | "lastFailureAt">;

/**
 * When the group was last alive, Unix seconds; null if it cannot be known.
 *
 * A group that never pushed successfully has only its failed pushes to go by, whatever `since` says: the gateway
 * creates a group with push time 0 for a rejected first push.
 */
export function lastActivityAt(group: LastPushes, since: Since = "last_activity"): number | null {
  const success = group.lastSuccessAt;
  const failure = group.lastFailureAt;
  if (!isTime(success) || !isTime(failure)) return null;
  const activity = since === "last_success" && success > 0 ? success : Math.max(success, failure);
  return activity > 0 ? activity : null;
}

function isTime(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0;
}

/** The newest accepted and refused pushes of a gateway. Unix seconds; 0: none. */
export interface Pushes {
  readonly newestSuccessAt: number;
  /** The newest two refused pushes that no later push to the same group made good. */
  readonly refusedAt: readonly [newest: number, next: number];
}

export function surveyPushes(groups: Iterable<LastPushes>, now: number | null): Pushes {
  let newestSuccessAt = 0;
  let [newest, next] = [0, 0];
  for (const { lastSuccessAt, lastFailureAt } of groups) {
    const [success, failure] = [lastSuccessAt ?? 0, lastFailureAt ?? 0];
    // A time in the future, left by a clock that was put back, proves nothing about now.
    if (success > newestSuccessAt && (now === null || !isFuture(success, now))) newestSuccessAt = success;
    if (failure <= success) continue;
    if (failure > newest) [newest, next] = [failure, newest];
    else if (failure > next) next = failure;
  }
  return { newestSuccessAt, refusedAt: [newest, next] };
}

/** Whether the newest push of the gateway was refused: then it may be refusing all. */
export function mayRefusePushes({ newestSuccessAt, refusedAt }: Pushes): boolean {
  return refusedAt[0] > newestSuccessAt;
}

/**
 * Which pushes to a group count as life by its rule. With `since: last_success`, a refused push does not count if it was the group's
 * own fault: other pushes were accepted after it, and no push to another group has been refused since this group's last success. The
 * second condition matters because one bad group makes the gateway refuse every push but those that repair it for a moment.
 */
export function countedPushes(group: LastPushes, rule: Rule | null, pushes: Pushes): Since {
  if (rule === null || rule.action === "keep" || rule.since === "last_activity") return "last_activity";
  const [success, failure] = [group.lastSuccessAt ?? 0, group.lastFailureAt ?? 0];
  const [newest, next] = pushes.refusedAt;
  const refusedToOthersAt = failure > success && newest === failure ? next : newest;
  const isOwnFault = pushes.newestSuccessAt > failure && refusedToOthersAt <= success;
  return isOwnFault ? "last_success" : "last_activity";
}

/**
 * Whether a group shows life that the plan did not know of. What counts as life now counts in addition to what counted when the plan
 * was made. Any change of the time is life, also one into the past or to something unreadable. Of a group whose activity is unknown, the
 * success time counts.
 */
export function showsLife(
  known: { readonly group: LastPushes; readonly pushes: Pushes },
  current: { readonly group: LastPushes; readonly pushes: Pushes },
  rule: Rule | null,
): boolean {
  const before = countedPushes(known.group, rule, known.pushes);
  const after = before === "last_activity" ? before : countedPushes(current.group, rule, current.pushes);
  const [then, now] = [lastActivityAt(known.group, before), lastActivityAt(current.group, after)];
  return then !== now || (now === null && current.group.lastSuccessAt !== known.group.lastSuccessAt);
}

/** The time around the gateway's last start in which it was down, or in which pushes may be lost. */
export interface Outage {
  /** When the gateway started, Unix seconds. */
  readonly endedAt: number;
  /** The newest push known from before that, Unix seconds. */
  readonly beganAt: number;
  /** Taken off the age of every group last active before the start. 0 or more. */
  readonly seconds: number;
  /** The most time that never counts towards an age. */
  readonly maxSeconds: number;
}

/**
 * Measures from the newest push before the gateway's last start: the gateway says neither when it stopped nor when it last wrote its
 * state. Failure times do not count, as pushers can forge them.
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
 * By how much a group last active at `activityAt` may exceed its TTL, because a later push may be lost: the gateway writes its state
 * every `--persistence.interval`, and loses what came after that when it is killed. A group that had already expired when the outage
 * began was no longer pushing.
 * @param ttlSeconds longer than the interval at which the group pushed
 */
export function lostPushAllowance(outage: Outage | null, activityAt: number, ttlSeconds: number): number {
  if (outage === null || activityAt >= outage.endedAt || activityAt + ttlSeconds <= outage.beganAt) return 0;
  return Math.min(outage.endedAt - activityAt, outage.maxSeconds) - outage.seconds;
}
