import type { Labels } from "../core/labels.ts";
import type { Matcher } from "../core/matcher.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { matchesAll } from "../core/rule.ts";
import { countByRule, type RuleTotals } from "../core/totals.ts";
import { isGone, type VerdictName } from "../core/verdict.ts";
import type { ReportQuery, Sort } from "./query.ts";

/** A group of a report and its gateway. */
export interface LocatedGroup {
  readonly gateway: GatewayReport;
  readonly entry: ReportEntry;
}

/** The page of groups that a query asks for. */
export interface GroupPage {
  /** Of this page only; empty behind the last one. */
  readonly groups: readonly LocatedGroup[];
  /** Of all pages. */
  readonly matched: number;
  /** At least 1. */
  readonly pages: number;
}

export interface SelectedGroups extends GroupPage {
  /** Totals of all groups on the gateways asked for that pass the matchers and expire in time, whatever their rule, verdict and reason. None: no gateway is known. */
  readonly rules: readonly RuleTotals[];
}

/** @param matches whether a group's labels pass the query's matchers */
export function selectGroups(
  report: SweepReport,
  query: ReportQuery,
  matches: (labels: Labels) => boolean,
): SelectedGroups {
  const asked = new Set(askedGateways(report.gateways, query));
  const isRead = [...asked].some(({ snapshot }) => snapshot !== null);
  const matching = sortGroups(report, query.sort).filter(
    ({ gateway, entry }) => asked.has(gateway) && expiresWithin(entry, query) && matches(entry.group.labels),
  );
  const selected = matching.filter(({ entry }) => isSelected(entry, query));
  return {
    ...pageOf(selected, query),
    rules: isRead
      ? countByRule(
          matching.map(({ entry }) => entry),
          report.rules,
        )
      : [],
  };
}

/** The order of the last query of each report: sorting 100,000 groups takes longer than all else that a page does. */
const sorted = new WeakMap<SweepReport, { readonly sort: Sort; readonly groups: readonly LocatedGroup[] }>();

function sortGroups(report: SweepReport, sort: Sort): readonly LocatedGroup[] {
  const known = sorted.get(report);
  if (known?.sort === sort) return known.groups;
  const groups = selectFromAll(report, { sort });
  sorted.set(report, { sort, groups });
  return groups;
}

function expiresWithin({ expiresAt }: ReportEntry, { expiresFrom, expiresUntil }: ReportQuery): boolean {
  if (expiresFrom === null && expiresUntil === null) return true;
  return (
    expiresAt !== null &&
    expiresAt >= (expiresFrom ?? expiresAt) &&
    (expiresUntil === null || expiresAt < expiresUntil)
  );
}

/** The page that a query asks for of groups that are filtered and in order. */
export function pageOf(
  groups: readonly LocatedGroup[],
  { page, perPage }: Pick<ReportQuery, "page" | "perPage">,
): GroupPage {
  const start = (page - 1) * perPage;
  return {
    groups: groups.slice(start, start + perPage),
    matched: groups.length,
    pages: Math.max(1, Math.ceil(groups.length / perPage)),
  };
}

/** The gateways that a query asks for: all of them, or the one that it names. */
export function askedGateways(
  gateways: readonly GatewayReport[],
  { gateway }: Pick<ReportQuery, "gateway">,
): readonly GatewayReport[] {
  return gateways.filter(({ name }) => gateway === null || gateway === name);
}

/** The groups of each gateway that are printed, and their order. The totals of a report are always those of all groups. */
export interface PrintSelection {
  readonly match?: readonly Matcher[] | undefined;
  readonly verdict?: VerdictName | undefined;
  readonly rule?: string | undefined;
  /** Left out: the order of the plan. */
  readonly sort?: Sort | undefined;
  /** At least 1, of each gateway. */
  readonly limit?: number | undefined;
}

export function selectEntries(
  entries: readonly ReportEntry[],
  { match = [], verdict, rule, sort, limit }: PrintSelection,
): readonly ReportEntry[] {
  const isFiltered = match.length > 0 || verdict !== undefined || rule !== undefined;
  const wanted = { verdict: verdict ?? null, reason: null, rule: rule ?? null };
  // The regular expressions come last: they take the longest.
  const matching = isFiltered
    ? entries.filter((entry) => isSelected(entry, wanted) && matchesAll(match, entry.group.labels))
    : entries;
  const sorted = sort === undefined ? matching : matching.toSorted(orders[sort]);
  return limit === undefined ? sorted : sorted.slice(0, limit);
}

/** As {@link selectEntries}, of all gateways together, by expiry if nothing else is asked for. */
export function selectFromAll({ gateways }: SweepReport, selection: PrintSelection): readonly LocatedGroup[] {
  const { sort = "expiry" } = selection;
  const groups = gateways.flatMap((gateway) =>
    selectEntries(gateway.entries, { ...selection, sort }).map((entry) => ({ gateway, entry })),
  );
  return groups.toSorted((a, b) => orders[sort](a.entry, b.entry));
}

function isSelected(
  { verdict, rule }: ReportEntry,
  wanted: Pick<ReportQuery, "verdict" | "reason" | "rule">,
): boolean {
  return (
    (wanted.verdict === null || verdict.verdict === wanted.verdict) &&
    (wanted.reason === null || verdict.reason === wanted.reason) &&
    (wanted.rule === null || rule?.name === wanted.rule)
  );
}

type Order<T> = (a: T, b: T) => number;

const orders: Readonly<Record<Sort, Order<ReportEntry>>> = {
  expiry: (a, b) => compare(expiryOf(a), expiryOf(b)) || compareKeys(a, b),
  age: (a, b) => compare(youthOf(a), youthOf(b)) || compareKeys(a, b),
  labels: compareKeys,
};

/** Groups that are gone or kept for ever do not expire: both come last. */
function expiryOf({ outcome, expiresAt }: ReportEntry): number {
  return isGone(outcome) ? Number.POSITIVE_INFINITY : (expiresAt ?? Number.MAX_VALUE);
}

/** The oldest first, unknown ages last. */
function youthOf({ ageSeconds }: ReportEntry): number {
  return ageSeconds === null ? Number.POSITIVE_INFINITY : -ageSeconds;
}

function compareKeys(a: ReportEntry, b: ReportEntry): number {
  return compare(a.group.key, b.group.key);
}

/** Not by subtraction, which makes NaN of two infinities. */
function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
