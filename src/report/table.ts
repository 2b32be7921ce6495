import { formatAge, formatDuration } from "../core/duration.ts";
import { padTo, widthOf } from "../core/printable.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import type { RuleTotals } from "../core/totals.ts";
import { createStyle, type Paint, type Style } from "./style.ts";
import { countRules } from "./rule-totals.ts";
import { cutMiddle, cutTo, showText } from "./text.ts";
import { showLabels, viewRow, type Row } from "./row.ts";
import { viewGateway, type GatewayView } from "./view.ts";

export interface TableOptions {
  /** Of the terminal; the groups are cut to fit. null: nothing is cut. */
  readonly columns: number | null;
  readonly color: boolean;
  /** Without the lines of groups. */
  readonly summary?: boolean;
}

/** Renders a report for people, line by line: per gateway a headline, one line per group, and what needs attention. */
export function* renderTable(report: SweepReport, options: TableOptions): Generator<string> {
  const style = createStyle(options.color);
  for (const [index, gateway] of report.gateways.entries()) {
    if (index > 0) yield "\n";
    for (const line of renderGateway(gateway, report, options, style)) yield `${line}\n`;
  }
}

function* renderGateway(
  report: GatewayReport,
  { dryRun, rules }: SweepReport,
  options: TableOptions,
  style: Style,
): Generator<string> {
  const gateway = viewGateway(report, dryRun);
  yield headline(gateway, style);
  yield* renderRules(countRules({ gateways: [report], rules }), gateway.planOnly, options, style);
  if (report.entries.length > 0 && options.summary !== true) {
    yield "";
    yield* renderRows(report.entries, options, style);
  }
  if (gateway.error !== null) yield* ["", style.red(`${gateway.status}: ${gateway.error.message}`)];
  for (const note of gateway.notes) yield* ["", style.yellow(`note: ${note}`)];
}

function headline({ name, url, facts, status }: GatewayView, style: Style): string {
  const title = `${style.bold(name)} ${style.dim(url)}`;
  return `${title}  ${facts.length === 0 ? style.red(status) : facts.join(", ")}`;
}

/** Nothing where one rule decides about all groups: the headline says the same. */
function* renderRules(
  rules: readonly RuleTotals[],
  planOnly: boolean,
  options: TableOptions,
  style: Style,
): Generator<string> {
  if (rules.length === 0 || (rules.length === 1 && rules[0]?.groups !== 0)) return;
  const cells = rules.map(({ rule, groups, expired, deleted, verdicts }) => [
    rule === null ? "(no rule)" : showText(rule),
    ...[groups, expired, verdicts.withhold, ...(planOnly ? [] : [deleted])].map(String),
  ]);
  const titles = ["RULE", "GROUPS", "EXPIRED", "WITHHELD", ...(planOnly ? [] : ["DELETED"])];
  const widths = titles.map((_, column) =>
    Math.max(...[titles, ...cells].map((row) => widthOf(row[column] ?? ""))),
  );
  const render = ([name = "", ...counts]: readonly string[]): string =>
    cutTo(
      [
        padTo(name, widths[0] ?? 0),
        ...counts.map((count, index) => count.padStart(widths[index + 1] ?? 0)),
      ].join("  "),
      options.columns,
    );
  yield* ["", style.dim(render(titles)), ...cells.map(render)];
}

const header = ["VERDICT", "REASON", "RULE", "AGE", "TTL", "GROUP"];

function* renderRows(
  entries: readonly ReportEntry[],
  options: TableOptions,
  style: Style,
): Generator<string> {
  const widths = measureColumns(entries);
  const render = (row: readonly string[], paint: Paint): string => {
    const leading = row.slice(0, -1).map((cell, column) => `${pad(cell, column, widths[column] ?? 0)}  `);
    const start = leading.join("");
    const room = options.columns === null ? null : Math.max(options.columns - widthOf(start), 0);
    return paint(cutTo(`${start}${cutMiddle(row.at(-1) ?? "", room)}`, options.columns));
  };
  yield render(header, style.dim);
  for (const entry of entries) {
    const row = viewRow(entry);
    yield render([...leadingCells(row), showLabels(row.labels)], paintOf(row, style));
  }
}

/**
 * Of all columns but the last, which needs no width. Cells are made once to be measured and once to be shown: to hold all of them would
 * take more than the report itself.
 */
function measureColumns(entries: readonly ReportEntry[]): readonly number[] {
  const widths = header.map((title) => title.length);
  for (const entry of entries) {
    for (const [column, cell] of leadingCells(viewRow(entry)).entries())
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  return widths;
}

function pad(cell: string, column: number, width: number): string {
  return isNumeric(column) ? cell.padStart(width) : padTo(cell, width);
}

function isNumeric(column: number): boolean {
  return header[column] === "AGE" || header[column] === "TTL";
}

/** All but the labels. */
function leadingCells({ fate, reason, rule, ageSeconds, ttlSeconds }: Row): string[] {
  return [
    fate,
    reason,
    rule ?? "-",
    ageSeconds === null ? "?" : formatAge(ageSeconds),
    ttlSeconds === null ? "-" : formatDuration(ttlSeconds),
  ];
}

function paintOf({ verdict, outcome }: Row, style: Style): Paint {
  if (outcome === "failed" || outcome === "still_there") return style.red;
  if (verdict === "delete") return style.yellow;
  return verdict === "withhold" ? style.red : style.plain;
}
