import { randomBytes } from "node:crypto";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { errorCode } from "../core/error-code.ts";

/**
 * Writes a file whole or not at all: whoever reads it sees the old text or the new one, never a part.
 * The temporary name begins with a dot and does not end as the file does, so that nobody's `*.prom` finds it.
 * @param text whole, or in parts
 * @param mode whatever the umask is
 * @returns what went wrong, for people; null: it is written
 */
export async function writeWhole(
  path: string,
  text: string | Iterable<string>,
  mode: number,
): Promise<string | null> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    // Never over a file or through a link that somebody put there.
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeFile(file, text);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return null;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    // A mistake in making the text is none of the file's.
    if (errorCode(error) === undefined) throw error;
    return `${path}: ${explain(error as NodeJS.ErrnoException, dirname(path))}`;
  }
}

function explain({ code, message }: NodeJS.ErrnoException, folder: string): string {
  if (code === "ENOENT") return `there is no folder ${folder}`;
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  if (code === "EACCES" || code === "EPERM") return `the folder ${folder} may not be written to`;
  if (code === "EROFS") return `the folder ${folder} is on a file system that is read-only`;
  if (code === "EISDIR") return "is a folder, not a file";
  if (code === "ENOSPC") return "no space left";
  return message;
}
