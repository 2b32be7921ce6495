import { timeOrNever } from "../core/group.ts";
import { formatShortLabels, type Labels } from "../core/labels.ts";
import type { ReportEntry } from "../core/report.ts";
import type { Outcome, Verdict } from "../core/verdict.ts";
import { showText } from "./text.ts";

/** One group, as every renderer shows it. All but `labels` is safe to print, but not to put into markup. */
export interface Row {
  /** As they are: see {@link showLabels}. null: a pushed metric hides them. */
  readonly labels: Labels | null;
  readonly verdict: Verdict["verdict"];
  readonly reason: Verdict["reason"];
  /** What became of it, or else what was decided. */
  readonly fate: string;
  readonly outcome: Outcome | null;
  readonly rule: string | null;
  readonly ageSeconds: number | null;
  readonly ttlSeconds: number | null;
  /** 0 to 1 and beyond: what part of the TTL is over. null: no TTL, or no age. */
  readonly ttlUsed: number | null;
  /** Unix seconds, as the others; null: never, or unknown. */
  readonly expiresAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  /** null: unknown. */
  readonly series: number | null;
}

export function viewRow({
  group,
  verdict,
  rule,
  ageSeconds,
  ttlSeconds,
  expiresAt,
  outcome,
}: ReportEntry): Row {
  const hidden = group.obstacle === "unreadable_labels";
  return {
    labels: hidden ? null : group.labels,
    verdict: verdict.verdict,
    reason: verdict.reason,
    fate: outcome === undefined ? verdict.verdict : outcome.replaceAll("_", " "),
    outcome: outcome ?? null,
    rule: rule === null ? null : showText(rule.name),
    ageSeconds,
    ttlSeconds,
    ttlUsed: ageSeconds === null || ttlSeconds === null ? null : Math.max(0, ageSeconds) / ttlSeconds,
    expiresAt,
    lastSuccessAt: timeOrNever(group.lastSuccessAt),
    lastFailureAt: timeOrNever(group.lastFailureAt),
    series: group.series,
  };
}

/** In place of labels that cannot be told. */
export const hiddenLabels = "(labels hidden by a pushed metric)";

/** Safe to print, and cut to what can be read. */
export function showLabels(labels: Row["labels"]): string {
  return labels === null ? hiddenLabels : formatShortLabels(labels);
}
