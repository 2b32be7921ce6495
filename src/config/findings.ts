import { cutText, toPrintable } from "../core/printable.ts";
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

/** Nobody reads more of them, and each is a few lines of a log. */
const maxProblems = 50;
const maxMessageLength = 1000;

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

  get errorCount(): number {
    return this.#unique().filter(({ severity }) => severity === "error").length;
  }

  /** In the order of the file; of very many the first ones, and how many more there are. */
  get problems(): readonly Problem[] {
    const entries = this.#unique().toSorted((a, b) => (a.span?.offset ?? -1) - (b.span?.offset ?? -1));
    if (entries.length <= maxProblems) return entries.map((entry) => this.#locate(entry));
    // Warnings must not crowd out what stops the janitor.
    const errors = entries.filter(({ severity }) => severity === "error");
    const shown = (errors.length > 0 ? errors : entries).slice(0, maxProblems);
    const rest: Entry = {
      severity: errors.length > shown.length ? "error" : "warning",
      message: `and ${(entries.length - shown.length).toLocaleString("en")} more`,
      span: null,
    };
    return [...shown, rest].map((entry) => this.#locate(entry));
  }

  /** What an alias repeats is said once. */
  #unique(): readonly Entry[] {
    return [...new Map(this.#entries.map((entry) => [JSON.stringify(entry), entry])).values()];
  }

  #locate({ severity, message, span }: Entry): Problem {
    return {
      severity,
      path: this.#path,
      message: toPrintable(cutText(message, maxMessageLength)),
      location: span === null ? null : this.#source.locate(span),
    };
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
