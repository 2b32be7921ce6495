import { toCell, widthOf } from "./printable.ts";

const gap = "  ";

/** Aligns cells in columns: measure every row first, then render each. Widths are columns of a terminal. */
export class Columns {
  readonly #rightAligned: ReadonlySet<number>;
  readonly #maxWidth: number | null;
  readonly #widths: number[] = [];

  /**
   * @param rightAligned the indexes of columns of numbers
   * @param maxWidth of a line; longer ones are cut, the last cell in its middle. null: nothing is cut
   */
  constructor(rightAligned: readonly number[] = [], maxWidth: number | null = null) {
    this.#rightAligned = new Set(rightAligned);
    this.#maxWidth = maxWidth;
  }

  /** The last cell needs no width, unless it is a number. */
  measure(cells: readonly string[]): void {
    for (const [column, cell] of cells.entries()) {
      if (column === cells.length - 1 && !this.#rightAligned.has(column)) continue;
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, widthOf(cell));
    }
  }

  render(cells: readonly string[]): string {
    const last = cells.length - 1;
    const start = cells.slice(0, -1).map((cell, column) => this.#pad(cell, column) + gap);
    const leading = start.join("");
    const rest = this.#rightAligned.has(last) ? this.#pad(cells[last] ?? "", last) : (cells[last] ?? "");
    if (this.#maxWidth === null) return (leading + rest).trimEnd();
    const room = Math.max(this.#maxWidth - widthOf(leading), 0);
    return cutTo(leading + cutMiddle(rest, room), this.#maxWidth).trimEnd();
  }

  #pad(cell: string, column: number): string {
    const padding = " ".repeat(Math.max(0, (this.#widths[column] ?? 0) - widthOf(cell)));
    return this.#rightAligned.has(column) ? padding + cell : cell + padding;
  }
}

/** Cuts a line to so many columns, with a mark where something is missing. */
function cutTo(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let kept = "";
  let width = 0;
  for (const character of line) {
    width += toCell(character).width;
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : "";
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
