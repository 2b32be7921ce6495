/** So many items tell well enough where in the whole another one belongs. */
const sampleSize = 64;

/**
 * The items from `start` to `end` of the sorted whole, without sorting what is not asked for: a page of 100,000 groups
 * is wanted at once. Quicksort that only goes where the slice is; where the pivots are bad it gives up and sorts.
 * @param items is put into another order
 */
export function sliceSorted<T>(
  items: T[],
  compare: (a: T, b: T) => number,
  start: number,
  end: number,
): readonly T[] {
  let [low, high] = [0, items.length];
  for (let turns = 8; turns > 0 && high - low > sampleSize + 2 * (end - start); turns -= 1) {
    const pivot = choosePivot(items.slice(low, high), compare, start - low, end - low);
    const [left, right] = partition(items, compare, low, high, pivot);
    // The slice lies across the pivot: there is nothing more to leave out.
    if (start < left && end > right) break;
    if (end <= left) high = left;
    else if (start >= right) low = right;
    else if (start < left) high = right;
    else low = left;
  }
  const sorted = items.slice(low, high).toSorted(compare);
  return sorted.slice(Math.max(0, start - low), Math.max(0, end - low));
}

/** An item a little beyond the slice, on the side where more can be left out. */
function choosePivot<T>(items: readonly T[], compare: (a: T, b: T) => number, start: number, end: number): T {
  const count = items.length;
  const sample = Array.from(
    { length: sampleSize },
    (_, index) => items[Math.floor((index * count) / sampleSize)] as T,
  );
  const margin = 3;
  const place =
    count - end > start
      ? Math.ceil((end / count) * sampleSize) + margin
      : Math.floor((start / count) * sampleSize) - margin;
  return sample.toSorted(compare)[Math.min(Math.max(place, 0), sampleSize - 1)] as T;
}

/** Smaller ones to the left, equal ones in the middle, greater ones to the right. Returns where the middle is. */
function partition<T>(
  items: T[],
  compare: (a: T, b: T) => number,
  low: number,
  high: number,
  pivot: T,
): readonly [left: number, right: number] {
  let [left, right] = [low, high];
  for (let index = low; index < right;) {
    const item = items[index] as T;
    const order = compare(item, pivot);
    if (order < 0) swap(items, left++, index++);
    else if (order > 0) swap(items, --right, index);
    else index += 1;
  }
  return [left, right];
}

function swap(items: unknown[], a: number, b: number): void {
  const kept = items[a];
  items[a] = items[b];
  items[b] = kept;
}
