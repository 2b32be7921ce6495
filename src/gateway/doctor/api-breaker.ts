import { createLabels, labelsKey, type Labels } from "../../core/labels.ts";
import type { Culprit } from "../../core/remedy.ts";
import { isShortened } from "../budget.ts";
import type { PushTimes } from "../exposition/push-times.ts";
import { groupPath, type PathNaming } from "../group-path.ts";
import { spellLabels } from "./culprit.ts";

/**
 * The groups that may be breaking the API, told by the exposition; the newest first.
 *
 * A `push_failure_time_seconds` without samples makes every GET of the API panic. The exposition shows such a group
 * with a success time and no failure time. Two others look alike and are harmless:
 * - a group that forged its failure time with labels of its own: those samples are nobody else's, and it is left out;
 * - a group restored from the state of a gateway before 0.10, which knew no failure times, and not pushed since. It is
 *   older than every group that an empty family was pushed to. So whoever deletes the newest first, and stops as soon
 *   as the API answers, never comes to it.
 * A group over budget cannot be named.
 */
export function findApiBreakers({ success, failure }: PushTimes, naming: PathNaming): readonly Culprit[] {
  const strays = [...failure.keys()].filter((key) => !success.has(key) && !isShortened(key)).map(parseKey);
  return [...success]
    .filter(([key]) => !failure.has(key) && !isShortened(key))
    .map(([key, pushedAt]) => ({ labels: parseKey(key), pushedAt }))
    .filter(({ labels }) => !strays.some((stray) => isWithin(labels, stray)))
    .toSorted(
      (a, b) => (b.pushedAt ?? 0) - (a.pushedAt ?? 0) || compare(labelsKey(a.labels), labelsKey(b.labels)),
    )
    .map(({ labels, pushedAt }) => describe(labels, pushedAt, naming));
}

function describe(labels: Labels, pushedAt: number | null, naming: PathNaming): Culprit {
  const spellings = spellLabels(labels);
  const paths = spellings.map((spelling) => groupPath(spelling, naming)).filter((path) => path !== null);
  return {
    labels: spellings[0] ?? labels,
    paths,
    lastSuccessAt: pushedAt,
    lastFailureAt: null,
    series: null,
  };
}

/** The exposition's keys are those of {@link labelsKey}. */
function parseKey(key: string): Labels {
  return createLabels(JSON.parse(key) as [string, string][]);
}

function isWithin(labels: Labels, others: Labels): boolean {
  return [...labels].every(
    ([name, value]) => others.get(name) === value || (name === "instance" && value === ""),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
