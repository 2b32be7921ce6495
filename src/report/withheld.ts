import type { ReportEntry } from "../core/report.ts";
import { withholdReasons, type WithholdReason } from "../core/verdict.ts";
import { adviseOnWithheld } from "./advice.ts";

/** Groups that have expired and stay, because of one limit or doubt. */
export interface WithheldView {
  readonly reason: WithholdReason;
  readonly groups: number;
  readonly advice: string;
}

/** What is withheld, by reason. */
export function countWithheld(entries: readonly ReportEntry[]): readonly WithheldView[] {
  const counts = new Map<WithholdReason, number>();
  for (const { verdict } of entries) {
    if (verdict.verdict === "withhold") counts.set(verdict.reason, (counts.get(verdict.reason) ?? 0) + 1);
  }
  return withholdReasons.flatMap((reason) => {
    const groups = counts.get(reason);
    return groups === undefined ? [] : [{ reason, groups, advice: adviseOnWithheld(reason) }];
  });
}
