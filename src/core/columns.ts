import { toCell, widthOf } from "./printable.ts";

const gap = "  ";

interface ColumnsOptions {
  readonly titles?: readonly string[];
  /** The indexes of columns of numbers, which are aligned to the right. */
  readonly numbers?: readonly number[];
  /** Longer lines are cut, the last cell in its middle. null: nothing is cut. */
  readonly maxWidth?: number | null;
}

/** Aligns cells in columns: measure every row first, then render each. Widths are columns of a terminal. */
export class Columns {
  readonly #titles: readonly string[];
  readonly #numbers: ReadonlySet<number>;
  readonly #maxWidth: number | null;
  readonly #widths: number[];
  /** The only value of each column; null: it has several. */
  readonly #only: (string | null)[] = [];
  readonly #dropped = new Set<number>();

  constructor({ titles = [], numbers = [], maxWidth = null }: ColumnsOptions = {}) {
    this.#titles = titles;
    this.#numbers = new Set(numbers);
    this.#maxWidth = maxWidth;
    this.#widths = titles.map(widthOf);
  }

  measure(cells: readonly string[]): void {
    for (const [column, cell] of cells.entries()) {
      // The last cell needs no width of its own, unless it is a number or may have to be cut.
      const isOpen = column === cells.length - 1 && !this.#numbers.has(column) && this.#maxWidth === null;
      if (isOpen) continue;
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, widthOf(cell));
      const only = this.#only[column];
      if (only !== cell) this.#only[column] = only === undefined ? cell : null;
    }
  }

  /** Whether lines are too long, and cut. */
  get isCut(): boolean {
    const kept = this.#widths.filter((_, column) => !this.#dropped.has(column));
    const width = kept.reduce((sum, one) => sum + one + gap.length, -gap.length);
    return this.#maxWidth !== null && width > this.#maxWidth;
  }

  /**
   * If lines had to be cut, drops the columns that hold one value only.
   * @returns the titles and values of these columns, to print them once
   */
  dropUniform(): readonly (readonly [title: string, value: string])[] {
    if (!this.isCut) return [];
    return this.#titles.slice(0, -1).flatMap((title, column) => {
      const value = this.#only[column] ?? null;
      if (value === null) return [];
      this.#dropped.add(column);
      return [[title, value] as const];
    });
  }

  renderTitles(): string {
    return this.render(this.#titles);
  }

  render(cells: readonly string[]): string {
    const last = cells.length - 1;
    let leading = "";
    for (const [column, cell] of cells.entries()) {
      if (column < last && !this.#dropped.has(column)) leading += this.#pad(cell, column) + gap;
    }
    const rest = this.#numbers.has(last) ? this.#pad(cells[last] ?? "", last) : (cells[last] ?? "");
    if (this.#maxWidth === null) return (leading + rest).trimEnd();
    const room = Math.max(this.#maxWidth - widthOf(leading), 0);
    return cutTo(leading + cutValues(rest, room), this.#maxWidth).trimEnd();
  }

  #pad(cell: string, column: number): string {
    const padding = " ".repeat(Math.max(0, (this.#widths[column] ?? 0) - widthOf(cell)));
    return this.#numbers.has(column) ? padding + cell : cell + padding;
  }
}

/** Cuts a line to so many columns, with a mark where something is missing. null: nothing is cut. */
export function cutTo(line: string, columns: number | null): string {
  if (columns === null || widthOf(line) <= columns) return line;
  let kept = "";
  let width = 0;
  for (const character of line) {
    width += toCell(character).width;
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : "";
}

/** The longest values of a group are cut first: the short ones tell it from its neighbours. */
function cutValues(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  for (const longest of [24, 18, 14, 11, 9, 7]) {
    const cut = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (value) => cutMiddle(value, longest));
    if (widthOf(cut) <= columns) return cut;
  }
  return cutMiddle(text, columns);
}

/** Cuts a text in its middle: groups often differ only at the end of their labels. */
function cutMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const tail: string[] = [];
  let width = 0;
  for (const character of Array.from(text).toReversed()) {
    width += toCell(character).width;
    if (width > columns / 2) break;
    tail.unshift(character);
  }
  const end = tail.join("");
  return `${cutTo(text, Math.max(columns - widthOf(end), 0))}${end}`;
}
