import { formatAge, formatDuration } from "../core/duration.ts";
import { Columns } from "../core/columns.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import type { RuleTotals } from "../core/totals.ts";
import { createStyle, type Paint, type Style, showText } from "./text.ts";
import { countRules, showLabels, viewRow, type Row, viewGateway, type GatewayView } from "./view.ts";

export interface TableOptions {
  /** Of the terminal; the groups are cut to fit. null: nothing is cut. */
  readonly columns: number | null;
  readonly color: boolean;
  /** Without the lines of groups. */
  readonly summary?: boolean;
}

/** Renders a report for people, line by line: for each gateway a headline, totals per rule, a line for each group, then errors and notes. */
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
  const columns = new Columns([1, 2, 3, 4], options.columns);
  for (const row of [titles, ...cells]) columns.measure(row);
  yield* ["", style.dim(columns.render(titles)), ...cells.map((row) => columns.render(row))];
}

const header = ["VERDICT", "REASON", "RULE", "AGE", "TTL", "GROUP"];

function* renderRows(
  entries: readonly ReportEntry[],
  options: TableOptions,
  style: Style,
): Generator<string> {
  const columns = new Columns([3, 4], options.columns);
  columns.measure(header);
  // Cells are made to be measured and once more to be printed: to keep all of them would take more than the report itself.
  for (const entry of entries) columns.measure(cellsOf(viewRow(entry)));
  yield style.dim(columns.render(header));
  for (const entry of entries) {
    const row = viewRow(entry);
    yield paintOf(row, style)(columns.render(cellsOf(row)));
  }
}

function cellsOf({ fate, reason, rule, ageSeconds, ttlSeconds, labels }: Row): string[] {
  return [
    fate,
    reason,
    rule ?? "-",
    ageSeconds === null ? "?" : formatAge(ageSeconds),
    ttlSeconds === null ? "-" : formatDuration(ttlSeconds),
    showLabels(labels),
  ];
}

function paintOf({ verdict, outcome }: Row, style: Style): Paint {
  if (outcome === "failed" || outcome === "still_there") return style.red;
  if (verdict === "delete") return style.yellow;
  return verdict === "withhold" ? style.red : style.plain;
}
