import { joinToBlocks } from "../../report/blocks.ts";

/** Does a piece of work when those before it are done and requests, sweeps and timers had their turn. */
export type InTurn = <T>(work: () => T) => Promise<T>;

/** However many clients ask for pages at once, the event loop is busy with one piece of one of them. */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(() => new Promise(setImmediate)).then(work);
    last = result.catch(() => {});
    return result;
  };
}

/** UTF-16 units. */
const blockLength = 64 * 1024;

/** Makes the first block of a body, so that an error can still be answered, and the others when they can be sent. */
export async function beginBody(parts: Iterable<string>, inTurn: InTurn): Promise<AsyncIterable<string>> {
  const blocks = joinToBlocks(parts, blockLength);
  const first = await inTurn(() => blocks.next());
  return (async function* () {
    try {
      for (let block = first; block.done !== true; block = await inTurn(() => blocks.next()))
        yield block.value;
    } finally {
      // The client may have left.
      blocks.return(undefined);
    }
  })();
}
