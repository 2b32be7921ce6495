import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers/promises";

import { joinToBlocks } from "../../report/blocks.ts";

/** Does a piece of work when its turn comes. */
export type InTurn = <T>(work: () => T) => Promise<T>;

/**
 * One piece of work after the other, and between two of them as much time for everything else as the last one took: Node accepts one
 * connection in each turn of its event loop, so that turns must not all be long.
 */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  let tookMs = 0;
  return (work) => {
    const result = last
      .then(() => (tookMs < 1 ? setImmediate() : setTimeout(tookMs)))
      .then(() => {
        const startedAt = performance.now();
        try {
          return work();
        } finally {
          tookMs = performance.now() - startedAt;
        }
      });
    last = result.catch(() => {});
    return result;
  };
}

/** UTF-16 units. */
const blockLength = 64 * 1024;

/**
 * Makes the first block of a body, so that an error can still be answered, and the others when they can be sent.
 * @returns null if the client has gone by then
 */
export async function beginBody(
  parts: Iterable<string>,
  inTurn: InTurn,
  client: { readonly writable: boolean },
): Promise<AsyncIterable<string> | null> {
  const blocks = joinToBlocks(parts, blockLength);
  const next = () => inTurn(() => (client.writable ? blocks.next() : null));
  const first = await next();
  if (first === null) return null;
  return (async function* () {
    try {
      for (
        let block: typeof first | null = first;
        block !== null && block.done !== true;
        block = await next()
      )
        yield block.value;
    } finally {
      // The client may have left.
      blocks.return(undefined);
    }
  })();
}
