import { padTo, widthOf } from "../core/printable.ts";
import { showText } from "../report/text.ts";
import type { Output } from "./io.ts";

/**
 * Rows that arrive one by one, aligned page by page: a long list starts to show before it ends. Whatever is in a cell, it
 * cannot drive the terminal.
 */
export interface Columns {
  add(row: readonly string[]): void;
  /** Prints what is left. */
  end(): void;
}

const pageRows = 500;
const gap = "  ";

/** Prints the header before the first row; nothing at all without rows. The last cell of a row is not padded. */
export function createColumns(header: readonly string[], output: Output): Columns {
  let page: (readonly string[])[] = [header];
  let widths = header.map(() => 0);
  let started = false;
  const print = (): void => {
    widths = widths.map((width, column) =>
      page.reduce(
        (most, row) => (column < row.length - 1 ? Math.max(most, widthOf(row[column] ?? "")) : most),
        width,
      ),
    );
    const render = (row: readonly string[]): string =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : padTo(cell, widths[column] ?? 0)))
        .join(gap);
    output.write(page.map((row) => `${render(row)}\n`).join(""));
    page = [];
  };
  return {
    add(row) {
      started = true;
      page.push(row.map(showText));
      if (page.length > pageRows) print();
    },
    end() {
      if (started && page.length > 0) print();
    },
  };
}
