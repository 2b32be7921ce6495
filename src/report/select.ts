import type { Labels } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import type { ReportQuery, Sort } from "./query.ts";
import { sliceSorted } from "./slice-sorted.ts";

/** A group and where it is. */
export interface Selected {
  readonly gateway: GatewayReport;
  readonly entry: ReportEntry;
}

export interface Selection {
  /** Of this page only; empty behind the last one. */
  readonly groups: readonly Selected[];
  /** Of all pages. */
  readonly matched: number;
  /** At least 1. */
  readonly pages: number;
}

/**
 * The page of groups that a query asks for.
 * @param matches whether a group's labels pass the query's matchers
 */
export function selectGroups(
  report: SweepReport,
  query: ReportQuery,
  matches: (labels: Labels) => boolean,
): Selection {
  const matching = report.gateways.flatMap((gateway) =>
    query.gateway === null || query.gateway === gateway.name
      ? selectEntries(gateway.entries, query, matches).map((entry) => ({ gateway, entry }))
      : [],
  );
  const start = (query.page - 1) * query.perPage;
  return {
    groups: sliceSorted(matching, orders[query.sort], start, start + query.perPage),
    matched: matching.length,
    pages: Math.max(1, Math.ceil(matching.length / query.perPage)),
  };
}

function selectEntries(
  entries: readonly ReportEntry[],
  { verdict, rule }: ReportQuery,
  matches: (labels: Labels) => boolean,
): readonly ReportEntry[] {
  // The cheap ones first.
  return entries.filter(
    (entry) =>
      (verdict === null || entry.verdict.verdict === verdict) &&
      (rule === null || entry.rule?.name === rule) &&
      matches(entry.group.labels),
  );
}

type Order = (a: Selected, b: Selected) => number;

const orders: Readonly<Record<Sort, Order>> = {
  expiry: (a, b) => compareNumbers(expiryOf(a), expiryOf(b)) || compareKeys(a, b),
  age: (a, b) => compareNumbers(youthOf(a), youthOf(b)) || compareKeys(a, b),
  labels: compareKeys,
};

/** What is gone does not expire any more, nor does what is kept for ever: both last. */
function expiryOf({ entry }: Selected): number {
  return entry.outcome === "gone" || entry.outcome === "gone_already"
    ? Number.POSITIVE_INFINITY
    : (entry.expiresAt ?? Number.MAX_VALUE);
}

/** The oldest first, unknown ages last. */
function youthOf({ entry }: Selected): number {
  return entry.ageSeconds === null ? Number.POSITIVE_INFINITY : -entry.ageSeconds;
}

/** Without the subtraction, which makes nothing of two infinities. */
function compareNumbers(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareKeys(a: Selected, b: Selected): number {
  const [first, second] = [a.entry.group.key, b.entry.group.key];
  if (first < second) return -1;
  return first === second ? 0 : 1;
}
