/** How long one checked push takes, from the least to the most to expect. */
export interface PushCost {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Seen on 1.5.1 and 1.11, groups of five series: every checked push goes through everything the gateway holds. */
const seen: readonly (readonly [groups: number, fromSeconds: number, toSeconds: number])[] = [
  [100, 0.001, 0.006],
  [1000, 0.01, 0.028],
  [10_000, 0.19, 0.37],
  [100_000, 4, 12],
];

/** What a checked push costs besides the groups: the request itself. */
const leastSeconds = 0.0005;

/**
 * Estimates a checked push from the number of groups, by straight lines between what was seen, both axes logarithmic;
 * the outermost lines go on.
 */
export function estimatePushCost(groups: number): PushCost {
  return { fromSeconds: interpolate(groups, 1), toSeconds: interpolate(groups, 2) };
}

function interpolate(groups: number, column: 1 | 2): number {
  const upper = Math.max(
    1,
    seen.findIndex(([count]) => count >= groups),
  );
  const index = groups > (seen.at(-1)?.[0] ?? 0) ? seen.length - 1 : upper;
  const [left, right] = [seen[index - 1], seen[index]];
  if (left === undefined || right === undefined || groups < 1) return leastSeconds;
  const slope = Math.log(right[column] / left[column]) / Math.log(right[0] / left[0]);
  return Math.max(leastSeconds, left[column] * (groups / left[0]) ** slope);
}

/** Scales a measured push to another number of groups. */
export function scalePushCost(measuredSeconds: number, groups: number, otherGroups: number): number {
  return (measuredSeconds * middle(estimatePushCost(otherGroups))) / middle(estimatePushCost(groups));
}

function middle({ fromSeconds, toSeconds }: PushCost): number {
  return Math.sqrt(fromSeconds * toSeconds);
}
