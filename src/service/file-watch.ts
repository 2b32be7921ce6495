import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

import { errorCode } from "../core/errors.ts";
import type { Wait } from "../gateway/pace.ts";

interface FileWatchOptions {
  /** The files to watch now: the configuration, and those that it names. */
  readonly paths: () => readonly string[];
  /** Over 0. */
  readonly everySeconds: number;
  readonly onChange: () => Promise<void>;
  /** Whether to call `onChange` even if nothing has changed: which files matter is not known yet. */
  readonly always: () => boolean;
  readonly wait: Wait;
  readonly signal: AbortSignal;
  /** Sums from before the configuration was read, so that a change since then counts. */
  readonly before?: FileSums;
}

/** A checksum of the content by path. */
export type FileSums = ReadonlyMap<string, string>;

/**
 * Compares the content of files again and again until the signal aborts. File system events would miss changes: a ConfigMap is a
 * symlink to a folder that is swapped, and a mounted secret may change without its name.
 */
export async function watchFiles({
  paths,
  everySeconds,
  onChange,
  always,
  wait,
  signal,
  before = new Map(),
}: FileWatchOptions): Promise<void> {
  let known: FileSums = new Map([...(await sumFiles(paths())), ...before]);
  for (;;) {
    await wait(everySeconds, signal);
    if (signal.aborted) return;
    const current = await sumFiles(paths());
    if (!always() && [...current].every(([path, sum]) => known.get(path) === sum)) continue;
    // Not the sums after the reload, which may change the paths: one reload too many is better than one too few.
    known = current;
    await onChange();
  }
}

/** The sum of a file that cannot be read is the error code. */
export async function sumFiles(paths: readonly string[]): Promise<FileSums> {
  const sums = new Map<string, string>();
  for (const path of paths) {
    sums.set(path, await sumFile(path).catch((error: unknown) => errorCode(error) ?? "unreadable"));
  }
  return sums;
}

/** No file of a configuration is longer. Of a longer file, the start and the size count. */
const maxBytes = 8 * 1024 * 1024;

async function sumFile(path: string): Promise<string> {
  const stats = await stat(path);
  // Reading a pipe, as from a shell's <(command), would take its content away from the next reader.
  if (!stats.isFile()) return "no regular file";
  const hash = createHash("sha256").update(`${stats.size}\n`);
  for await (const chunk of createReadStream(path, { end: maxBytes - 1 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
