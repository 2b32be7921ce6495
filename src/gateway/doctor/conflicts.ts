import type { Finding, FindingReason } from "../../core/diagnosis.ts";
import { failureTimeName, pushTimeNames, successTimeName } from "../../core/family.ts";
import { formatLabels } from "../../core/labels.ts";
import { findRemedy, type Culprit, type Side } from "../../core/remedy.ts";
import { expositionKey } from "../exposition/push-times.ts";
import type { PathNaming } from "../group-path.ts";
import type { Complaint, RawLabels } from "./complaint.ts";
import { rawCulprits } from "./culprit.ts";
import { seriesKey, type Holder, type Holders } from "./holders.ts";

type SeriesComplaint = { readonly family: string; readonly labels: RawLabels };

/**
 * Finds who the complaints are about, and what ends each of them. One group usually causes several, one per series:
 * those become one finding.
 * @param holders empty if the API could not be read; the complaints alone name some offenders, too
 * @param released see {@link findRemedy}
 */
export function findConflicts(
  complaints: readonly Complaint[],
  holders: Holders,
  naming: PathNaming,
  released: ReadonlySet<string>,
): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const complaint of complaints.toSorted(pushTimesFirst)) {
    const [reason, sides] = accuse(complaint, holders, naming);
    const family = complaint.kind === "unknown" ? null : complaint.family;
    const finding = { reason, family, evidence: complaint.text, sides, remedy: findRemedy(sides, released) };
    const key = identityOf(finding);
    if (!merged.has(key)) merged.set(key, finding);
  }
  return withoutExplained([...merged.values()]);
}

/** Their labels are the grouping key: what they tell is never less than what other series do. */
function pushTimesFirst(a: Complaint, b: Complaint): number {
  return Number(isPushTime(b)) - Number(isPushTime(a));
}

function isPushTime(complaint: Complaint): boolean {
  return complaint.kind !== "unknown" && complaint.family === successTimeName;
}

function identityOf({ reason, sides, evidence }: Finding): string {
  if (sides.length === 0) return evidence;
  const names = sides.map((side) => side.map(({ paths, labels }) => [paths, formatLabels(labels)]));
  return JSON.stringify([reason, ...names.map((side) => JSON.stringify(side)).toSorted()]);
}

/** Drops what leads nowhere but is about groups that another finding has a certain end for. */
function withoutExplained(findings: readonly Finding[]): readonly Finding[] {
  const going = new Set(
    findings.flatMap(({ remedy }) => (remedy.kind === "certain" ? remedy.groups : [])).map(nameOf),
  );
  return findings.filter(({ remedy, sides }) => {
    const culprits = sides.flat();
    return (
      remedy.kind !== "none" || culprits.length === 0 || !culprits.every((one) => going.has(nameOf(one)))
    );
  });
}

function nameOf({ labels }: Culprit): string {
  return formatLabels(labels);
}

function accuse(
  complaint: Complaint,
  holders: Holders,
  naming: PathNaming,
): readonly [FindingReason, readonly Side[]] {
  switch (complaint.kind) {
    case "duplicate": {
      const forgers = findForgers(complaint, holders);
      if (forgers.length > 0) return ["gateway_family", sideOf(forgers)];
      return ["duplicate_series", duplicateSides(complaint, holders, naming)];
    }
    case "invalid":
      return ["invalid_series", invalidSides(complaint, holders, naming)];
    case "wrong_type": {
      if (!pushTimeNames.has(complaint.family)) return ["type_conflict", typeSides(complaint, holders)];
      return [
        "gateway_family",
        sideOf(holders.ofFamily(complaint.family).filter(({ type }) => type !== "GAUGE")),
      ];
    }
    case "gateway_family": {
      const all = holders.ofFamily(complaint.family);
      // Each of them would be refused if it stood alone.
      return ["gateway_family", sideOf(all.filter((one) => one[complaint.differs] !== complaint.expected))];
    }
    case "collision":
      return ["name_collision", collisionSides(complaint, holders)];
    case "unknown":
      return ["unexplained", []];
  }
}

/** The gateway makes these itself, of type GAUGE and with the labels of their group. */

/**
 * Groups that pushed a failure time with the labels of another group. That other group is refused because of it, never
 * pushes successfully, and would look like the one to delete; but it would be back, as refused as before.
 */
function findForgers({ family, labels }: SeriesComplaint, holders: Holders): readonly Holder[] {
  if (family !== failureTimeName) return [];
  const key = seriesKey(labels);
  const all = [...new Set(holders.ofSeries(family, labels))];
  return all.filter(({ culprit }) => culprit.paths.length > 0 && expositionKey(culprit.labels) !== key);
}

function duplicateSides(
  { family, labels }: SeriesComplaint,
  holders: Holders,
  naming: PathNaming,
): readonly Side[] {
  const all = holders.ofSeries(family, labels);
  const groups = [...new Set(all)];
  if (groups.length > 1) return groups.map(({ culprit }) => [culprit]);
  if (all.length > 1) return sideOf(groups);
  // Without the API: the labels of a push time are those of its group, in one spelling or the other.
  const spellings = all.length === 0 && family === successTimeName ? rawCulprits(labels, [], naming) : [];
  return spellings.length === 2 ? spellings.map((culprit) => [culprit]) : [];
}

/** A series that is wrong by itself: its group goes. */
function invalidSides(
  { family, labels }: SeriesComplaint,
  holders: Holders,
  naming: PathNaming,
): readonly Side[] {
  const culprits = holders.ofSeries(family, labels).map(({ culprit }) => culprit);
  if (family === successTimeName) {
    // Both spellings hold the same invalid value, so neither can be another, healthy group.
    const spelled = rawCulprits(labels, culprits, naming);
    return spelled.length === 0 ? [] : [spelled];
  }
  // Several: the API shows different bytes alike, and one of these groups may be healthy.
  return culprits.length === 1 ? [culprits] : [];
}

function typeSides({ family, labels }: SeriesComplaint, holders: Holders): readonly Side[] {
  const sides = new Map<string, Culprit[]>();
  for (const { culprit, type } of holders.ofFamily(family)) {
    const side = sides.get(type) ?? [];
    sides.set(type, side);
    side.push(culprit);
  }
  if (sides.size > 1) return [...sides.values()];
  // All agree on the type: the series itself is not what its family says.
  const liars = holders.ofSeries(family, labels);
  return liars.length === 1 ? sideOf(liars) : [];
}

function collisionSides(
  { family, other }: { family: string; other: string },
  holders: Holders,
): readonly Side[] {
  const [some, others] = [holders.ofFamily(family), holders.ofFamily(other)];
  const names = new Set(others.map(({ culprit }) => nameOf(culprit)));
  const both = some.filter(({ culprit }) => names.has(nameOf(culprit)));
  // Only one side is pushed: the other name is the gateway's own.
  return both.length > 0 ? sideOf(both) : [...sideOf(some), ...sideOf(others)];
}

function sideOf(holders: readonly Holder[]): readonly Side[] {
  return holders.length === 0 ? [] : [holders.map(({ culprit }) => culprit)];
}
