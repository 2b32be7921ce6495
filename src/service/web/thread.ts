import { once } from "node:events";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

interface ThreadOptions<Library, Input, Output> {
  /** A package that `require` finds. */
  readonly library: string;
  /** The thread runs its source text: it can use its arguments only. */
  readonly work: (library: Library, input: Input) => Output;
  readonly limitMs: number;
}

interface Job<Input, Output> {
  readonly input: () => Input;
  readonly resolve: (output: Promise<Output | "too_long">) => void;
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
  const jobsByClient = new Map<string, Job<Input, Output>[]>();
  let waiting = 0;
  let isWorking = false;
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;

  const end = (): void => {
    void worker?.terminate();
    worker = null;
  };

  const perform = async (input: Input): Promise<Output | "too_long"> => {
    worker ??= startWorker(library, work.toString());
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs).unref();
    try {
      worker.postMessage(input, []);
      const [output] = (await once(worker, "message", { signal: limit.signal })) as [Output];
      return output;
    } catch (error) {
      end();
      const { code, name } = error as NodeJS.ErrnoException;
      if (name === "AbortError" || code === "ERR_WORKER_OUT_OF_MEMORY") return "too_long";
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  const takeTurns = async (): Promise<void> => {
    isWorking = true;
    clearTimeout(idle);
    for (const [client, jobs] of jobsByClient) {
      // Set again, the client is visited after the others.
      jobsByClient.delete(client);
      const job = jobs.shift();
      if (job === undefined) continue;
      jobsByClient.set(client, jobs);
      const startedAt = performance.now();
      const output = perform(job.input());
      job.resolve(output);
      await output.catch(() => {});
      waiting -= 1;
      // A client that asks without end gets half of a processor.
      await sleep(performance.now() - startedAt, undefined, { ref: false });
    }
    isWorking = false;
    idle = setTimeout(end, idleMs).unref();
  };

  return {
    /**
     * Does one piece of work after the other; clients take turns.
     * @param input is called when its turn has come: waiting work takes no memory
     * @returns `busy`: this client, or all of them together, have too much work waiting. `too_long`: it was given up.
     */
    run(client: string, input: () => Input): Promise<Output | "busy" | "too_long"> {
      const jobs = jobsByClient.get(client) ?? [];
      if (jobs.length >= maxWaitingOfClient || waiting >= maxWaitingOfAll) return Promise.resolve("busy");
      waiting += 1;
      jobsByClient.set(client, jobs);
      const output = new Promise<Output | "too_long">((resolve) => jobs.push({ input, resolve }));
      if (!isWorking) void takeTurns();
      return output;
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
