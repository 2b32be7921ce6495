import { setImmediate } from "node:timers/promises";

/** So long the process may do nothing else; with the part that is being read, well under 20 ms. */
const maxBusyMs = 5;
/** In a process that has just started, code is slow: 64 KiB at a time would take 30 ms. */
const partBytes = 16 * 1024;

/** Does all steps, and lets everything else in the process have its turn now and then. */
export async function breatheThrough<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const since = performance.now();
    while (performance.now() - since <= maxBusyMs) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
    await setImmediate();
  }
}

/**
 * Yields the chunks in parts, and lets everything else in the process have its turn now and then. Node reads up to 2 MB from a
 * socket before it looks at anything else, and a gateway that has its answer ready sends as fast as that is read.
 */
export async function* breathe(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let since = Number.NEGATIVE_INFINITY;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += partBytes) {
      if (performance.now() - since > maxBusyMs) {
        await setImmediate();
        since = performance.now();
      }
      yield chunk.subarray(at, at + partBytes);
    }
  }
}
