import { failureTimeName, pushTimeNames, successTimeName } from "../core/group.ts";
import { groupBy } from "../core/group-by.ts";
import { isJsonObject } from "../core/json.ts";
import { createLabels, formatLabels } from "../core/labels.ts";
import { parseRawGroup } from "../gateway/api/api-reader.ts";
import { expositionKey } from "../gateway/exposition/push-times.ts";
import { labelText } from "../gateway/exposition/read-samples.ts";
import { groupPath, type PathNaming } from "../gateway/group-path.ts";
import type { ReadGroup } from "../gateway/snapshot.ts";
import { decodeLabels, type Complaint, type RawLabels } from "./complaints.ts";
import { culpritOf, findDeletions, rawCulprit, spellLabels, type Culprit, type Side } from "./culprit.ts";
import { certainCulprits, type Finding, type FindingReason } from "./diagnosis.ts";

/** One group that holds a family which a complaint names. */
interface Holder {
  readonly culprit: Culprit;
  readonly type: unknown;
  readonly help: unknown;
  /** The series that complaints name, as often as it holds them. */
  readonly series: readonly string[];
}

/** The groups that hold the families and series that the complaints name. */
interface Holders {
  visit(read: ReadGroup): void;
  of(family: string): readonly Holder[];
}

/** Keeps only the families and series that the complaints name: its memory does not grow with the gateway. */
export function createHolders(complaints: readonly Complaint[], naming: PathNaming): Holders {
  const families = new Map<string, { series: Set<string>; holders: Holder[]; isWhole: boolean }>();
  const add = (family: string): { series: Set<string>; isWhole: boolean } => {
    const added = families.get(family) ?? { series: new Set(), holders: [], isWhole: false };
    families.set(family, added);
    return added;
  };
  for (const complaint of complaints) {
    if (complaint.kind === "unknown") continue;
    const family = add(complaint.family);
    if ("labels" in complaint) family.series.add(seriesKey(complaint.labels));
    // Every group has push times; for a duplicate or invalid series, other series of the family do not matter.
    if (complaint.kind !== "duplicate" && complaint.kind !== "invalid") family.isWhole = true;
    if (complaint.kind === "collision") add(complaint.other).isWhole = true;
  }

  return {
    visit(read) {
      const bytes = families.size === 0 ? null : read.raw();
      // Over its budget: its families are not known.
      if (bytes === null) return;
      const group = parseRawGroup(bytes);
      for (const [name, { series, holders, isWhole }] of families) {
        const family = Object.hasOwn(group, name) ? group[name] : undefined;
        if (!isJsonObject(family) || !Array.isArray(family["metrics"])) continue;
        const { type, help } = family;
        const named = family["metrics"].map(apiSeriesKey).filter((key) => series.has(key));
        if (!isWhole && named.length === 0) continue;
        holders.push({ culprit: culpritOf(read.group, naming), type, help, series: named });
      }
    },
    of: (family) => families.get(family)?.holders ?? [],
  };
}

function apiSeriesKey(metric: unknown): string {
  const labels = isJsonObject(metric) && isJsonObject(metric["labels"]) ? metric["labels"] : {};
  return labelText(createLabels(Object.entries(labels) as [string, string][]));
}

/** Equal to that of the same series in the API. */
function seriesKey(labels: RawLabels): string {
  return labelText(decodeLabels(labels));
}

/**
 * Finds the groups that the complaints are about, and the deletions that end each. One group usually causes several complaints, one per
 * series: those become one finding.
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
    const deletions = findDeletions(sides);
    const why =
      sides.length === 0
        ? "no group could be named"
        : "the gateway cannot be asked to delete these groups: no path names them";
    const finding = { reason, family, evidence: complaint.text, sides, deletions, why };
    const names = sides.map((side) => JSON.stringify(side.map((one) => [one.paths, nameOf(one)]))).toSorted();
    const key = sides.length === 0 ? complaint.text : JSON.stringify([reason, ...names]);
    if (!merged.has(key)) merged.set(key, finding);
  }
  // A group that is to be deleted anyway explains the complaints about it that no deletion ends.
  const findings = [...merged.values()];
  const deleted = new Set(certainCulprits(findings).map(nameOf));
  return findings.filter(
    ({ sides, deletions }) =>
      sides.length === 0 || deletions.length > 0 || !sides.flat().every((one) => deleted.has(nameOf(one))),
  );
}

/** The labels of a push time are the grouping key: they never say less than those of other series. */
function pushTimesFirst(a: Complaint, b: Complaint): number {
  return Number(isPushTime(b)) - Number(isPushTime(a));
}

