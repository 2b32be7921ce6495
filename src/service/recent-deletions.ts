import type { Labels } from "../core/labels.ts";
import type { SweepReport } from "../core/report.ts";

/** A group that a sweep deleted. */
export interface DeletedGroup {
  /** When the sweep ended, Unix seconds of the local clock. */
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
  readonly rule: string;
}

/** How many are remembered: a page full. */
const remembered = 100;

/** The latest deletions first: those of this report before the earlier ones, cut to what is remembered. */
export function rememberDeletions(
  report: SweepReport,
  earlier: readonly DeletedGroup[],
): readonly DeletedGroup[] {
  const latest = report.gateways.flatMap(({ name, entries }) =>
    entries
      .filter(({ outcome }) => outcome === "gone")
      .map(({ group, rule }) => ({
        at: report.finishedAt,
        gateway: name,
        labels: group.labels,
        rule: rule?.name ?? "",
      })),
  );
  return [...latest, ...earlier].slice(0, remembered);
}
