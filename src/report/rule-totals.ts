import type { GatewayReport, ReportEntry } from "../core/report.ts";
import { showText } from "./text.ts";

/** What one rule decided. */
export interface RuleTotals {
  /** The rule's name as it is; null: groups that no rule matches, or whose labels are hidden. */
  readonly key: string | null;
  /** The name, safe to print. */
  readonly name: string | null;
  readonly groups: number;
  readonly kept: number;
  readonly expired: number;
  /** Of the expired ones, those that a limit or a doubt keeps. */
  readonly withheld: number;
  /** Of the expired ones, those that are gone. */
  readonly deleted: number;
  /** When the next of those that are kept expires, Unix seconds; null: none does. */
  readonly nextExpiryAt: number | null;
}

type Counting = { -readonly [Key in keyof RuleTotals]: RuleTotals[Key] };

/** Totals per rule over all gateways, the rule with the most groups first, what no rule matches last. */
export function countRules(gateways: readonly GatewayReport[]): readonly RuleTotals[] {
  const byRule = new Map<string | null, Counting>();
  for (const { entries } of gateways) for (const entry of entries) count(byRule, entry);
  return [...byRule.values()].toSorted(
    (a, b) =>
      Number(a.name === null) - Number(b.name === null) ||
      b.groups - a.groups ||
      ((a.name ?? "") < (b.name ?? "") ? -1 : 1),
  );
}

function count(
  byRule: Map<string | null, Counting>,
  { rule, verdict, expiresAt, outcome }: ReportEntry,
): void {
  const key = rule?.name ?? null;
  let totals = byRule.get(key);
  if (totals === undefined) {
    const name = key === null ? null : showText(key);
    totals = { key, name, groups: 0, kept: 0, expired: 0, withheld: 0, deleted: 0, nextExpiryAt: null };
    byRule.set(key, totals);
  }
  totals.groups += 1;
  if (verdict.verdict === "keep") totals.kept += 1;
  else totals.expired += 1;
  if (verdict.verdict === "withhold") totals.withheld += 1;
  if (outcome === "gone") totals.deleted += 1;
  if (verdict.reason === "within_ttl" && expiresAt !== null) {
    totals.nextExpiryAt = Math.min(totals.nextExpiryAt ?? Number.POSITIVE_INFINITY, expiresAt);
  }
}
