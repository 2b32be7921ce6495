import { resolve } from "node:path";

import { ParseError } from "../core/errors.ts";
import type { Findings, Path, Places } from "./findings.ts";
import type { Span } from "./source-text.ts";

/** A file that the configuration names, and where. */
export interface NamedFile {
  /** Absolute. */
  readonly file: string;
  readonly span: Span;
}

/** What all decoders of one file share. */
export interface DecodeContext {
  readonly findings: Findings;
  readonly places: Places;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** The decoders add to it. */
  readonly namedFiles: NamedFile[];
}

/** A place in the file that a decoder is at: where its problems are shown. */
export class Cursor {
  readonly #context: DecodeContext;
  readonly #path: Path;

  constructor(context: DecodeContext, path: Path = []) {
    this.#context = context;
    this.#path = path;
  }

  to(...keys: Path): Cursor {
    return new Cursor(this.#context, [...this.#path, ...keys]);
  }

  /** From 1. */
  get line(): number {
    return this.#context.findings.lineOf(this.#context.places.valueAt(this.#path));
  }

  /** The name of what stands here, for messages. */
  get key(): string {
    return String(this.#path.at(-1));
  }

  /** The value itself is wrong. */
  error(message: string): void {
    this.#context.findings.error(message, this.#context.places.valueAt(this.#path));
  }

  /** That it is there at all is wrong. */
  errorAtKey(message: string): void {
    this.#context.findings.error(message, this.#context.places.keyAt(this.#path));
  }

  warn(message: string): void {
    this.#context.findings.warn(message, this.#context.places.valueAt(this.#path));
  }

  /** What `parse` makes of the text here; `fallback` and a problem at the very character, if it is not of its grammar. */
  parse<T>(text: string, parse: (text: string) => T, fallback: T): T {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      const { places, findings } = this.#context;
      const whole = error.offset === 0;
      findings.error(
        error.message,
        whole ? places.valueAt(this.#path) : places.characterAt(this.#path, error.offset),
      );
      return fallback;
    }
  }

  /** The absolute path of what is named here, without looking for it. */
  resolve(name: string): string {
    return resolve(this.#context.folder, name);
  }

  /** As {@link resolve}; the file has to exist when all is read. */
  resolveExisting(name: string): string {
    const file = this.resolve(name);
    this.#context.namedFiles.push({ file, span: this.#context.places.valueAt(this.#path) });
    return file;
  }
}
