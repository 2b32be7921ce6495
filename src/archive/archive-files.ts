import { randomBytes } from "node:crypto";
import { lstat, readdir, realpath, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

import { errorCode } from "../core/errors.ts";
import { formatTime } from "../core/time.ts";
import type { FileAccess } from "./file-access.ts";

const daySeconds = 86_400;

/**
 * Of a process that writes: `deleted-2026-11-24T130507Z-1f3a9c2e4b6d.ndjson.gz`. Version 0.1.0 had one file a day for
 * everybody: `deleted-2026-11-24.ndjson.gz`.
 */
const fileName = /^deleted-(\d{4}-\d\d-\d\d)(?:T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{12})?\.ndjson\.gz$/;

/** One file of an archive. */
export interface ArchiveFile {
  readonly path: string;
  /** Unix seconds of the clock of its writer, by its name: nothing in it is older. */
  readonly startedAt: number;
}

/** A name that no other process uses. */
export function newFileName(now: number): string {
  const start = formatTime(now).slice(0, "2026-11-24T13:05:07".length).replaceAll(":", "");
  return `deleted-${start}Z-${randomBytes(6).toString("hex")}.ndjson.gz`;
}

/** The UTC day of a moment: `2026-11-24`. */
export function dayOf(now: number): string {
  return formatTime(now).slice(0, 10);
}

const doing = "cannot be read";

/**
 * The files of an archive: of a folder those that janitors write, or the one file itself.
 * @throws `ArchiveError`
 */
export async function findArchiveFiles(path: string, access: FileAccess): Promise<readonly ArchiveFile[]> {
  if ((await access.call(path, doing, () => stat(path))).isDirectory()) return listArchiveFiles(path, access);
  // Named by a person, so that a link is what they meant.
  return [{ path: await access.call(path, doing, () => realpath(path)), startedAt: 0 }];
}

/**
 * The files in the folder of an archive, in the order in which they were begun.
 * @throws `ArchiveError`
 */
export async function listArchiveFiles(dir: string, access: FileAccess): Promise<readonly ArchiveFile[]> {
  const names = await access.call(dir, doing, () => readdir(dir));
  return names
    .flatMap((name) => {
      const start = startOf(name);
      return start === null ? [] : [{ path: join(dir, name), startedAt: start }];
    })
    .toSorted((a, b) => a.startedAt - b.startedAt || (a.path < b.path ? -1 : 1));
}

/**
 * Removes the files whose day ended, and that were last written to, more than `retentionSeconds` ago, and never another
 * file. A file that cannot be removed does not keep the others.
 * @returns the paths of those that are gone, and what went wrong, one sentence each
 * @throws `ArchiveError` if the folder cannot be read
 */
export async function removeExpiredFiles(
  dir: string,
  now: number,
  retentionSeconds: number,
  access: FileAccess,
): Promise<{ readonly removed: readonly string[]; readonly problems: readonly string[] }> {
  const removed: string[] = [];
  const problems: string[] = [];
  for (const { path, startedAt } of await listArchiveFiles(dir, access)) {
    const dayEnd = (Math.floor(startedAt / daySeconds) + 1) * daySeconds;
    if (now - dayEnd <= retentionSeconds) continue;
    try {
      const stats = await access.call(path, doing, () => lstat(path));
      if (!stats.isFile()) {
        problems.push(`${path}: is past the retention, but no regular file: it is not touched`);
        continue;
      }
      // Another machine's clock may have been wrong when it named the file.
      if (now - stats.mtimeMs / 1000 <= retentionSeconds) continue;
      await access.call(path, "cannot be removed", () => unlink(path));
      removed.push(path);
    } catch (error) {
      if (access.isHanging()) throw error;
      // Another janitor was faster.
      if (errorCode((error as Error).cause) === "ENOENT") continue;
      problems.push((error as Error).message);
    }
  }
  return { removed, problems };
}

export interface ArchiveSize {
  readonly sizeBytes: number;
  /** When the oldest file was begun, Unix seconds; null: there is none. */
  readonly oldestAt: number | null;
}

/** @throws `ArchiveError` if the folder cannot be read */
export async function measureFiles(dir: string, access: FileAccess): Promise<ArchiveSize> {
  const files = await listArchiveFiles(dir, access);
  let sizeBytes = 0;
  for (const { path } of files) sizeBytes += (await sizeOf(path, access)) ?? 0;
  return { sizeBytes, oldestAt: files[0]?.startedAt ?? null };
}

/** null: it cannot be read, as when another janitor has just removed it. */
export async function sizeOf(path: string, access: FileAccess): Promise<number | null> {
  try {
    return (await access.call(path, doing, () => lstat(path))).size;
  } catch (error) {
    if (access.isHanging()) throw error;
    return null;
  }
}

/** When a file was begun, Unix seconds; null if its name is none of the janitor's. */
function startOf(name: string): number | null {
  const [, day, hours = "00", minutes = "00", seconds = "00"] = fileName.exec(name) ?? [];
  const start = day === undefined ? Number.NaN : Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`) / 1000;
  return Number.isNaN(start) ? null : start;
}
