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
 * The groups behind the labels of a push time, byte by byte: these labels are the grouping key and, if that has no
 * `instance`, an empty one.
 * @param known the groups as the API shows them; without it both spellings, of which only those that exist are deleted
 */
export function rawCulprits(
  labels: RawLabels,
  known: readonly Culprit[],
  naming: PathNaming,
): readonly Culprit[] {
  const emptyInstance = labels.get("instance")?.length === 0;
  const both = emptyInstance ? [false, true] : [true];
  const spellings = known.length > 0 ? known.map((one) => one.labels.has("instance")) : both;
  const culprits = new Map<string, Culprit>();
  for (const [index, withInstance] of spellings.entries()) {
    const own = new Map(
      [...labels].filter(([name]) => withInstance || name !== "instance" || !emptyInstance),
    );
    const path = rawGroupPath(own, naming);
    // The API shows different bytes alike: it is not known which of these groups this is, nor how old it is.
    const isAmbiguous = spellings.filter((other) => other === withInstance).length > 1;
    const decoded = decodeLabels(own);
    const isNamed = groupPath(decoded, naming) !== null;
    const unknown = { labels: decoded, lastSuccessAt: null, lastFailureAt: null, series: null };
    const culprit = {
      ...unknown,
      ...(isAmbiguous ? {} : known[index]),
      paths: path === null ? [] : [path],
      isNamed,
    };
    culprits.set(path ?? String(index), culprit);
  }
  return [...culprits.values()];
}

/**
 * The path of a group whose U+FFFD was pushed like that, which is so if the gateway is consistent.
 * @returns null if no path can have one of its label names, or if it has no job
 */
export function literalGroupPath(labels: Labels, naming: PathNaming): string | null {
  const raw = new Map([...labels].map(([name, value]) => [name, Buffer.from(value)] as const));
  return rawGroupPath(raw, naming);
}

/** As {@link groupPath}, for values that are not UTF-8: every value in base64. */
function rawGroupPath(raw: RawLabels, naming: PathNaming): string | null {
  const labels = decodeLabels(raw);
  const plain = groupPath(labels, naming);
  if (plain !== null) return plain;
  if ((labels.get("job") ?? "") === "") return null;
  let path = "/metrics";
  for (const [name] of labels) {
    const segment = pathName(name, naming);
    if (segment === null) return null;
    path += `/${segment}@base64/${Buffer.from(raw.get(name) ?? []).toString("base64url") || "="}`;
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

/** The deletions that end a conflict. */
export type Remedy =
  /** Exactly these, beyond doubt. */
  | { readonly kind: "certain"; readonly groups: Side }
  /** One of these, and a person has to choose; the least loss comes first. */
  | { readonly kind: "choice"; readonly options: readonly Side[] }
  /** Not known. */
  | { readonly kind: "none"; readonly why: string };

/**
 * Finds the deletions that end a conflict between `sides`: all of them but one are deleted. A single side is wrong by
 * itself and is deleted.
 *
 * The remedy is certain if only one side has anything to lose. A group that never pushed successfully holds nothing but
 * the two times that the gateway made for it when it refused its push. In practice, such a group is the cause.
 */
export function findRemedy(sides: readonly Side[]): Remedy {
  const [alone] = sides;
  if (alone === undefined) return { kind: "none", why: "no group could be named" };
  const fixed = sides.filter((side) => side.some(({ paths }) => paths.length === 0));
  if (fixed.length > (sides.length === 1 ? 0 : 1)) {
    return { kind: "none", why: "the gateway cannot be asked to delete these groups: no path names them" };
  }
  if (sides.length === 1) return { kind: "certain", groups: alone };

  const isDeletable = (side: Side): boolean => !fixed.includes(side) && side.every(isFree);
  const valuable = sides.filter((side) => !isDeletable(side));
  const allBut = (kept: Side): Side => sides.filter((side) => side !== kept).flat();
  if (valuable.length <= 1) {
    return { kind: "certain", groups: allBut(valuable[0] ?? sides.toSorted(byWorth).at(-1) ?? alone) };
  }
  return { kind: "choice", options: (fixed.length === 1 ? fixed : valuable).map(allBut).toSorted(byWorth) };
}

/** Whether nothing is lost with this group. */
export function isFree({ lastSuccessAt }: Culprit): boolean {
  return lastSuccessAt === 0;
}

/** The least loss first: fewest series, and of equals the newest, whose push made the conflict. */
function byWorth(a: Side, b: Side): number {
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
