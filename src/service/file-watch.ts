import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

import { errorCode } from "../core/errors.ts";
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
 * Compares the content of files again and again until the signal aborts. Not by file system events: a ConfigMap is a
 * symlink to a folder that is swapped, which those miss, and a mounted secret may change without its name.
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

/** What cannot be read counts by the reason why. */
export async function sumFiles(paths: readonly string[]): Promise<FileSums> {
  const sums = new Map<string, string>();
  for (const path of paths) {
    sums.set(path, await sumFile(path).catch((error: unknown) => errorCode(error) ?? "unreadable"));
  }
  return sums;
}

/** No file of a configuration is longer; of one that is, the start counts, and its size. */
const maxBytes = 8 * 1024 * 1024;

async function sumFile(path: string): Promise<string> {
  const stats = await stat(path);
  // What is read from a pipe, as from <(command) of a shell, is gone for whoever reads it next.
  if (!stats.isFile()) return "no regular file";
  const hash = createHash("sha256").update(`${stats.size}\n`);
  for await (const chunk of createReadStream(path, { end: maxBytes - 1 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
