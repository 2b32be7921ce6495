import type { ReportEntry } from "./report.ts";
import {
  deleteReasons,
  isDeleted,
  keepReasons,
  outcomes,
  withholdReasons,
  type Outcome,
  type Verdict,
} from "./verdict.ts";

/** Counts of groups. These words have the same meaning in every report, metric and log line. */
export interface Totals {
  readonly groups: number;
  readonly verdicts: Readonly<Record<Verdict["verdict"], number>>;
  readonly reasons: Readonly<Record<Verdict["reason"], number>>;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Older than their TTL, whatever was done about it. Not if the age is in doubt (`push_may_be_lost`, a future time), nor if kept as the latest. */
  readonly expired: number;
  /** See {@link isDeleted}. */
  readonly deleted: number;
  /** Of the deleted groups, as far as the source shows them. */
  readonly deletedSeries: number;
  /** When the next kept group expires, Unix seconds; null: none does. */
  readonly nextExpiryAt: number | null;
}

export interface RuleTotals extends Totals {
  /** null: groups that no rule decides about. */
  readonly rule: string | null;
}

/** Counts groups. Pure. */
export function countGroups(entries: Iterable<ReportEntry>): Totals {
  const totals = createTotals();
  for (const entry of entries) count(totals, entry);
  return totals;
}

/**
 * Counts groups by their rule.
 * @param rules the names of all, in order: one that matches nothing counts 0. Groups without a rule come last.
 */
export function countByRule(entries: Iterable<ReportEntry>, rules: readonly string[]): readonly RuleTotals[] {
  const byRule = new Map<string | null, Counting>(rules.map((rule) => [rule, createTotals()]));
  const others = createTotals();
  for (const entry of entries) {
    const rule = entry.rule?.name;
    let totals = rule === undefined ? others : byRule.get(rule);
    // A former rule: what a service knows of a gateway may be older than its configuration.
    if (totals === undefined) byRule.set(rule ?? null, (totals = createTotals()));
    count(totals, entry);
  }
  if (others.groups > 0) byRule.set(null, others);
  return [...byRule].map(([rule, totals]) => Object.assign(totals, { rule }));
}

type Counting = {
  -readonly [Key in keyof Totals]: Totals[Key] extends Readonly<Record<infer Name extends string, number>>
    ? Record<Name, number>
    : Totals[Key];
};

function createTotals(): Counting {
  return {
    groups: 0,
    verdicts: { delete: 0, withhold: 0, keep: 0 },
    reasons: zeroes([...deleteReasons, ...withholdReasons, ...keepReasons]),
    outcomes: zeroes(outcomes),
    expired: 0,
    deleted: 0,
    deletedSeries: 0,
    nextExpiryAt: null,
  };
}

function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

function count(totals: Counting, { group, verdict, outcome, expiresAt }: ReportEntry): void {
  totals.groups += 1;
  totals.verdicts[verdict.verdict] += 1;
  totals.reasons[verdict.reason] += 1;
  if (isExpired(verdict)) totals.expired += 1;
  else if (expiresAt !== null) totals.nextExpiryAt = Math.min(expiresAt, totals.nextExpiryAt ?? expiresAt);
  if (outcome === undefined) return;
  totals.outcomes[outcome] += 1;
  if (!isDeleted(outcome)) return;
  totals.deleted += 1;
  totals.deletedSeries += group.series ?? 0;
}

function isExpired({ verdict, reason }: Verdict): boolean {
  return verdict !== "keep" || reason === "rule_reports" || reason === "unaddressable";
}
