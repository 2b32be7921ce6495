import { isFuture } from "./clocks.ts";
import { lastActivityAt, type Group, type Since } from "./group.ts";
import type { Rule } from "./rule.ts";

type PushTimes = Pick<Group, "lastSuccessAt" | "lastFailureAt">;

/** What the pushes to all groups of a gateway say about those that it refused. Unix seconds; 0: none. */
export interface Pushes {
  readonly newestSuccessAt: number;
  /** The newest two refused pushes that no later success to the same group made good. */
  readonly refusedAt: readonly [newest: number, next: number];
}

export function surveyPushes(groups: Iterable<PushTimes>, now: number | null): Pushes {
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

/** Whether the newest push of the whole gateway is a refused one: then it may be refusing all. */
export function mayRefusePushes({ newestSuccessAt, refusedAt }: Pushes): boolean {
  return refusedAt[0] > newestSuccessAt;
}

/**
 * Which pushes to a group count as life by its rule. With `since: last_success` a refused push does not, if it was the group's own
 * fault: others' pushes were accepted after it, and none to another group has been refused since this one's last success. One bad
 * group makes a gateway refuse every push, and who heals it, succeeds and poisons it again is the only one who succeeds.
 */
export function countedPushes(group: PushTimes, rule: Rule | null, pushes: Pushes): Since {
  if (rule === null || rule.action === "keep" || rule.since === "last_activity") return "last_activity";
  const [success, failure] = [group.lastSuccessAt ?? 0, group.lastFailureAt ?? 0];
  const [newest, next] = pushes.refusedAt;
  const refusedToOthersAt = failure > success && newest === failure ? next : newest;
  const isOwnFault = pushes.newestSuccessAt > failure && refusedToOthersAt <= success;
  return isOwnFault ? "last_success" : "last_activity";
}

/**
 * Whether a group shows life that the plan did not know of. What counted as life when the plan was made still does, and what counts by
 * now does as well. Any other time than before is life, also one that went back or became unreadable.
 */
export function showsLife(
  known: { readonly group: PushTimes; readonly pushes: Pushes },
  current: { readonly group: PushTimes; readonly pushes: Pushes },
  rule: Rule | null,
): boolean {
  const before = countedPushes(known.group, rule, known.pushes);
  const after = before === "last_activity" ? before : countedPushes(current.group, rule, current.pushes);
  return lastActivityAt(current.group, after) !== lastActivityAt(known.group, before);
}
