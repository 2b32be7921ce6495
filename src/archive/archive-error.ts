/** Why the archive does not do what was asked. The message reads `PATH: what happened`. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";

  constructor(path: string, what: string, cause?: unknown) {
    super(`${path}: ${what}`, cause === undefined ? undefined : { cause });
  }
}
