import { formatLabels, type Labels } from "../core/labels.ts";

/** A group that causes a finding, or one of several whose deletion could end it. */
export interface Culprit {
  /** As the API shows them: bytes that are not UTF-8 are U+FFFD. */
  readonly labels: Labels;
  /**
   * Of the DELETEs that end it, below the gateway's prefix. Two: it is not known whether the group has an empty
   * `instance`, and the other spelling does not exist. None: no request can delete it.
   */
  readonly paths: readonly string[];
  /** 0: it never pushed successfully, and holds nothing but its two push times. null: unknown. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  /** null: unknown. */
  readonly series: number | null;
}

/** Groups on the same side of a conflict: all of them are deleted, or none. */
export type Side = readonly Culprit[];

/** The deletions that end a conflict. */
export type Remedy =
  /** Exactly these, beyond doubt. */
  | { readonly kind: "certain"; readonly groups: readonly Culprit[] }
  /** One of these, and a person has to choose; the least loss comes first. */
  | { readonly kind: "choice"; readonly options: readonly (readonly Culprit[])[] }
  /** Not known. */
  | { readonly kind: "none"; readonly why: string };

/**
 * Finds the deletions that end a conflict between `sides`: all of them but one are deleted. A single side is wrong by
 * itself and is deleted.
 *
 * The remedy is certain if only one side has anything to lose. A group that never pushed successfully holds nothing but
 * the two times that the gateway made for it when it refused its push. In practice, such a group is the cause.
 * @param released groups that the operator permits to delete, as {@link formatLabels} writes them
 */
export function findRemedy(sides: readonly Side[], released: ReadonlySet<string>): Remedy {
  const [alone] = sides;
  if (alone === undefined) return { kind: "none", why: "no group could be named" };
  const fixed = sides.filter((side) => side.some(({ paths }) => paths.length === 0));
  if (fixed.length > (sides.length === 1 ? 0 : 1)) {
    return { kind: "none", why: "the gateway cannot be asked to delete these groups: no path names them" };
  }
  if (sides.length === 1) return { kind: "certain", groups: alone };

  const mayGo = (side: Side): boolean =>
    !fixed.includes(side) &&
    side.every((culprit) => isFree(culprit) || released.has(formatLabels(culprit.labels)));
  const valuable = sides.filter((side) => !mayGo(side));
  const allButOne = (kept: Side): readonly Culprit[] => sides.filter((side) => side !== kept).flat();
  if (valuable.length <= 1) {
    const kept = valuable[0] ?? sides.toSorted(byWorth).at(-1) ?? alone;
    return { kind: "certain", groups: allButOne(kept) };
  }
  const mayStay = fixed.length === 1 ? fixed : valuable;
  const options = mayStay.map(allButOne).toSorted(byWorth);
  return { kind: "choice", options };
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
  return side.some(({ labels }) => [...labels.values()].includes("")) ? 0 : 1;
}
