import { Columns } from "../core/columns.ts";
import { showText } from "./text.ts";

const pageRows = 500;

/**
 * Prints rows that arrive one by one, aligned page by page: a long list starts to show before it ends. The header comes before the
 * first row; without rows nothing is printed.
 */
export function createRowPrinter(
  header: readonly string[],
  output: { readonly write: (text: string) => unknown },
) {
  const columns = new Columns();
  let page: (readonly string[])[] = [];
  let started = false;
  const print = (): void => {
    for (const row of page) columns.measure(row);
    output.write(page.map((row) => `${columns.render(row)}\n`).join(""));
    page = [];
  };
  return {
    /** Whatever is in a cell, it cannot drive the terminal. */
    add(row: readonly string[]): void {
      if (!started) page.push(header);
      started = true;
      page.push(row.map(showText));
      if (page.length > pageRows) print();
    },
    /** Prints the rest. */
    end(): void {
      if (page.length > 0) print();
    },
  };
}
