import { LineCounter } from "yaml";

import { toPrintable, widthOf } from "../../core/printable.ts";

/** A part of a text, in UTF-16 units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** A part of a file, with what is needed to show it. */
export interface Location {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** null: the line may hold a secret. */
  readonly excerpt: Excerpt | null;
}

interface Excerpt {
  /** The line, or the part of it around the problem, safe to print. */
  readonly text: string;
  /** The position of the caret under the text and its length, both in columns of a terminal. */
  readonly caretIndent: number;
  readonly caretLength: number;
}

/** A line that is longer is cut to what fits around the caret. In UTF-16 units: most lines have no wide characters. */
const maxExcerptLength = 110;
const maxLengthBefore = 60;

/** The text of a file, which knows its lines and which of them must not be shown. */
export class SourceText {
  readonly text: string;
  readonly #lines = new LineCounter();
  readonly #hidden = new Set<number>();

  constructor(text: string) {
    this.text = text;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  /** No line of this part will be shown. */
  hide({ offset, length }: Span): void {
    const last = this.lineOf(offset + length - 1);
    for (let line = this.lineOf(offset); line <= last; line += 1) this.#hidden.add(line);
  }

  /** From 1. */
  lineOf(offset: number): number {
    return this.#lines.linePos(offset).line;
  }

  /** Points at a span, or at the part of it on its first line. */
  locate({ offset, length }: Span): Location {
    const { line, col: column } = this.#lines.linePos(offset);
    if (this.#hidden.has(line)) return { line, column, excerpt: null };
    const { lineStarts } = this.#lines;
    const end = (lineStarts[line] ?? this.text.length + 1) - 1;
    const text = this.text.slice(lineStarts[line - 1], end).replace(/\r$/, "");
    const at = column - 1;
    const from = text.length > maxExcerptLength ? Math.max(0, at - maxLengthBefore) : 0;
    const to = Math.min(text.length, from + maxExcerptLength);
    const markedTo = Math.min(at + Math.max(1, length), to);
    const before = `${from > 0 ? "…" : ""}${toPrintable(text.slice(from, Math.min(at, to)))}`;
    const marked = toPrintable(text.slice(at, markedTo));
    const after = `${toPrintable(text.slice(markedTo, to))}${to < text.length ? "…" : ""}`;
    const caret = { caretIndent: widthOf(before), caretLength: Math.max(1, widthOf(marked)) };
    return { line, column, excerpt: { text: before + marked + after, ...caret } };
  }
}
