/** A text that does not follow its grammar. Thrown by every `parse` function of core/ and config/. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  /** Where it goes wrong: UTF-16 units from the start of the parsed text. */
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

/** The message of what was thrown, which need not be an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As {@link messageOf}, with the stack, for what is a bug. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The code of a Node error, for example `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const fileErrors: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
  ENOENT: "there is no such file",
  ENOSPC: "no space left on the device",
  ENOTDIR: "it is not a folder",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
};

/** Why the file system refused something, in words that follow a colon. */
export function explainFileError(error: unknown): string {
  return fileErrors[errorCode(error) ?? ""] ?? messageOf(error);
}
