import { formatAge, formatDuration } from "../core/duration.ts";
import { quote } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import type { RuleTotals } from "../core/totals.ts";
import { countRules, showLabels, viewRow, type Row, viewGateway } from "./view.ts";
import { showText } from "./text.ts";

/** Renders a report for an issue or a chat that understands GitHub's tables, part by part. */
export function* renderMarkdown(report: SweepReport): Generator<string> {
  for (const [index, gateway] of report.gateways.entries()) {
    if (index > 0) yield "\n";
    yield* renderGateway(gateway, report);
  }
}

function* renderGateway(report: GatewayReport, { dryRun, rules }: SweepReport): Generator<string> {
  const { name, url, status, facts, error, withheld, notes } = viewGateway(report, dryRun);
  const blocks = [`## ${code(name)}`, `${code(url)}: ${facts.length === 0 ? status : facts.join(", ")}.`];
  // In code, also what is prose: it quotes labels, which could hold a link, a mention or an image.
  if (error !== null) blocks.push(`**${status}**: ${code(error.message)}`);
  if (error !== null && error.advice !== null) blocks.push(error.advice);
  for (const { reason, groups, advice } of withheld) {
    blocks.push(`- **${groups} withheld** (${code(reason)}). ${advice}`);
  }
  for (const note of notes) blocks.push(`- Note: ${code(note)}`);
  yield `${blocks.join("\n\n")}\n`;
  if (report.entries.length === 0) return;
  yield "\n";
  yield* renderRules(countRules({ gateways: [report], rules }), dryRun);
  yield "\n";
  yield* renderRows(report.entries);
}

function renderRules(rules: readonly RuleTotals[], dryRun: boolean): Generator<string> {
  const header = ["Rule", "Groups", "Kept", "Expired", "Withheld", "Deleted", "Next expiry"];
  const rows = rules.map(({ rule, groups, verdicts, expired, deleted, nextExpiryAt }) => [
    rule === null ? "(none)" : cell(showText(rule)),
    ...[groups, verdicts.keep, expired, verdicts.withhold, dryRun ? "" : deleted].map(String),
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
  // Taken away again by whoever renders it; without it a text in spaces would lose its own.
  const padding = /^[` ]|[` ]$/.test(text) ? " " : "";
  return fence + padding + text + padding + fence;
}

/**
 * A code span in a table, where a bar ends the cell unless a backslash stands before it. A backslash of the text's own
 * would undo that; labels have theirs doubled, any other text gets it here.
 */
function cell(text: string): string {
  const even = /(?<!\\)(?:\\\\)*\\\|/.test(text) ? quote(text) : text;
  return code(even).replaceAll("|", "\\|");
}
