import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { Wait } from "../gateway/pace.ts";

export interface FileWatchOptions {
  /** Which files count at the moment: the configuration and what it names. */
  readonly paths: () => readonly string[];
  /** Over 0. */
  readonly everySeconds: number;
  readonly onChange: () => Promise<void>;
  readonly wait: Wait;
  readonly signal: AbortSignal;
  /** As files were before they were read: a change between that and the first look is one, too. */
  readonly before?: FileSums;
}

/** What files held, by their path. */
export type FileSums = ReadonlyMap<string, string>;

/**
 * Looks at the content of files again and again until the signal aborts. Not by file system events: a ConfigMap is a
 * symlink to a folder that is swapped as a whole, which those miss, and a mounted secret may change without its name.
 */
export async function watchFiles({
  paths,
  everySeconds,
  onChange,
  wait,
  signal,
  before = new Map(),
}: FileWatchOptions): Promise<void> {
  let known: FileSums = new Map([...(await sumFiles(paths())), ...before]);
  for (;;) {
    await wait(everySeconds, signal);
    if (signal.aborted) return;
    const current = await sumFiles(paths());
    if ([...current].every(([path, sum]) => known.get(path) === sum)) continue;
    // As it was before the reload, which may make other files count: better one reload too many than one too few.
    known = current;
    await onChange();
  }
}

/** A file that cannot be read counts by the reason why. */
export async function sumFiles(paths: readonly string[]): Promise<FileSums> {
  const sums = new Map<string, string>();
  for (const path of paths) {
    const content = await readFile(path).catch(
      (error: unknown) => (error as NodeJS.ErrnoException).code ?? "unreadable",
    );
    const kind = typeof content === "string" ? "error" : "content";
    sums.set(path, createHash("sha256").update(`${kind}\n`).update(content).digest("hex"));
  }
  return sums;
}
