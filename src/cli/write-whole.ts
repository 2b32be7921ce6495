import { randomBytes } from "node:crypto";
import { fstatSync, type Stats } from "node:fs";
import { constants, open, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { errorCode } from "../core/errors.ts";
import { writeAll, type Io } from "./io.ts";

/**
 * Writes a text to a path. A regular file is replaced whole or not at all: a reader sees the old text or the new one, never a
 * part. Through a symbolic link its target is replaced. A FIFO or a character device is written to, and `/dev/stdout` is this
 * process' own output, whatever that is.
 * @param text whole, or in parts
 * @param mode of a regular file, whatever the umask is
 * @returns what went wrong, for people; null: it is written
 */
export async function writeWhole(
  path: string,
  text: string | Iterable<string>,
  mode: number,
  io: Pick<Io, "stdout" | "stderr">,
): Promise<string | null> {
  const parts = typeof text === "string" ? [text] : text;
  try {
    // The kernel follows links here, and refuses those that another user has put into /tmp (fs.protected_symlinks).
    const there = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    });
    const own = there === null ? null : findOwnOutput(there, io);
    if (own !== null) await writeAll(parts, own);
    else if (there === null || there.isFile()) await replace(await resolveLinks(path), parts, mode);
    else if (there.isBlockDevice()) return `${path}: is a block device, not a file`;
    else await writeInto(path, parts);
    return null;
  } catch (error) {
    // A mistake in making the text is none of the file's.
    if (errorCode(error) === undefined) throw error;
    return `${path}: ${explain(path, error as NodeJS.ErrnoException)}`;
  }
}

/** What is already open is not opened again: it may be a socket, or a log to append to. */
function findOwnOutput(there: Stats, { stdout, stderr }: Pick<Io, "stdout" | "stderr">) {
  const isAt = (descriptor: number): boolean => {
    const { dev, ino } = fstatSync(descriptor);
    return dev === there.dev && ino === there.ino;
  };
  return isAt(1) ? stdout : isAt(2) ? stderr : null;
}

/** The path behind symbolic links, also where the last one points to nothing yet. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const target = await readlink(path).catch(() => null);
    if (errorCode(error) !== "ENOENT" || target === null) return path;
    return resolveLinks(resolve(await realpath(dirname(path)), target));
  }
}

/** The temporary name begins with a dot and does not end as the file does, so that nobody's `*.prom` finds it. */
async function replace(path: string, parts: Iterable<string>, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    // Never over a file or through a link that somebody put there.
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeFile(file, parts);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeInto(path: string, parts: Iterable<string>): Promise<void> {
  // Nothing is created or cut off, and a terminal does not become the one that controls this process.
  const file = await open(path, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    await writeFile(file, parts);
  } finally {
    await file.close();
  }
}

function explain(path: string, { code, message, path: failed = path }: NodeJS.ErrnoException): string {
  // The temporary file is beside the one that is meant, which may be behind a link.
  const folder = dirname(failed);
  if (code === "ENOENT") return `there is no folder ${folder}`;
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  if (code === "EACCES" || code === "EPERM")
    return failed === path ? "permission denied" : `the folder ${folder} may not be written to`;
  if (code === "EROFS") return `the folder ${folder} is on a file system that is read-only`;
  if (code === "EISDIR") return "is a folder, not a file";
  if (code === "ENOSPC") return "no space left";
  return message;
}
