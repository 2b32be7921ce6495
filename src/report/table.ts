import { Columns, cutTo } from "../core/columns.ts";
import { formatAge, formatDuration } from "../core/duration.ts";
import { countOf, titleOf, widthOf, type Paint } from "../core/printable.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import type { RuleTotals } from "../core/totals.ts";
import { isFailedDeletion, isFailure, keepReasons } from "../core/verdict.ts";
import { renderAges, type AgesOptions } from "./ages.ts";
import { selectEntries, type PrintSelection } from "./select.ts";
import { createStyle, showText, type Style } from "./text.ts";
import {
  countRules,
  momentOf,
  showLabels,
  viewGateway,
  viewRow,
  type GatewayView,
  type Row,
} from "./view.ts";

export interface TableSelection extends PrintSelection {
  /** On a terminal: also the groups that are kept. */
  readonly all?: boolean | undefined;
}

export interface TableOptions extends AgesOptions {
  /** Groups that are kept are summed up in one line, unless the selection asks for them. */
  readonly terminal?: boolean;
  readonly selection?: TableSelection;
  /** There are no rules yet: instead of them and groups, the ages of each job, and this command to try a TTL. */
  readonly commandToTry?: string | undefined;
}

/** A longer report repeats its totals at the end, as they have scrolled away. */
const screenLines = 40;

/**
 * Renders a report for people, line by line: for each gateway a headline, totals per rule, a line for each group, then errors and
 * notes.
 */
export function* renderTable(report: SweepReport, options: TableOptions): Generator<string> {
  const { gateways, rules, dryRun } = report;
  const { terminal = false, commandToTry } = options;
  const style = createStyle(options.color);
  const totals: string[] = [];
  let lines = 0;
  let isLong = false;
  for (const gateway of gateways) {
    const view = viewGateway(gateway, dryRun);
    const wasLong = isLong;
    // Gateways that could not be read have one line each.
    isLong = view.snapshot !== null;
    if (lines > 0 && (wasLong || isLong)) yield "\n";
    const headline = renderHeadline(view, options, style);
    yield `${headline}\n`;
    lines += 1;
    if (!isLong) continue;
    const byRule =
      commandToTry === undefined
        ? [...renderRules(countRules({ gateways: [gateway], rules }), view, options, style)]
        : [];
    for (const line of renderGateway(gateway, view, byRule, options, style)) {
      lines += 1;
      yield `${line}\n`;
    }
    totals.push(headline, ...(gateways.length === 1 ? byRule : []));
  }
  if (terminal && lines > screenLines) for (const line of ["", ...totals]) yield `${line}\n`;
  const isRead = gateways.some(({ snapshot }) => snapshot !== null);
  if (commandToTry !== undefined && isRead) yield renderAdvice(commandToTry);
}

function renderAdvice(command: string): string {
  return `
A TTL has to be longer than any pause between two pushes of a living job.
This says what a TTL of 30d would delete, and deletes nothing:

  ${command}

\`pushgateway-janitor suggest --prometheus=URL\` derives TTLs from past pushes.
`;
}

function* renderGateway(
  gateway: GatewayReport,
  view: GatewayView,
  byRule: readonly string[],
  options: TableOptions,
  style: Style,
): Generator<string> {
  yield* [...view.circumstances, ...byRule];
  if (options.commandToTry !== undefined) yield* renderAges(gateway.entries, options);
  else if (options.summary !== true) yield* renderGroups(gateway, view, options, style);
  const { status, error, withheld, notes } = view;
  // Other errors are on stderr.
  if (status === "withheld" && error !== null) {
    yield* ["", style.red(`withheld: ${error.what.trimEnd()}`)];
    if (error.command !== "") yield `  ${showText(error.command)}`;
  }
  for (const { reason, groups, advice } of withheld) {
    if (reason !== error?.code && isFailure(reason))
      yield* ["", style.red(`withheld: ${countOf(groups, "group")} (${reason}). ${advice}`)];
  }
  for (const note of notes) yield* ["", style.yellow(`note: ${note}`)];
}

function renderHeadline(
  { name, url, facts, status, snapshot }: GatewayView,
  { commandToTry }: TableOptions,
  style: Style,
): string {
  const title = titleOf(name, url, style.bold, style.dim);
  if (snapshot === null) return `${title}  ${style.red(status)}`;
  return `${title}  ${commandToTry === undefined ? facts.join(", ") : countOf(snapshot.groups, "group")}`;
}

