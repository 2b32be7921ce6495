/** One mistake in a file. */
export interface Problem {
  /** A warning does not stop the janitor. */
  readonly severity: "error" | "warning";
  /** The file, as it was named. */
  readonly path: string;
  readonly message: string;
  /** null: it concerns the file as a whole. */
  readonly location: Location | null;
}

/** Where a problem is, with what is needed to show it. */
export interface Location {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** The line, or the part of it around the problem, safe to print: without secrets and control characters. */
  readonly excerpt: string;
  /** The caret's place under the excerpt and its length, both in columns of a terminal. */
  readonly caretIndent: number;
  readonly caretLength: number;
}

/**
 * Renders `janitor.yml:14:5: unknown key "matcher": did you mean "matchers"?`, the line and a caret under the place;
 * no newline at the end.
 */
export function renderProblem({ severity, path, message, location }: Problem): string {
  const what = severity === "warning" ? `warning: ${message}` : message;
  if (location === null) return `${path}: ${what}`;
  const { line, column, excerpt, caretIndent, caretLength } = location;
  const caret = " ".repeat(caretIndent) + "^".repeat(caretLength);
  return `${path}:${line}:${column}: ${what}\n  ${excerpt}\n  ${caret}`;
}
