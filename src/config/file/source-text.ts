import { LineCounter } from "yaml";

import { toCell, widthOf } from "../../core/printable.ts";

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
  /** The line, or the part of it around the problem, safe to print: without secrets and control characters. */
  readonly excerpt: string;
  /** The position of the caret under the excerpt and its length, both in columns of a terminal. */
  readonly caretIndent: number;
  readonly caretLength: number;
}

/** A line that is longer is cut to what fits around the caret. In UTF-16 units: most lines have no wide characters. */
const maxExcerptLength = 110;
const maxLengthBefore = 60;

/** The text of a file, which knows its lines and which parts of them must not be shown. */
export class SourceText {
  readonly text: string;
  readonly #lines = new LineCounter();
  readonly #secrets: Span[] = [];

  constructor(text: string) {
    this.text = text;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  /** No location will show this part. */
  hide(secret: Span): void {
    this.#secrets.push(secret);
  }

  /** From 1. */
  lineOf(offset: number): number {
    return this.#lines.linePos(offset).line;
  }

  /** The line without its end. */
  lineAt(line: number): { readonly text: string; readonly start: number } {
    const { lineStarts } = this.#lines;
    const start = lineStarts[line - 1] ?? this.text.length;
    const end = (lineStarts[line] ?? this.text.length + 1) - 1;
    return { text: this.text.slice(start, end).replace(/\r$/, ""), start };
  }

  /** Points at `span`, or at the part of it on its first line. */
  locate(span: Span): Location {
    const line = this.lineOf(span.offset);
    const { text, start: lineStart } = this.lineAt(line);
    const lineEnd = lineStart + text.length;
    const isLong = text.length > maxExcerptLength;
    const start = isLong ? Math.max(lineStart, span.offset - maxLengthBefore) : lineStart;
    const end = Math.min(lineEnd, start + maxExcerptLength);
    const spanEnd = Math.min(span.offset + Math.max(1, span.length), end);
    const show = (from: number, to: number): string => this.#show(from, to, start);
    const before = `${start > lineStart ? "…" : ""}${show(start, Math.min(span.offset, end))}`;
    const marked = show(span.offset, spanEnd);
    return {
      line,
      column: span.offset - lineStart + 1,
      excerpt: `${before}${marked}${show(spanEnd, end)}${end < lineEnd ? "…" : ""}`,
      caretIndent: widthOf(before),
      caretLength: Math.max(1, widthOf(marked)),
    };
  }

  /**
   * A part of an excerpt that begins at `excerptStart`, safe to print. A secret is one word at its first visible character: its length
   * stays hidden, too.
   */
  #show(start: number, end: number, excerptStart: number): string {
    const secrets = this.#secrets.filter(({ offset, length }) => offset < end && offset + length > start);
    let shown = "";
    let at = start;
    for (const character of this.text.slice(start, end)) {
      const secret = secrets.find(({ offset, length }) => at >= offset && at < offset + length);
      if (secret === undefined) shown += toCell(character).text;
      else if (at === Math.max(secret.offset, excerptStart)) shown += "<secret>";
      at += character.length;
    }
    return shown;
  }
}
