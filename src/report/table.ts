import { formatAge, formatDuration } from "../core/duration.ts";
import { padTo, widthOf } from "../core/printable.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import { createStyle, type Paint, type Style } from "./style.ts";
import { cutTo } from "./text.ts";
import { viewRow, type Row } from "./row.ts";
import { viewGateway, type GatewayView } from "./view.ts";

export interface TableOptions {
  /** Of the terminal; the last column is cut to fit. null: nothing is cut. */
  readonly columns: number | null;
  readonly color: boolean;
}

/** Renders a report for people: per gateway a headline, one line per group, and what needs attention. */
export function renderTable(report: SweepReport, options: TableOptions): string {
  const style = createStyle(options.color);
  return report.gateways.map((gateway) => renderGateway(gateway, report.dryRun, options, style)).join("\n");
}

function renderGateway(report: GatewayReport, dryRun: boolean, options: TableOptions, style: Style): string {
  const gateway = viewGateway(report, dryRun);
  const lines = [headline(gateway, style)];
  if (report.entries.length > 0) lines.push("", ...renderRows(report.entries.map(viewRow), options, style));
  if (gateway.error !== null) lines.push("", style.red(`${gateway.status}: ${gateway.error.message}`));
  for (const note of gateway.notes) lines.push("", style.yellow(`note: ${note}`));
  return `${lines.join("\n")}\n`;
}

function headline({ name, url, facts, status }: GatewayView, style: Style): string {
  const title = `${style.bold(name)} ${style.dim(url)}`;
  return `${title}  ${facts.length === 0 ? style.red(status) : facts.join(", ")}`;
}

const header = ["VERDICT", "REASON", "RULE", "AGE", "TTL", "GROUP"];

function renderRows(rows: readonly Row[], options: TableOptions, style: Style): string[] {
  const texts = rows.map(cells);
  const widths = header.map((title, column) =>
    texts.reduce((width, row) => Math.max(width, widthOf(row[column] ?? "")), title.length),
  );
  const render = (row: readonly string[], paint: Paint): string => {
    const padded = row.map((cell, column) => pad(cell, column, widths[column] ?? 0));
    return paint(cutTo(padded.join("  "), options.columns));
  };
  return [
    render(header, style.dim),
    ...rows.map((row, index) => render(texts[index] ?? [], paintOf(row, style))),
  ];
}

function pad(cell: string, column: number, width: number): string {
  // What comes last needs no filling up.
  if (column === header.length - 1) return cell;
  return isNumeric(column) ? cell.padStart(width) : padTo(cell, width);
}

function isNumeric(column: number): boolean {
  return header[column] === "AGE" || header[column] === "TTL";
}

function cells({ fate, reason, rule, ageSeconds, ttlSeconds, labelsText }: Row): string[] {
  return [
    fate,
    reason,
    rule ?? "-",
    ageSeconds === null ? "?" : formatAge(ageSeconds),
    ttlSeconds === null ? "-" : formatDuration(ttlSeconds),
    labelsText,
  ];
}

function paintOf({ verdict, outcome }: Row, style: Style): Paint {
  if (outcome === "failed" || outcome === "still_there") return style.red;
  if (verdict === "delete") return style.yellow;
  return verdict === "withhold" ? style.red : style.plain;
}
