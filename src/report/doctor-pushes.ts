import { pushStateOf, type Diagnosis } from "../core/diagnosis.ts";
import type { Cleaning, PushProbe } from "../core/doctor-report.ts";
import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { estimatePushCost, scalePushCost } from "../core/push-cost.ts";
import { describePushes, formatCost, formatSeconds } from "./doctor-words.ts";

/** How many groups are listed; JSON has them all. */
const shown = 10;

/** Whether pushes work. */
export function describePushing(diagnosis: Diagnosis, probe: PushProbe | null): readonly string[] {
  const lines = [describePushes(pushStateOf(diagnosis))];
  if (probe !== null)
    lines.push(`a probe was ${probe.accepted ? "accepted" : `not accepted: ${probe.message ?? ""}`}`);
  const { groups, look } = diagnosis;
  if (look === null || groups.length === 0) return lines;
  const failing = groups.filter(
    ({ lastSuccessAt, lastFailureAt }) => (lastFailureAt ?? 0) > (lastSuccessAt ?? 0),
  );
  const newest = newestOf(groups);
  if (newest > 0 && look.takenAt !== null)
    lines.push(
      `the last one accepted came ${formatAge(Math.max(0, look.takenAt - newest))} before this read`,
    );
  if (failing.length > 0) {
    lines.push(`${failing.length} of ${groups.length} groups had their last push refused:`);
    lines.push(...limited(failing.map(({ labels }) => `  ${formatShortLabels(labels)}`)));
  }
  return lines;
}

function newestOf(groups: Diagnosis["groups"]): number {
  let newest = 0;
  for (const { lastSuccessAt } of groups) newest = Math.max(newest, lastSuccessAt ?? 0);
  return newest;
}

/** What a push costs now, and without what has expired. */
export function describeCost(
  { look, status }: Diagnosis,
  probe: PushProbe | null,
  cleaning: Cleaning | null,
): readonly string[] {
  if (look === null) return [];
  if (status?.checksConsistency === false) return ["nothing: this gateway does not check pushes"];
  const measured = probe?.accepted === true ? probe.durationSeconds : null;
  const lines = [
    measured === null
      ? `now, with ${countGroups(look.groups)}: ${formatCost(estimatePushCost(look.groups))} (estimated from their number; --probe measures it)`
      : `now, with ${countGroups(look.groups)}: ${formatSeconds(measured)} (measured)`,
  ];
  if (cleaning === null) return lines;
  const { expired } = cleaning;
  const rest = look.groups - expired;
  const after =
    measured === null
      ? formatCost(estimatePushCost(rest))
      : formatSeconds(scalePushCost(measured, look.groups, rest));
  if (expired > 0)
    lines.push(`after cleaning ${countGroups(expired)} that expired, with ${rest}: ${after} (estimated)`);
  else lines.push("nothing has expired, so cleaning does not make it cheaper");
  return lines;
}

export function countGroups(count: number): string {
  return `${count} ${count === 1 ? "group" : "groups"}`;
}

function limited(lines: readonly string[]): readonly string[] {
  return lines.length <= shown ? lines : [...lines.slice(0, shown), `  … and ${lines.length - shown} more`];
}
