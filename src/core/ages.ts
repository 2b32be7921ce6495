import { parseDuration } from "./duration.ts";
import { groupBy } from "./group-by.ts";
import type { ReportEntry } from "./report.ts";

/** Ages that are counted together end with one of these. */
export const ageBounds = ["1m", "1h", "1d", "7d", "30d", "1y"] as const;

/** How old groups are, to choose a TTL by. */
export interface Ages {
  readonly groups: number;
  /** Groups of unknown age: their push times cannot be read. */
  readonly unknown: number;
  /** null: no age is known. */
  readonly youngestSeconds: number | null;
  readonly medianSeconds: number | null;
  readonly oldestSeconds: number | null;
  /** Groups up to the first of {@link ageBounds}, then those above it up to the second, and so on; the last count is all that are older. */
  readonly histogram: readonly number[];
}

export interface JobAges extends Ages {
  /** null: the labels cannot be read. */
  readonly job: string | null;
}

/** The ages of each job, the one with the most groups first. */
export function countAgesByJob(entries: readonly ReportEntry[]): readonly JobAges[] {
  return [...groupBy(entries, ({ group }) => group.labels.get("job") ?? null)]
    .map(([job, own]): JobAges => Object.assign(countAges(own), { job }))
    .toSorted((a, b) => b.groups - a.groups);
}

export function countAges(entries: readonly ReportEntry[]): Ages {
  const ages = entries.flatMap(({ ageSeconds }) => ageSeconds ?? []).toSorted((a, b) => a - b);
  const upTo = [...ageBounds.map(parseDuration), Infinity].map(
    (bound) => ages.filter((age) => age <= bound).length,
  );
  return {
    groups: entries.length,
    unknown: entries.length - ages.length,
    youngestSeconds: ages[0] ?? null,
    medianSeconds: ages[Math.floor((ages.length - 1) / 2)] ?? null,
    oldestSeconds: ages.at(-1) ?? null,
    histogram: upTo.map((count, index) => count - (upTo[index - 1] ?? 0)),
  };
}
