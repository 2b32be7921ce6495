import { inspect } from "node:util";

const mask = "<secret>";

/**
 * A value that must not reach a log, a report or an error. It prints as `<secret>` in every way JavaScript knows to
 * print a value; to send it, call {@link Secret.reveal}.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
