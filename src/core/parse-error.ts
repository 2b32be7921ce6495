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
