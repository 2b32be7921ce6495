import { Columns } from "../core/columns.ts";
import { showText } from "./text.ts";

/** Rows that arrive one by one, aligned page by page: a long list starts to show before it ends. */
interface RowPrinter {
  /** Whatever is in a cell, it cannot drive the terminal. */
  add(row: readonly string[]): void;
  /** Prints the rest. */
  end(): void;
}

const pageRows = 500;

/** Prints the header before the first row; nothing at all without rows. */
export function createRowPrinter(
  header: readonly string[],
  output: { readonly write: (text: string) => unknown },
): RowPrinter {
  const columns = new Columns();
  let page: (readonly string[])[] = [];
  let started = false;
  const print = (): void => {
    for (const row of page) columns.measure(row);
    output.write(page.map((row) => `${columns.render(row)}\n`).join(""));
    page = [];
  };
  return {
    add(row) {
      if (!started) page.push(header);
      started = true;
      page.push(row.map(showText));
      if (page.length > pageRows) print();
    },
    end() {
      if (page.length > 0) print();
    },
  };
}
