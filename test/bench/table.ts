import type { Row } from "./row.ts";

const columns = ["figure", "measured", "target", "met"] as const satisfies readonly (keyof Row)[];

/** A Markdown table, laid out as prettier does, so that it reads well as it is. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column].replaceAll("|", "\\|")))];
  const widths = columns.map((_, index) => Math.max(3, ...lines.map((line) => (line[index] ?? "").length)));
  const render = (cells: readonly string[], fill: string): string =>
    `| ${cells.map((cell, index) => cell + fill.repeat((widths[index] ?? 0) - cell.length)).join(" | ")} |`;
  const [head = [], ...body] = lines;
  const rule = render(
    columns.map(() => ""),
    "-",
  );
  return [render(head, " "), rule, ...body.map((line) => render(line, " "))].join("\n");
}
