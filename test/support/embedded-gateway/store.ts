import { findInconsistencies, joinProblems } from "./consistency.ts";
import type { Family, GroupingLabels } from "./family.ts";
import {
  createGroup,
  FAILURE_TIME,
  failureTimeGauge,
  groupKey,
  PUSH_TIME,
  pushTimeGauge,
  storeFamily,
  type StoredGroup,
} from "./group.ts";

export interface StoreOptions {
  /** Unix seconds. */
  readonly now: () => number;
  readonly groups: Iterable<StoredGroup>;
  /** As without `--push.disable-consistency-check`. */
  readonly checkConsistency: boolean;
}

/** All groups of a gateway, with the rules by which pushes change them. No I/O, no queue: each call is done at once. */
export interface Store {
  /** A snapshot. It may be the start of another store: a restart, or with an earlier one what SIGKILL leaves. */
  groups(): readonly StoredGroup[];
  /**
   * Changes a group, or creates it. `replace` (PUT) drops all its other families.
   * @returns why the push was refused; then the group exists all the same, with a new failure time.
   */
  push(labels: GroupingLabels, families: readonly Family[], replace: boolean): string | undefined;
  /** Absent groups are deleted just as well. */
  delete(labels: GroupingLabels): void;
  /** Empty: consistent, and pushes can succeed. */
  inconsistencies(): readonly string[];
}

export function createStore({ now, groups, checkConsistency }: StoreOptions): Store {
  const stored = new Map(Array.from(groups, (group) => [group.key, group]));

  const refuse = (labels: GroupingLabels, time: number) => {
    const families = new Map(stored.get(groupKey(labels))?.families);
    families.set(FAILURE_TIME, storeFamily(failureTimeGauge(time), labels, time));
    if (!families.has(PUSH_TIME)) families.set(PUSH_TIME, storeFamily(pushTimeGauge(0), labels, time));
    const group = createGroup(labels, families.values());
    stored.set(group.key, group);
  };

  return {
    groups: () => [...stored.values()],
    delete: (labels) => void stored.delete(groupKey(labels)),
    inconsistencies: () => findInconsistencies(allFamilies(stored.values())),
    push(labels, pushed, replace) {
      const time = now();
      if (pushed.some((family) => family.timestamped)) {
        refuse(labels, time);
        // Without the check nobody waits for the verdict, so nobody hears of it.
        return checkConsistency ? "pushed metrics must not have timestamps" : undefined;
      }
      const next = changeGroup(stored.get(groupKey(labels)), labels, pushed, replace, time);
      const problems = checkConsistency
        ? findInconsistencies(allFamilies(new Map(stored).set(next.key, next).values()))
        : [];
      if (problems.length > 0) {
        refuse(labels, time);
        return joinProblems(problems);
      }
      stored.set(next.key, next);
      return undefined;
    },
  };
}

function changeGroup(
  group: StoredGroup | undefined,
  labels: GroupingLabels,
  pushed: readonly Family[],
  replace: boolean,
  time: number,
): StoredGroup {
  const families = new Map(group?.families);
  if (replace) {
    for (const name of families.keys()) {
      if (name !== PUSH_TIME && name !== FAILURE_TIME) families.delete(name);
    }
  }
  for (const family of pushed) families.set(family.name, storeFamily(family, labels, time));
  // The gateway's own push time wins over a pushed one. Its failure time does so only in a new group.
  families.set(PUSH_TIME, storeFamily(pushTimeGauge(time), labels, time));
  if (!group?.families.has(FAILURE_TIME))
    families.set(FAILURE_TIME, storeFamily(failureTimeGauge(0), labels, time));
  return createGroup(labels, families.values());
}

/** Every family of every group; the same name comes once for each group that has it. */
export function* allFamilies(groups: Iterable<StoredGroup>): Generator<Family> {
  for (const group of groups) yield* group.families.values();
}
