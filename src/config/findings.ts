import { toPrintable } from "../core/printable.ts";
import type { Problem } from "./problem.ts";
import type { SourceText, Span } from "./source-text.ts";

/** Keys and indexes from the top of the file down to a value. */
export type Path = readonly (string | number)[];

/** Where the values of a file stand; {@link readYaml} makes it. */
export interface Places {
  /** The value; for a mapping or list, its key or first entry; for what is not there, the nearest thing around it. */
  valueAt(path: Path): Span;
  /** The key, or {@link valueAt} for what has none. */
  keyAt(path: Path): Span;
  /** The character `offset` of the text at `path`, if the file shows it as it is; else the whole value. */
  characterAt(path: Path, offset: number): Span;
}

interface Entry {
  readonly severity: Problem["severity"];
  readonly message: string;
  readonly span: Span | null;
}

/**
 * Collects the problems of one file. Lines are cut out of it only in the end, when all of its secrets are known.
 */
export class Findings {
  readonly #path: string;
  readonly #source: SourceText;
  readonly #entries: Entry[] = [];

  constructor(path: string, source: SourceText) {
    this.#path = path;
    this.#source = source;
  }

  get hasErrors(): boolean {
    return this.#entries.some(({ severity }) => severity === "error");
  }

  /** In the order of the file. What an alias repeats is said once. */
  get problems(): readonly Problem[] {
    const unique = new Map(this.#entries.map((entry) => [JSON.stringify(entry), entry]));
    return [...unique.values()]
      .toSorted((a, b) => (a.span?.offset ?? -1) - (b.span?.offset ?? -1))
      .map(({ severity, message, span }) => ({
        severity,
        path: this.#path,
        message: toPrintable(message),
        location: span === null ? null : this.#source.locate(span),
      }));
  }

  /** `span` null: the file as a whole. */
  error(message: string, span: Span | null): void {
    this.#entries.push({ severity: "error", message, span });
  }

  lineOf(span: Span): number {
    return this.#source.lineOf(span.offset);
  }

  warn(message: string, span: Span | null): void {
    this.#entries.push({ severity: "warning", message, span });
  }
}