function isPushTime(complaint: Complaint): boolean {
  return complaint.kind !== "unknown" && complaint.family === successTimeName;
}

function nameOf({ labels }: Culprit): string {
  return formatLabels(labels);
}

function findSides(
  complaint: Complaint,
  holders: Holders,
  naming: PathNaming,
): readonly [FindingReason, readonly Side[]] {
  if (complaint.kind === "unknown") return ["unexplained", []];
  const { kind, family } = complaint;
  const all = holders.of(family);
  const key = "labels" in complaint ? seriesKey(complaint.labels) : "";
  const holding = all.filter(({ series }) => series.includes(key));
  switch (kind) {
    case "duplicate": {
      const forgers = family === failureTimeName ? holding.filter((one) => isForger(one, key)) : [];
      if (forgers.length > 0) return ["gateway_family", oneSide(forgers)];
      // Without the API: the labels of a push time are those of its group, with or without an empty instance.
      if (holding.length === 0 && family === successTimeName)
        return ["duplicate_series", spellingSides(complaint.labels, naming)];
      const isTwice = holding[0]?.series.filter((one) => one === key).length !== 1;
      return [
        "duplicate_series",
        holding.length > 1 || isTwice ? holding.flatMap((one) => oneSide([one])) : [],
      ];
    }
    case "invalid": {
      const known = holding.map(({ culprit }) => culprit);
      if (family === successTimeName)
        return ["invalid_series", [[rawCulprit(complaint.labels, known, naming)]]];
      // Several: the API shows different bytes alike, and one of these groups may be healthy.
      return ["invalid_series", known.length === 1 ? [known] : []];
    }
    case "wrong_type": {
      // The gateway makes these itself, of type GAUGE.
      if (pushTimeNames.has(family))
        return ["gateway_family", oneSide(all.filter(({ type }) => type !== "GAUGE"))];
      const byType = groupBy(all, ({ type }) => type);
      if (byType.size > 1) return ["type_conflict", [...byType.values()].flatMap(oneSide)];
      // All agree on the type: this series differs from its own family.
      return ["type_conflict", holding.length === 1 ? oneSide(holding) : []];
    }
    case "gateway_family": {
      // Each of them would be refused even if it were the only one.
      const { differs, expected } = complaint;
      return ["gateway_family", oneSide(all.filter((one) => (one[differs] ?? "") !== expected))];
    }
    case "collision": {
      const others = holders.of(complaint.other);
      const names = new Set(others.map(({ culprit }) => nameOf(culprit)));
      const both = all.filter(({ culprit }) => names.has(nameOf(culprit)));
      // Only one side is pushed: the other name is the gateway's own.
      return ["name_collision", both.length > 0 ? oneSide(both) : [...oneSide(all), ...oneSide(others)]];
    }
  }
}

function oneSide(holders: readonly Holder[]): readonly Side[] {
  return holders.length === 0 ? [] : [holders.map(({ culprit }) => culprit)];
}

/**
 * Whether a group pushed a failure time with the labels of another group. That other group is refused because of it, never pushes
 * successfully, and would appear to be the one to delete; but it would come back and be refused again.
 */
function isForger({ culprit }: Holder, key: string): boolean {
  return culprit.paths.length > 0 && expositionKey(culprit.labels) !== key;
}

function spellingSides(raw: RawLabels, naming: PathNaming): readonly Side[] {
  const spellings = spellLabels(decodeLabels(raw));
  if (spellings.length === 1) return [];
  return spellings.map((labels) => {
    const path = groupPath(labels, naming);
    const paths = path === null ? [] : [path];
    return [
      { labels, paths, isNamed: path !== null, lastSuccessAt: null, lastFailureAt: null, series: null },
    ];
  });
}
