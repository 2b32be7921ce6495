import { setImmediate } from "node:timers/promises";

/** For how long the process may do nothing else; with the part that is being read, well under 20 ms. */
const maxBusyMs = 5;
/** In a process that has just started, code is slow: 64 KiB would take 30 ms. */
const partBytes = 16 * 1024;

/** Runs all steps, and regularly yields to everything else in the process. */
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
 * Passes the chunks on in parts, and regularly yields to everything else in the process. Node reads up to 2 MB from a socket before it
 * does anything else, and a gateway that has its answer ready sends it at full speed.
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
