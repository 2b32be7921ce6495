import { dirname, resolve } from "node:path";

import { cutText, toPrintable } from "../../core/printable.ts";
import type { Location, SourceText, Span } from "./source-text.ts";

/** One mistake in a file. */
export interface Problem {
  /** A warning does not stop the janitor. */
  readonly severity: "error" | "warning";
  /** The file, as it was named. */
  readonly path: string;
  readonly message: string;
  /** null: it concerns the file itself. */
  readonly location: Location | null;
}

/**
 * Renders `janitor.yml:14:5: unknown key "matcher": did you mean "matchers"?`, the line if it holds no secret, and a caret under the
 * mistake; no newline at the end.
 */
export function renderProblem({ severity, path, message, location }: Problem): string {
  const what = severity === "warning" ? `warning: ${message}` : message;
  if (location === null) return `${path}: ${what}`;
  const { line, column, excerpt } = location;
  const first = `${path}:${line}:${column}: ${what}`;
  if (excerpt === null) return first;
  return `${first}\n  ${excerpt.text}\n  ${" ".repeat(excerpt.caretIndent)}${"^".repeat(excerpt.caretLength)}`;
}

/** A file that another one names, and where. */
interface NamedFile {
  /** Absolute. */
  readonly file: string;
  readonly span: Span;
}

interface Reported {
  readonly severity: Problem["severity"];
  readonly message: string;
  readonly span: Span | null;
}

/** Nobody reads more of them, and each is a few lines of a log. */
const maxProblems = 50;
const maxMessageLength = 1000;

/**
 * Collects the problems of one file, and the files that it names. Excerpts are made in the end, when all secrets of the file are known.
 */
export class ProblemList {
  readonly source: SourceText;
  readonly #path: string;
  readonly #reported: Reported[] = [];
  readonly #namedFiles: NamedFile[] = [];

  constructor(path: string, source: SourceText) {
    this.#path = path;
    this.source = source;
  }

  get hasErrors(): boolean {
    return this.#reported.some(({ severity }) => severity === "error");
  }

  get errorCount(): number {
    return this.#unique().filter(({ severity }) => severity === "error").length;
  }

  /** In the order of the file; of very many the first ones, and how many more there are. */
  get problems(): readonly Problem[] {
    const sorted = this.#unique().toSorted((a, b) => (a.span?.offset ?? -1) - (b.span?.offset ?? -1));
    if (sorted.length <= maxProblems) return sorted.map((one) => this.#locate(one));
    // Warnings must not crowd out what stops the janitor.
    const errors = sorted.filter(({ severity }) => severity === "error");
    const shown = (errors.length > 0 ? errors : sorted).slice(0, maxProblems);
    const rest: Reported = {
      severity: errors.length > shown.length ? "error" : "warning",
      message: `and ${(sorted.length - shown.length).toLocaleString("en")} more`,
      span: null,
    };
    return [...shown, rest].map((one) => this.#locate(one));
  }

  get namedFiles(): readonly NamedFile[] {
    return this.#namedFiles;
  }

  /** This file, as it was named, and those that it names, each once. */
  get files(): readonly string[] {
    return [this.#path, ...new Set(this.#namedFiles.map(({ file }) => file))];
  }

  /** `span` null: the file itself. */
  error(message: string, span: Span | null): void {
    this.#reported.push({ severity: "error", message, span });
  }

  warn(message: string, span: Span | null): void {
    this.#reported.push({ severity: "warning", message, span });
  }

  /** The absolute path of a file that is named relative to this one. */
  resolve(name: string): string {
    return resolve(dirname(resolve(this.#path)), name);
  }

  /** As {@link resolve}, for a file that has to exist. */
  resolveExisting(name: string, span: Span): string {
    const file = this.resolve(name);
    this.#namedFiles.push({ file, span });
    return file;
  }

  /** An alias repeats a mistake; it is reported once. */
  #unique(): readonly Reported[] {
    return [...new Map(this.#reported.map((one) => [JSON.stringify(one), one])).values()];
  }

  #locate({ severity, message, span }: Reported): Problem {
    return {
      severity,
      path: this.#path,
      message: toPrintable(cutText(message, maxMessageLength)),
      location: span === null ? null : this.source.locate(span),
    };
  }
}
