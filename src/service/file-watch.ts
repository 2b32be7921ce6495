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
}

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
}: FileWatchOptions): Promise<void> {
  let known = await checksum(paths());
  for (;;) {
    await wait(everySeconds, signal);
    if (signal.aborted) return;
    const current = await checksum(paths());
    if (current === known) continue;
    // As it was before the reload, which may make other files count: better one reload too many than one too few.
    known = current;
    await onChange();
  }
}

/** One value for the content of all files; a file that cannot be read counts by the reason why. */
async function checksum(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = await readFile(path).catch(
      (error: unknown) => (error as NodeJS.ErrnoException).code ?? "unreadable",
    );
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
