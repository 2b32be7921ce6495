/** A text that does not follow its grammar: what is wrong and where. Thrown by every `parse` function of core/. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  /** Where it goes wrong: UTF-16 units from the start of the parsed text. */
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

/** The code of an error of Node's, for example `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Why a file cannot be read, in words that follow a colon. */
export function explainReadError(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a folder";
    case "EACCES":
      return "permission denied";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
