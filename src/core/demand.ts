import { labelsKey, type Labels } from "./labels.ts";
import type { Matcher } from "./matcher.ts";
import { matchesAll } from "./rule.ts";

/** Groups that a person asks to delete, whatever the rules say. */
export interface Demand {
  readonly selects: (labels: Labels) => boolean;
  /** It selects one group, by its grouping key. */
  readonly isExact: boolean;
  /** Younger groups are kept. null: age does not matter. */
  readonly olderThanSeconds: number | null;
}

export function demandMatching(matchers: readonly Matcher[], olderThanSeconds: number | null): Demand {
  return { selects: (labels) => matchesAll(matchers, labels), isExact: false, olderThanSeconds };
}

/** @param labels all of its grouping key: an empty `instance` is another key than none */
export function demandExactly(labels: Labels, olderThanSeconds: number | null): Demand {
  const key = labelsKey(labels);
  return { selects: (others) => labelsKey(others) === key, isExact: true, olderThanSeconds };
}
