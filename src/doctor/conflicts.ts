import { failureTimeName, pushTimeNames, successTimeName } from "../core/group.ts";
import { groupBy } from "../core/group-by.ts";
import { isJsonObject } from "../core/json.ts";
import { createLabels, formatLabels, labelsKey } from "../core/labels.ts";
import { parseRawGroup } from "../gateway/api/api-reader.ts";
import { expositionKey } from "../gateway/exposition/push-times.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import type { ReadGroup } from "../gateway/snapshot.ts";
import { decodeLabels, type Complaint, type RawLabels } from "./complaints.ts";
import { culpritOf, findRemedy, rawCulprits, type Culprit, type Side } from "./culprit.ts";
import { certainCulprits, type Finding, type FindingReason } from "./diagnosis.ts";

/** One group that holds a family which a complaint names. */
interface Holder {
  readonly culprit: Culprit;
  readonly type: unknown;
  readonly help: unknown;
}

/** The groups that hold the families and series that the complaints name. */
interface Holders {
  visit(read: ReadGroup): void;
  ofFamily(family: string): readonly Holder[];
  /** A group is listed as often as it holds the series. */
  ofSeries(series: ComplainedSeries): readonly Holder[];
}

interface ComplainedSeries {
  readonly family: string;
  readonly labels: RawLabels;
}

/** Keeps only the families and series that the complaints name: its memory does not grow with the gateway. */
export function createHolders(complaints: readonly Complaint[], naming: PathNaming): Holders {
  const families = new Map<string, Holder[]>();
  const series = new Map<string, Map<string, Holder[]>>();
  for (const complaint of complaints) {
    if (complaint.kind === "unknown") continue;
    const bySeries = series.get(complaint.family) ?? new Map<string, Holder[]>();
    series.set(complaint.family, bySeries);
    if ("labels" in complaint) bySeries.set(seriesKey(complaint), []);
    // Every group has push times; for a duplicate or invalid series, other series of the family do not matter.
    if (complaint.kind === "duplicate" || complaint.kind === "invalid") continue;
    families.set(complaint.family, []);
    if (complaint.kind === "collision") families.set(complaint.other, []);
  }
  const names = new Set([...families.keys(), ...series.keys()]);

  return {
    visit(read) {
      const bytes = names.size === 0 ? null : read.raw();
      // Over its budget: its families are not known.
      if (bytes === null) return;
      const group = parseRawGroup(bytes);
      for (const name of names) {
        const family = Object.hasOwn(group, name) ? group[name] : undefined;
        if (!isJsonObject(family) || !Array.isArray(family["metrics"])) continue;
        const { type, help } = family;
        const holder = { culprit: culpritOf(read.group, naming), type, help };
        families.get(name)?.push(holder);
        const bySeries = series.get(name);
        if (bySeries === undefined) continue;
        for (const metric of family["metrics"]) bySeries.get(apiSeriesKey(metric))?.push(holder);
      }
    },
    ofFamily: (family) => families.get(family) ?? [],
    ofSeries: (one) => series.get(one.family)?.get(seriesKey(one)) ?? [],
  };
}

function apiSeriesKey(metric: unknown): string {
  const labels = isJsonObject(metric) && isJsonObject(metric["labels"]) ? metric["labels"] : {};
  return labelsKey(createLabels(Object.entries(labels) as [string, string][]));
}

/** Equal to that of the same series in the API. */
function seriesKey({ labels }: ComplainedSeries): string {
  return labelsKey(decodeLabels(labels));
}

/**
 * Finds the groups that the complaints are about, and the remedy of each. One group usually causes several complaints,
 * one per series: those become one finding.
 * @param holders empty if the API could not be read; the complaints alone name some culprits, too
 */
export function findConflicts(
  complaints: readonly Complaint[],
  holders: Holders,
  naming: PathNaming,
): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const complaint of complaints.toSorted(pushTimesFirst)) {
    const [reason, sides] = findSides(complaint, holders, naming);
    const family = complaint.kind === "unknown" ? null : complaint.family;
    const finding = { reason, family, evidence: complaint.text, sides, remedy: findRemedy(sides) };
    const key = identityOf(finding);
    if (!merged.has(key)) merged.set(key, finding);
  }
  return withoutExplained([...merged.values()]);
}

/** The labels of a push time are the grouping key: they never say less than those of other series. */
function pushTimesFirst(a: Complaint, b: Complaint): number {
  return Number(isPushTime(b)) - Number(isPushTime(a));
}

function isPushTime(complaint: Complaint): boolean {
  return complaint.kind !== "unknown" && complaint.family === successTimeName;
}

function identityOf({ reason, sides, evidence }: Finding): string {
  if (sides.length === 0) return evidence;
  const names = sides.map((side) => JSON.stringify(side.map((one) => [one.paths, nameOf(one)])));
  return JSON.stringify([reason, ...names.toSorted()]);
}

