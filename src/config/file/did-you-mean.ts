/** The candidate that `text` most likely meant, or null if none is close: spelling and separators aside, two typos. */
export function suggest(text: string, candidates: Iterable<string>): string | null {
  const wanted = simplify(text);
  let best: string | null = null;
  let bestDistance = Math.min(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, simplify(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` did you mean "matchers"?` with what leads to it, or nothing. */
export function didYouMean(text: string, candidates: Iterable<string>): string {
  const suggestion = suggest(text, candidates);
  return suggestion === null ? "" : `: did you mean "${suggestion}"?`;
}

/** `dryRun`, `dry-run` and `DRY_RUN` are one word. */
function simplify(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Levenshtein's distance, two swapped letters counting once; gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? limit) + 1,
        (current[column - 1] ?? limit) + 1,
        (last[column - 1] ?? limit) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? limit) + 1 : limit,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? limit;
}
