import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

import { formatTime } from "../core/time.ts";
import { unusable } from "./archive-error.ts";

const daySeconds = 86_400;
const fileName = /^deleted-(\d{4}-\d\d-\d\d)\.ndjson\.gz$/;

/** The UTC day of a moment: `2026-11-24`. */
export function dayOf(now: number): string {
  return formatTime(now).slice(0, 10);
}

export function dayFileName(day: string): string {
  return `deleted-${day}.ndjson.gz`;
}

/**
 * The files of an archive, oldest first: of a folder those that the janitor writes, or the one file itself.
 * @throws {@link ArchiveError}
 */
export async function listArchiveFiles(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names
      .filter((name) => dayEnd(name) !== null)
      .toSorted()
      .map((name) => join(path, name));
  } catch (error) {
    throw unusable(path, "cannot be read", error);
  }
}

/**
 * Removes the files whose day ended more than `retentionSeconds` ago, and never another file.
 * @returns the paths of those that are gone
 * @throws {@link ArchiveError}
 */
export async function removeExpiredFiles(
  dir: string,
  now: number,
  retentionSeconds: number,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const path of await listArchiveFiles(dir)) {
    const end = dayEnd(path.slice(path.lastIndexOf("/") + 1));
    if (end === null || now - end <= retentionSeconds) continue;
    await unlink(path).catch((error: unknown) => {
      throw unusable(path, "cannot be removed", error);
    });
    removed.push(path);
  }
  return removed;
}

/** When the day of a file ended, Unix seconds; null if its name is none of the janitor's. */
function dayEnd(name: string): number | null {
  const day = fileName.exec(name)?.[1];
  const start = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`) / 1000;
  return Number.isNaN(start) ? null : start + daySeconds;
}
