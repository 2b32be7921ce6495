import type { Group } from "../core/group.ts";
import { createLabels, type Labels } from "../core/labels.ts";
import { groupPath, pathName, type PathNaming } from "../gateway/group-path.ts";
import { decodeLabels, type RawLabels } from "./complaints.ts";

/** A group that causes a finding, or one of several whose deletion could end it. */
export interface Culprit {
  /** As the API shows them: bytes that are not UTF-8 are U+FFFD. */
  readonly labels: Labels;
  /**
   * Of the DELETEs that end it, below the gateway's prefix. Two: it is not known whether the group has an empty
   * `instance`, and the other spelling does not exist. None: no request can delete it.
   */
  readonly paths: readonly string[];
  /** Whether its labels name exactly this group, so that `delete --exact` can find it. */
  readonly isNamed: boolean;
  /** 0: it never pushed successfully, and holds nothing but its two push times. null: unknown. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  /** null: unknown. */
  readonly series: number | null;
}

export function culpritOf(group: Group, naming: PathNaming): Culprit {
  const { labels, lastSuccessAt, lastFailureAt, series } = group;
  const path = group.obstacle === null ? groupPath(labels, naming) : null;
  const paths = path === null ? [] : [path];
  return { labels, paths, isNamed: path !== null, lastSuccessAt, lastFailureAt, series };
}

/**
 * The group behind the labels of a push time, byte by byte: these are its grouping key and, if that has no `instance`, an empty one.
 * @param known the groups that the API shows with these labels. Several: different bytes look alike, so nothing else is known of it
 */
export function rawCulprit(labels: RawLabels, known: readonly Culprit[], naming: PathNaming): Culprit {
  const [one] = known;
  const isKnown = one !== undefined && known.length === 1;
  if (isKnown && one.isNamed) return one;
  const spellings =
    labels.get("instance")?.length === 0
      ? [new Map([...labels].filter(([name]) => name !== "instance")), labels].filter(
          (own) =>
            one === undefined || known.some((group) => group.labels.has("instance") === own.has("instance")),
        )
      : [labels];
  return {
    ...(isKnown
      ? one
      : {
          labels: decodeLabels(spellings[0] ?? labels),
          lastSuccessAt: null,
          lastFailureAt: null,
          series: null,
        }),
    paths: spellings.map((own) => rawGroupPath(own, naming)).filter((path) => path !== null),
    isNamed: false,
  };
}

/** As {@link groupPath}, for values that are not UTF-8: every value in base64. */
export function rawGroupPath(labels: RawLabels, naming: PathNaming): string | null {
  if ((labels.get("job")?.length ?? 0) === 0) return null;
  let path = "/metrics";
  for (const [name] of decodeLabels(labels)) {
    const segment = pathName(name, naming);
    if (segment === null) return null;
    path += `/${segment}@base64/${labels.get(name)?.toString("base64url") || "="}`;
  }
  return path;
}

/** Both groups that a series of the exposition can belong to: without `instance`, or with an empty one. */
export function spellLabels(labels: Labels): readonly Labels[] {
  if (labels.get("instance") !== "") return [labels];
  return [createLabels([...labels].filter(([name]) => name !== "instance")), labels];
}

/** Groups on the same side of a conflict: all of them are deleted, or none. */
export type Side = readonly Culprit[];

/**
 * The deletions that end a conflict between `sides`, one of which is enough; the least loss comes first. All sides but one are deleted;
 * a single side is wrong by itself. None: no request deletes these groups.
 *
 * A side that never pushed successfully holds nothing but the times that the gateway made for it when it refused its push, and is in
 * practice the cause: it is never the one to keep.
 */
export function findDeletions(sides: readonly Side[]): readonly Side[] {
  if (sides.length === 1) return sides.filter(isDeletable);
  const valuable = sides.filter((side) => !side.every(isFree) || !isDeletable(side));
  const keepable = valuable.length > 0 ? valuable : sides.toSorted(byLoss).slice(-1);
  return keepable
    .map((kept) => sides.filter((side) => side !== kept).flat())
    .filter(isDeletable)
    .toSorted(byLoss);
}

function isDeletable(side: Side): boolean {
  return side.every(({ paths }) => paths.length > 0);
}

/** Whether nothing is lost with this group. */
export function isFree({ lastSuccessAt }: Culprit): boolean {
  return lastSuccessAt === 0;
}

/** Fewest series first, and of equals the newest, whose push made the conflict. */
function byLoss(a: Side, b: Side): number {
  return seriesOf(a) - seriesOf(b) || newestSuccess(b) - newestSuccess(a) || oddSpelling(a) - oddSpelling(b);
}

function seriesOf(side: Side): number {
  // Unknown may be many. Not Infinity: Infinity - Infinity is NaN.
  return side.reduce((sum, culprit) => sum + (isFree(culprit) ? 0 : (culprit.series ?? 1e9)), 0);
}

function newestSuccess(side: Side): number {
  return side.reduce((newest, { lastSuccessAt }) => Math.max(newest, lastSuccessAt ?? 0), 0);
}

/** An empty label is rarely intended: `instance=""` is the usual culprit. */
function oddSpelling(side: Side): number {
  return side.some(({ labels }) => [...labels].some(([, value]) => value === "")) ? 0 : 1;
}
