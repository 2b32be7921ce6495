import { errorCode } from "../core/error-code.ts";

/**
 * - `locked`: another janitor works in the folder
 * - `unusable`: the folder or a file in it cannot be created, read, written or locked
 * - `not_open`: it was never opened, or is closed
 */
export type ArchiveErrorCode = "locked" | "unusable" | "not_open";

/** Why the archive does not do what was asked. The message reads `PATH: what happened`. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, path: string, what: string, cause?: unknown) {
    super(`${path}: ${what}`, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** An error of Node's file functions in words, as {@link ArchiveError} `unusable`. */
export function unusable(path: string, doing: string, error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const code = errorCode(error);
  const words: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EPERM: "not permitted",
    EROFS: "the file system is read-only",
    ENOSPC: "no space left on the device",
    EDQUOT: "the disk quota is used up",
    ENOTDIR: "it is not a folder",
    ENOENT: "there is no such file or folder",
    EISDIR: "it is a folder",
    EMFILE: "too many open files",
  };
  const message = error instanceof Error ? error.message : String(error);
  return new ArchiveError("unusable", path, `${doing}: ${(code && words[code]) ?? message}`, error);
}
