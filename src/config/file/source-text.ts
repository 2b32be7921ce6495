import { toCell, type Cell } from "../../core/printable.ts";

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

/** An excerpt is at most this wide; before the caret it shows this much. */
const excerptWidth = 110;
const widthBeforeCaret = 60;

/** The text of a file, which knows its lines and which parts of them must not be shown. */
export class SourceText {
  readonly text: string;
  readonly #lineStarts: readonly number[];
  readonly #secrets: Span[] = [];

  constructor(text: string) {
    this.text = text;
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  }

  /** No location will show this part. */
  hide(secret: Span): void {
    this.#secrets.push(secret);
  }

  /** From 1. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** The line without its end. */
  lineAt(line: number): { readonly text: string; readonly start: number } {
    const start = this.#lineStarts[line - 1] ?? this.text.length;
    const end = (this.#lineStarts[line] ?? this.text.length + 1) - 1;
    return { text: this.text.slice(start, end).replace(/\r$/, ""), start };
  }

  /** Points at `span`, or at the part of it that lies on its first line. */
  locate(span: Span): Location {
    const line = this.lineOf(span.offset);
    const lineStart = this.#lineStarts[line - 1] ?? 0;
    const lineEnd = (this.#lineStarts[line] ?? this.text.length + 1) - 1;
    // A line may be as long as the file: only what can be visible is looked at.
    const from = Math.max(lineStart, span.offset - 2 * excerptWidth);
    const to = Math.min(lineEnd, span.offset + 2 * excerptWidth);
    const shown = this.text.slice(from, to).replace(/\r$/, "");

    const secrets = this.#secrets.filter(({ offset, length }) => offset < to && offset + length > from);

    const before: Cell[] = [];
    const marked: Cell[] = [];
    const after: Cell[] = [];
    let offset = from;
    for (const character of shown) {
      const part = offset < span.offset ? before : offset < span.offset + span.length ? marked : after;
      part.push(this.#cellAt(offset, from, secrets) ?? toCell(character));
      offset += character.length;
    }
    return {
      line,
      column: span.offset - lineStart + 1,
      ...layOut(before, marked, after, { cutBefore: from > lineStart, cutAfter: to < lineEnd }),
    };
  }

  /** A secret is one cell, at its first visible character: its length stays hidden, too. */
  #cellAt(offset: number, from: number, secrets: readonly Span[]): Cell | null {
    const secret = secrets.find((span) => offset >= span.offset && offset < span.offset + span.length);
    if (secret === undefined) return null;
    const isFirst = offset === Math.max(secret.offset, from) || this.text[offset - 1] === "\n";
    return isFirst ? { text: "<secret>", width: 8 } : { text: "", width: 0 };
  }
}

/** Cuts a line to what fits around its marked part. */
function layOut(
  before: Cell[],
  marked: readonly Cell[],
  after: readonly Cell[],
  cut: { readonly cutBefore: boolean; readonly cutAfter: boolean },
): Pick<Location, "excerpt" | "caretIndent" | "caretLength"> {
  let { cutBefore, cutAfter } = cut;
  while (widthOf(before) > widthBeforeCaret && widthOf([...before, ...marked, ...after]) > excerptWidth) {
    before.shift();
    cutBefore = true;
  }
  const start = `${cutBefore ? "…" : ""}${textOf(before)}`;
  const indent = widthOf(before) + (cutBefore ? 1 : 0);
  const rest: Cell[] = [];
  for (const cell of [...marked, ...after]) {
    if (indent + widthOf(rest) + cell.width > excerptWidth) {
      cutAfter = true;
      break;
    }
    rest.push(cell);
  }
  const caretLength = widthOf(rest.slice(0, marked.length));
  return {
    excerpt: `${start}${textOf(rest)}${cutAfter ? "…" : ""}`,
    caretIndent: indent,
    caretLength: Math.max(1, caretLength),
  };
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ text }) => text).join("");
}
