import type { SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { formatLabels } from "../core/labels.ts";
import { selectEntries, type PrintSelection } from "./select.ts";
import { hiddenLabels, viewRow, wholeAge, type Row } from "./view.ts";
import { escapeText } from "./text.ts";

/** New ones are added at the end: scripts count them. */
const columns = [
  "gateway",
  "job",
  "instance",
  "labels",
  "verdict",
  "reason",
  "rule",
  "outcome",
  "age_seconds",
  "ttl_seconds",
  "ttl_used_ratio",
  "expires_at",
  "last_success_at",
  "last_failure_at",
  "series",
  "ttl_source",
] as const;

/** Without it, Excel takes UTF-8 for the code page of the system. */
export const byteOrderMark = "\uFEFF";

type Cells = Readonly<Record<(typeof columns)[number], string | number | null>>;

/** Renders one line per group in the format of RFC 4180: header, commas, CRLF. Unknown values are empty; nothing is cut. */
export function* renderCsv(report: SweepReport, selection: PrintSelection = {}): Generator<string> {
  yield byteOrderMark + renderCsvLine(columns);
  for (const { name, entries } of report.gateways) {
    for (const entry of selectEntries(entries, selection)) {
      const row = cells(escapeText(name), viewRow(entry));
      yield renderCsvLine(columns.map((column) => row[column]));
    }
  }
}

function cells(gateway: string, row: Row): Cells {
  return {
    gateway,
    job: escapeText(row.labels?.get("job") ?? ""),
    instance: escapeText(row.labels?.get("instance") ?? ""),
    labels: row.labels === null ? hiddenLabels : formatLabels(row.labels),
    verdict: row.verdict,
    reason: row.reason,
    rule: row.rule,
    outcome: row.outcome,
    age_seconds: wholeAge(row.ageSeconds),
    ttl_seconds: row.ttlSeconds,
    ttl_used_ratio: row.ttlUsed === null ? null : Number(row.ttlUsed.toFixed(4)),
    expires_at: formatTime(row.expiresAt),
    last_success_at: formatTime(row.lastSuccessAt),
    last_failure_at: formatTime(row.lastFailureAt),
    series: row.series,
    ttl_source: row.ttlSource,
  };
}

export function renderCsvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(renderCell).join(",")}\r\n`;
}

function renderCell(value: string | number | null): string {
  if (value === null) return "";
  // A number is a number, also a negative one.
  if (typeof value === "number") return String(value);
  const text = disarm(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Spreadsheets run a text that begins like a formula, even if it is quoted, has white space in front or uses wide forms. An
 * apostrophe makes it text (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function disarm(text: string): string {
  return /^[\t\r\n ]*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}
