import { randomBytes } from "node:crypto";
import { fstatSync, type Stats } from "node:fs";
import {
  constants,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { errorCode, explainFileError } from "../core/errors.ts";
import { writeAll, type Io } from "./io.ts";

/**
 * Writes a text to a path. A regular file is replaced completely or not at all: a reader sees the old text or the new one, never a
 * part. Through a symbolic link its target is replaced. A FIFO or a character device is written to, and `/dev/stdout` is this
 * process' own output, whatever that is.
 * @param text complete, or in parts
 * @param mode of a regular file, whatever the umask is
 * @returns what went wrong, for people; null: it is written
 */
export async function writeOutputFile(
  path: string,
  text: string | Iterable<string>,
  mode: number,
  io: Pick<Io, "stdout" | "stderr">,
): Promise<string | null> {
  const parts = typeof text === "string" ? [text] : text;
  try {
    // The kernel follows links here, and refuses those that another user has put into /tmp (fs.protected_symlinks).
    const existing = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    });
    const own = existing === null ? null : findOwnOutput(existing, io);
    if (own !== null) await writeAll(parts, own);
    else if (existing === null || existing.isFile()) await replace(await resolveLinks(path), parts, mode);
    else if (existing.isBlockDevice()) return `${path}: is a block device, not a file`;
    // Nothing is created or truncated, and a terminal does not become the one that controls this process.
    else await writeAndClose(await open(path, constants.O_WRONLY | constants.O_NOCTTY), parts);
    return null;
  } catch (error) {
    // Errors without a code come from making the text, not from the file.
    if (errorCode(error) === undefined) throw error;
    return `${path}: ${explainWriteError(path, error as NodeJS.ErrnoException)}`;
  }
}

/** An output that is open already is not opened again: it may be a socket, or a log to append to. */
function findOwnOutput({ dev, ino }: Stats, { stdout, stderr }: Pick<Io, "stdout" | "stderr">) {
  const isAt = (descriptor: number): boolean => {
    const own = fstatSync(descriptor);
    return own.dev === dev && own.ino === ino;
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

/** The temporary name begins with a dot and has another suffix, so that no `*.prom` finds it. */
async function replace(path: string, parts: Iterable<string>, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    // Never over an existing file or through a link.
    await writeAndClose(await open(temporary, "wx", 0o600), parts, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** @param mode of a new file, which is also synced */
async function writeAndClose(file: FileHandle, parts: Iterable<string>, mode?: number): Promise<void> {
  try {
    await writeFile(file, parts);
    if (mode === undefined) return;
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

function explainWriteError(path: string, error: NodeJS.ErrnoException): string {
  // The temporary file is beside the one that is meant, which may be behind a link.
  const { code, path: failed = path } = error;
  const folder = dirname(failed);
  if (code === "ENOENT") return `there is no folder ${folder}`;
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  if (code === "EISDIR") return "is a folder, not a file";
  if ((code === "EACCES" || code === "EPERM") && failed !== path)
    return `the folder ${folder} may not be written to`;
  return explainFileError(error);
}
