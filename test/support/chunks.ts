/** Cuts bytes into chunks of these sizes, again and again; 0 counts as 1. */
export function* cutAnywhere(bytes: Buffer, sizes: Iterable<number>): Generator<Buffer> {
  let at = 0;
  while (at < bytes.length) {
    for (const size of sizes) {
      const end = at + Math.max(1, size);
      yield bytes.subarray(at, end);
      at = end;
      if (at >= bytes.length) return;
    }
  }
}
