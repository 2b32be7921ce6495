import { once } from "node:events";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { createQueue } from "../../core/queue.ts";

interface ThreadOptions<Library, Input, Output> {
  /** A package that `require` finds. */
  readonly library: string;
  /** The thread runs its source text: it can use its arguments only. */
  readonly work: (library: Library, input: Input) => Output;
  readonly limitMs: number;
}

const maxWaitingOfClient = 4;
const maxWaitingOfAll = 64;
/** An unused thread is ended: it takes some megabytes. */
const idleMs = 10_000;
const maxHeapMegabytes = 64;

/** A thread of its own for slow work that strangers can ask for, so that it delays nothing else. */
export function createThread<Library, Input, Output>({
  library,
  work,
  limitMs,
}: ThreadOptions<Library, Input, Output>) {
  const inTurn = createQueue();
  /** Those that have work waiting or in progress. */
  const clients = new Map<string, { readonly inTurn: typeof inTurn; jobs: number }>();
  let waiting = 0;
  let restsUntilMs = 0;
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;

  const end = (): void => {
    void worker?.terminate();
    worker = null;
  };

  const perform = async (input: () => Input): Promise<Output | "too_long"> => {
    clearTimeout(idle);
    await sleep(Math.max(0, restsUntilMs - performance.now()), undefined, { ref: false });
    const startedAt = performance.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs).unref();
    try {
      worker ??= startWorker(library, work.toString());
      worker.postMessage(input(), []);
      const [output] = (await once(worker, "message", { signal: limit.signal })) as [Output];
      return output;
    } catch (error) {
      end();
      const { code, name } = error as NodeJS.ErrnoException;
      if (name === "AbortError" || code === "ERR_WORKER_OUT_OF_MEMORY") return "too_long";
      throw error;
    } finally {
      clearTimeout(timer);
      idle = setTimeout(end, idleMs).unref();
      // A client that asks without end gets half of a processor.
      restsUntilMs = 2 * performance.now() - startedAt;
    }
  };

  return {
    /**
     * Does one piece of work after the other. A client has one in the queue of all and the others in its own, so that clients take
     * turns.
     * @param input is called when its turn has come: waiting work takes no memory
     * @returns `busy`: this client, or all of them together, have too much work waiting. `too_long`: it was given up.
     */
    async run(client: string, input: () => Input): Promise<Output | "busy" | "too_long"> {
      const own = clients.get(client) ?? { inTurn: createQueue(), jobs: 0 };
      if (own.jobs > maxWaitingOfClient || waiting >= maxWaitingOfAll) return "busy";
      clients.set(client, own);
      own.jobs += 1;
      waiting += 1;
      try {
        return await own.inTurn(() => inTurn(() => perform(input)));
      } finally {
        waiting -= 1;
        own.jobs -= 1;
        if (own.jobs === 0) clients.delete(client);
      }
    },
  };
}

/** The code is handed over as text, because there is no file for it that both Node and the tests could load. */
function startWorker(library: string, work: string): Worker {
  const path = createRequire(import.meta.url).resolve(library);
  const code = `
    const { parentPort } = require("node:worker_threads");
    const library = require(${JSON.stringify(path)});
    const work = ${work};
    parentPort.on("message", (input) => parentPort.postMessage(work(library, input)));`;
  const worker = new Worker(code, {
    eval: true,
    // Node's options of the parent may be invalid in a thread.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
  });
  // An error of an idle thread shows when the next work is asked for.
  worker.on("error", () => {}).unref();
  return worker;
}
