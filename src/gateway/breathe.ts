import { setImmediate } from "node:timers/promises";

import type { Clock } from "../core/clock.ts";

/** So long the process may do nothing else; with the part that is being read, well under 20 ms. */
const maxBusySeconds = 0.005;
/** In a process that has just started, code is slow: 64 KiB at a time would take 30 ms. */
const partBytes = 16 * 1024;

/**
 * Yields the chunks in parts, and lets everything else in the process have its turn now and then. Node reads up to 2 MB from a
 * socket before it looks at anything else, and a gateway that has its answer ready sends as fast as that is read.
 */
export async function* breathe(chunks: AsyncIterable<Buffer>, clock: Clock): AsyncGenerator<Buffer> {
  let since = Number.NEGATIVE_INFINITY;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += partBytes) {
      if (clock.monotonic() - since > maxBusySeconds) {
        await setImmediate();
        since = clock.monotonic();
      }
      yield chunk.subarray(at, at + partBytes);
    }
  }
}
