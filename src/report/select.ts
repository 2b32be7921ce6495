import type { Labels } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { isGone } from "../core/verdict.ts";
import type { ReportQuery, Sort } from "./query.ts";

/** A group of a report and its gateway. */
export interface LocatedGroup {
  readonly gateway: GatewayReport;
  readonly entry: ReportEntry;
}

/** The page of groups that a query asks for. */
export interface SelectedGroups {
  /** Of this page only; empty behind the last one. */
  readonly groups: readonly LocatedGroup[];
  /** Of all pages. */
  readonly matched: number;
  /** At least 1. */
  readonly pages: number;
}

/** @param matches whether a group's labels pass the query's matchers */
export function selectGroups(
  { gateways }: SweepReport,
  query: ReportQuery,
  matches: (labels: Labels) => boolean,
): SelectedGroups {
  const { verdict, rule, page, perPage } = query;
  const matching: LocatedGroup[] = [];
  for (const gateway of gateways) {
    if (query.gateway !== null && query.gateway !== gateway.name) continue;
    for (const entry of gateway.entries) {
      // The regular expressions come last: they take the longest.
      const isSelected =
        (verdict === null || entry.verdict.verdict === verdict) &&
        (rule === null || entry.rule?.name === rule) &&
        matches(entry.group.labels);
      if (isSelected) matching.push({ gateway, entry });
    }
  }
  const start = (page - 1) * perPage;
  return {
    groups: sliceSorted(matching, orders[query.sort], start, start + perPage),
    matched: matching.length,
    pages: Math.max(1, Math.ceil(matching.length / perPage)),
  };
}

type Order<T> = (a: T, b: T) => number;

const orders: Readonly<Record<Sort, Order<LocatedGroup>>> = {
  expiry: (a, b) => compare(expiryOf(a), expiryOf(b)) || compareKeys(a, b),
  age: (a, b) => compare(youthOf(a), youthOf(b)) || compareKeys(a, b),
  labels: compareKeys,
};

/** Groups that are gone or kept for ever do not expire: both come last. */
function expiryOf({ entry }: LocatedGroup): number {
  return isGone(entry.outcome) ? Number.POSITIVE_INFINITY : (entry.expiresAt ?? Number.MAX_VALUE);
}

/** The oldest first, unknown ages last. */
function youthOf({ entry }: LocatedGroup): number {
  return entry.ageSeconds === null ? Number.POSITIVE_INFINITY : -entry.ageSeconds;
}

function compareKeys(a: LocatedGroup, b: LocatedGroup): number {
  return compare(a.entry.group.key, b.entry.group.key);
}

/** Not by subtraction, which makes NaN of two infinities. */
function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Fewer items are sorted at once. */
const smallCount = 256;

/**
 * The items from `start` to `end` of the sorted list, without sorting the rest of it: sorting 100,000 groups by their labels would take
 * a quarter of a second. Quicksort that sorts only what is asked for.
 * @param depth after so many pivots the rest is sorted as it is, as they may all have been bad ones
 */
export function sliceSorted<T>(
  items: readonly T[],
  order: Order<T>,
  start: number,
  end: number,
  depth = 20,
): readonly T[] {
  if (start >= items.length || end <= 0) return [];
  const isWhole = start <= 0 && end >= items.length;
  const pivot = items[items.length >> 1];
  if (isWhole || items.length <= smallCount || depth === 0 || pivot === undefined)
    return items.toSorted(order).slice(Math.max(0, start), end);
  const [less, equal, more]: readonly [T[], T[], T[]] = [[], [], []];
  for (const item of items) {
    const side = order(item, pivot);
    (side < 0 ? less : side > 0 ? more : equal).push(item);
  }
  const [first, last] = [less.length, less.length + equal.length];
  return [
    ...sliceSorted(less, order, start, end, depth - 1),
    ...equal.slice(Math.max(0, start - first), Math.max(0, end - first)),
    ...sliceSorted(more, order, start - last, end - last, depth - 1),
  ];
}