/** Drops findings without a remedy if another finding has a certain one for all of their groups. */
function withoutExplained(findings: readonly Finding[]): readonly Finding[] {
  const deleted = new Set(certainCulprits(findings).map(nameOf));
  return findings.filter(({ remedy, sides }) => {
    const culprits = sides.flat();
    return (
      remedy.kind !== "none" || culprits.length === 0 || !culprits.every((one) => deleted.has(nameOf(one)))
    );
  });
}

function nameOf({ labels }: Culprit): string {
  return formatLabels(labels);
}

function findSides(
  complaint: Complaint,
  holders: Holders,
  naming: PathNaming,
): readonly [FindingReason, readonly Side[]] {
  switch (complaint.kind) {
    case "duplicate": {
      const forgers = findForgers(complaint, holders);
      if (forgers.length > 0) return ["gateway_family", oneSide(forgers)];
      return ["duplicate_series", duplicateSides(complaint, holders, naming)];
    }
    case "invalid":
      return ["invalid_series", invalidSides(complaint, holders, naming)];
    case "wrong_type": {
      if (!pushTimeNames.has(complaint.family)) return ["type_conflict", typeSides(complaint, holders)];
      // The gateway makes these itself, of type GAUGE.
      const others = holders.ofFamily(complaint.family).filter(({ type }) => type !== "GAUGE");
      return ["gateway_family", oneSide(others)];
    }
    case "gateway_family": {
      // Each of them would be refused even if it were the only one.
      const { family, differs, expected } = complaint;
      return [
        "gateway_family",
        oneSide(holders.ofFamily(family).filter((one) => (one[differs] ?? "") !== expected)),
      ];
    }
    case "collision":
      return ["name_collision", collisionSides(complaint, holders)];
    case "unknown":
      return ["unexplained", []];
  }
}

function oneSide(holders: readonly Holder[]): readonly Side[] {
  return holders.length === 0 ? [] : [holders.map(({ culprit }) => culprit)];
}

/**
 * Groups that pushed a failure time with the labels of another group. That other group is refused because of it, never
 * pushes successfully, and would appear to be the one to delete; but it would come back and be refused again.
 */
function findForgers(series: ComplainedSeries, holders: Holders): readonly Holder[] {
  if (series.family !== failureTimeName) return [];
  const key = seriesKey(series);
  const all = [...new Set(holders.ofSeries(series))];
  return all.filter(({ culprit }) => culprit.paths.length > 0 && expositionKey(culprit.labels) !== key);
}

function duplicateSides(series: ComplainedSeries, holders: Holders, naming: PathNaming): readonly Side[] {
  const all = holders.ofSeries(series);
  const groups = [...new Set(all)];
  if (groups.length > 1) return groups.map(({ culprit }) => [culprit]);
  if (all.length > 0) return all.length > 1 ? oneSide(groups) : [];
  // Without the API: the labels of a push time are those of its group, with or without an empty instance.
  const spellings = series.family === successTimeName ? rawCulprits(series.labels, [], naming) : [];
  return spellings.length === 2 ? spellings.map((culprit) => [culprit]) : [];
}

/** A series that is wrong by itself: its group is deleted. */
function invalidSides(series: ComplainedSeries, holders: Holders, naming: PathNaming): readonly Side[] {
  const culprits = holders.ofSeries(series).map(({ culprit }) => culprit);
  if (series.family === successTimeName) {
    // Both spellings hold the same invalid value, so neither can be another, healthy group.
    const spelled = rawCulprits(series.labels, culprits, naming);
    return spelled.length === 0 ? [] : [spelled];
  }
  // Several: the API shows different bytes alike, and one of these groups may be healthy.
  return culprits.length === 1 ? [culprits] : [];
}

function typeSides(series: ComplainedSeries, holders: Holders): readonly Side[] {
  const byType = groupBy(holders.ofFamily(series.family), ({ type }) => type);
  if (byType.size > 1) return [...byType.values()].flatMap(oneSide);
  // All agree on the type: this series differs from its own family.
  const offenders = holders.ofSeries(series);
  return offenders.length === 1 ? oneSide(offenders) : [];
}

function collisionSides(
  { family, other }: { family: string; other: string },
  holders: Holders,
): readonly Side[] {
  const [some, others] = [holders.ofFamily(family), holders.ofFamily(other)];
  const names = new Set(others.map(({ culprit }) => nameOf(culprit)));
  const both = some.filter(({ culprit }) => names.has(nameOf(culprit)));
  // Only one side is pushed: the other name is the gateway's own.
  return both.length > 0 ? oneSide(both) : [...oneSide(some), ...oneSide(others)];
}
