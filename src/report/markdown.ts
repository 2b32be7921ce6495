import { formatAge, formatDuration } from "../core/duration.ts";
import { quote } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import type { RuleTotals } from "../core/totals.ts";
import { selectEntries, type PrintSelection } from "./select.ts";
import { countRules, showLabels, viewRow, type Row, viewGateway } from "./view.ts";
import { showText } from "./text.ts";

/** Renders a report for an issue or a chat that supports GitHub's tables, part by part. */
export function* renderMarkdown(report: SweepReport, selection: PrintSelection = {}): Generator<string> {
  for (const [index, gateway] of report.gateways.entries()) {
    if (index > 0) yield "\n";
    yield* renderGateway(gateway, report, selection);
  }
}

function* renderGateway(
  report: GatewayReport,
  { dryRun, rules }: SweepReport,
  selection: PrintSelection,
): Generator<string> {
  const { name, url, status, facts, circumstances, error, withheld, notes, planOnly } = viewGateway(
    report,
    dryRun,
  );
  const blocks = [`## ${code(name)}`, `${code(url)}: ${facts.length === 0 ? status : facts.join(", ")}.`];
  blocks.push(...circumstances);
  // Other prose is a code span, too: it quotes labels, which could hold a link, a mention or an image.
  if (error !== null) blocks.push(`**${status}**: ${code(error.message)}`);
  if (error !== null && error.advice !== null) blocks.push(error.advice);
  for (const { reason, groups, advice } of withheld) {
    blocks.push(`- **${groups} withheld** (${code(reason)}). ${advice}`);
  }
  for (const note of notes) blocks.push(`- Note: ${code(note)}`);
  yield `${blocks.join("\n\n")}\n`;
  if (report.entries.length === 0) return;
  yield "\n";
  yield* renderRules(countRules({ gateways: [report], rules }), planOnly);
  const selected = selectEntries(report.entries, selection);
  if (selected.length === 0) return;
  yield "\n";
  yield* renderRows(selected);
}

function renderRules(rules: readonly RuleTotals[], planOnly: boolean): Generator<string> {
  const header = [
    "Rule",
    "Groups",
    "Kept",
    "Expired",
    planOnly ? "To delete" : "Deleted",
    "Withheld",
    "Next expiry",
  ];
  const rows = rules.map(({ rule, groups, verdicts, expired, deleted, nextExpiryAt }) => [
    rule === null ? "(none)" : cell(showText(rule)),
    ...[groups, verdicts.keep, expired, planOnly ? verdicts.delete : deleted, verdicts.withhold].map(String),
    formatTime(nextExpiryAt) ?? "",
  ]);
  return renderTable(header, [":--", "--:", "--:", "--:", "--:", "--:", ":--"], rows);
}

function renderRows(entries: readonly ReportEntry[]): Generator<string> {
  const header = ["Verdict", "Reason", "Rule", "Age", "TTL", "TTL used", "Expires", "Group"];
  const alignment = [":--", ":--", ":--", "--:", "--:", "--:", ":--", ":--"];
  return renderTable(header, alignment, rowsOf(entries));
}

function* rowsOf(entries: readonly ReportEntry[]): Generator<readonly string[]> {
  for (const entry of entries) yield cells(viewRow(entry));
}

function cells(row: Row): readonly string[] {
  return [
    row.fate,
    code(row.reason),
    row.rule === null ? "" : cell(row.rule),
    row.ageSeconds === null ? "?" : formatAge(row.ageSeconds),
    row.ttlSeconds === null ? "" : formatDuration(row.ttlSeconds),
    row.ttlUsed === null ? "" : `${Math.floor(row.ttlUsed * 100)} %`,
    formatTime(row.expiresAt) ?? "",
    cell(showLabels(row.labels)),
  ];
}

function* renderTable(
  header: readonly string[],
  alignment: readonly string[],
  rows: Iterable<readonly string[]>,
): Generator<string> {
  yield renderLine(header);
  yield renderLine(alignment);
  for (const row of rows) yield renderLine(row);
}

function renderLine(cellsOfRow: readonly string[]): string {
  return `| ${cellsOfRow.join(" | ")} |\n`;
}

/**
 * A code span: inside it nothing is markup, not even HTML, a link or a mention. Its fence is longer than any run of
 * backticks in the text.
 */
function code(text: string): string {
  if (text === "") return "";
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(runs.reduce((longest, run) => Math.max(longest, run.length), 0) + 1);
  // Renderers remove this padding; without it, a text would lose its own spaces.
  const padding = /^[` ]|[` ]$/.test(text) ? " " : "";
  return fence + padding + text + padding + fence;
}

/**
 * A code span in a table, where a bar ends the cell unless a backslash precedes it. A backslash in the text would undo
 * that; those of labels are doubled already, those of other texts here.
 */
function cell(text: string): string {
  const even = /(?<!\\)(?:\\\\)*\\\|/.test(text) ? quote(text) : text;
  return code(even).replaceAll("|", "\\|");
}