function* renderRules(
  rules: readonly RuleTotals[],
  { planOnly, snapshot }: GatewayView,
  { columns: maxWidth }: TableOptions,
  style: Style,
): Generator<string> {
  if (rules.every(({ rule }) => rule === null)) return;
  const titles = ["RULE", "GROUPS", "EXPIRED", planOnly ? "TO DELETE" : "DELETED", "WITHHELD", "NEXT EXPIRY"];
  const now = momentOf(snapshot);
  const rows = rules.map(({ rule, groups, expired, deleted, verdicts, nextExpiryAt }) => [
    rule === null ? "(no rule)" : showText(rule),
    ...[groups, expired, planOnly ? verdicts.delete : deleted, verdicts.withhold].map(String),
    nextExpiryAt === null || now === null ? "-" : describeMoment(nextExpiryAt - now),
  ]);
  const columns = new Columns({ titles, numbers: [1, 2, 3, 4], maxWidth });
  for (const row of rows) columns.measure(row);
  yield* ["", style.dim(columns.renderTitles()), ...rows.map((row) => columns.render(row))];
}

function describeMoment(aheadSeconds: number): string {
  return aheadSeconds > 0 ? `in ${formatAge(aheadSeconds)}` : "now";
}

function* renderGroups(
  { entries }: GatewayReport,
  { totals }: GatewayView,
  options: TableOptions,
  style: Style,
): Generator<string> {
  const { terminal = false, selection = {} } = options;
  const { match, verdict, rule, sort, all, limit } = selection;
  const asksFor = all === true || [match, verdict, rule, sort].some((one) => one !== undefined);
  const isShort = terminal && !asksFor;
  const offered = entries.filter((entry) =>
    isShort ? entry.verdict.verdict !== "keep" : entry.verdict.reason !== "not_selected",
  );
  const matching = selectEntries(offered, { ...selection, limit: undefined });
  const selected = matching.slice(0, limit);
  if (selected.length > 0) {
    yield "";
    yield* renderRows(selected, options, style);
  }
  const isLimited = selected.length < matching.length;
  if (isLimited || matching.length < offered.length) {
    const of = countOf((isLimited ? matching : offered).length, "group");
    const limited = isLimited ? ` (--limit=${limit})` : "";
    yield* ["", style.dim(`${selected.length} of ${of} shown${limited}`)];
  }
  // A deletion on demand is not about the groups that were not selected.
  const { not_selected: notSelected } = totals.reasons;
  const kept = totals.verdicts.keep - notSelected;
  if (isShort && kept > 0) {
    const reasons = keepReasons.flatMap((reason) =>
      totals.reasons[reason] > 0 && reason !== "not_selected" ? [`${totals.reasons[reason]} ${reason}`] : [],
    );
    const hint = notSelected > 0 ? "" : style.dim(" (`report --verdict=keep` lists them)");
    yield* ["", `${countOf(kept, "group")} kept: ${reasons.join(", ")}${hint}`];
  }
}

function* renderRows(
  entries: readonly ReportEntry[],
  { columns: maxWidth }: TableOptions,
  style: Style,
): Generator<string> {
  const titles = ["VERDICT", "REASON", "RULE", "AGE", "TTL", "GROUP"];
  const columns = new Columns({ titles, numbers: [3, 4], maxWidth });
  // Cells are made to be measured and once more to be printed: to keep all of them would take more than the report itself.
  for (const entry of entries) columns.measure(cellsOf(viewRow(entry)));
  yield* renderUniform(columns.dropUniform(), maxWidth, style);
  yield style.dim(columns.renderTitles());
  for (const entry of entries) {
    const row = viewRow(entry);
    yield paintOf(row, style)(columns.render(cellsOf(row)));
  }
  if (columns.isCut) yield* ["", style.dim(cutTo(cutNote, maxWidth))];
}

export const cutNote = "Long lines are cut; --wide prints them complete";

/** The columns that hold one value only, on one line if it fits. */
export function* renderUniform(
  columns: readonly (readonly [title: string, value: string])[],
  maxWidth: number | null,
  style: Style,
): Generator<string> {
  if (columns.length === 0) return;
  const line = columns.map(([title, value]) => `${title} ${value}`).join("  ");
  if (maxWidth === null || widthOf(line) <= maxWidth) {
    yield columns.map(([title, value]) => `${style.dim(title)} ${value}`).join("  ");
    return;
  }
  for (const [title, value] of columns) yield cutTo(`${title} ${value}`, maxWidth);
}

function cellsOf({ fate, reason, rule, ageSeconds, ttlSeconds, labels }: Row): readonly string[] {
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
  if (isFailedDeletion(outcome)) return style.red;
  if (verdict === "delete") return style.yellow;
  return verdict === "withhold" ? style.red : style.plain;
}
