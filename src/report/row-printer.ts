import { Columns, cutTo } from "../core/columns.ts";
import { cutNote, renderUniform } from "./table.ts";
import { createStyle, showText } from "./text.ts";

const pageRows = 500;

interface RowPrinterOptions {
  readonly write: (text: string) => unknown;
  /** Of the terminal: lines are cut to fit, and every page says once what all of its rows share. null: nothing is cut. */
  readonly maxWidth: number | null;
}

/**
 * Prints rows that arrive one by one, aligned page by page: a long list starts to show before it ends. The titles come before the
 * first row; without rows nothing is printed.
 */
export function createRowPrinter(titles: readonly string[], { write, maxWidth }: RowPrinterOptions) {
  const style = createStyle(false);
  let columns = new Columns({ titles, maxWidth });
  let isCut = false;
  let page: (readonly string[] | string)[] = [];
  let started = false;
  const print = (): void => {
    // The next page may share other values.
    if (maxWidth !== null) columns = new Columns({ titles, maxWidth });
    for (const row of page) if (typeof row !== "string") columns.measure(row);
    const shared = [...renderUniform(columns.dropUniform(), maxWidth, style)];
    const head = started && maxWidth === null ? [] : [...shared, columns.renderTitles()];
    const lines = page.map((row) => (typeof row === "string" ? row : columns.render(row)));
    write([...head, ...lines].map((line) => `${line}\n`).join(""));
    isCut ||= columns.isCut;
    page = [];
    started = true;
  };
  return {
    /** Whatever is in a cell, it cannot drive the terminal. */
    add(row: readonly string[]): void {
      // Remarks stay with their row.
      if (page.length >= pageRows) print();
      page.push(row.map(showText));
    },
    /** A line about the row before it, which is never cut. */
    remark(text: string): void {
      page.push(`  ${showText(text)}`);
    },
    /** Prints the rest. */
    end(): void {
      if (page.length > 0) print();
      if (isCut) write(`\n${cutTo(cutNote, maxWidth)}\n`);
    },
  };
}
