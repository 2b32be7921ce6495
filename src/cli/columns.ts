import type { Output } from "./io.ts";

/** Rows that arrive one by one, aligned page by page: a long list starts to show before it ends. */
export interface Columns {
  add(row: readonly string[]): void;
  /** Prints what is left. */
  end(): void;
}

const pageRows = 500;
const gap = "  ";

/** Prints the header before the first row; nothing at all without rows. The last column is not padded. */
export function createColumns(header: readonly string[], output: Output): Columns {
  let page: (readonly string[])[] = [header];
  let widths = header.map(() => 0);
  let started = false;
  const print = (): void => {
    widths = widths.map((width, column) =>
      page.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), width),
    );
    const render = (row: readonly string[]): string =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join(gap);
    output.write(page.map((row) => `${render(row)}\n`).join(""));
    page = [];
  };
  return {
    add(row) {
      started = true;
      page.push(row);
      if (page.length > pageRows) print();
    },
    end() {
      if (started && page.length > 0) print();
    },
  };
}
