import { formatAge, formatDuration } from "../core/duration.ts";
import { formatLabels } from "../core/labels.ts";
import { countVerdicts, type GatewayReport, type ReportEntry, type SweepReport } from "../core/report.ts";
import { createStyle, type Style } from "./style.ts";

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

function renderGateway(gateway: GatewayReport, dryRun: boolean, options: TableOptions, style: Style): string {
  const lines = [headline(gateway, dryRun, style)];
  if (gateway.entries.length > 0) lines.push("", ...renderRows(gateway.entries, options, style));
  if (gateway.error !== null) lines.push("", style.red(`${gateway.status}: ${gateway.error.message}`));
  for (const note of gateway.notes) lines.push("", style.yellow(`note: ${note}`));
  return `${lines.join("\n")}\n`;
}

function headline(
  { name, url, snapshot, entries, status }: GatewayReport,
  dryRun: boolean,
  style: Style,
): string {
  const title = `${style.bold(name)} ${style.dim(url)}`;
  if (snapshot === null) return `${title}  ${style.red(status)}`;
  const totals = countVerdicts(entries);
  const counts = [`${snapshot.groups} ${snapshot.groups === 1 ? "group" : "groups"}`, `${totals.keep} kept`];
  if (totals.withhold > 0) counts.push(`${totals.withhold} withheld`);
  counts.push(dryRun ? `${totals.delete} to delete` : describeOutcomes(entries));
  if (snapshot.outageSeconds > 0) counts.push(`${formatAge(snapshot.outageSeconds)} of outage not counted`);
  if (snapshot.clockSkewSeconds !== null && snapshot.clockSkewSeconds !== 0) {
    const { clockSkewSeconds } = snapshot;
    counts.push(
      `this clock is ${formatAge(Math.abs(clockSkewSeconds))} ${clockSkewSeconds > 0 ? "ahead" : "behind"}`,
    );
  }
  return `${title}  ${counts.join(", ")}`;
}

/** For example `12 deleted, 1 still there`. */
function describeOutcomes(entries: readonly ReportEntry[]): string {
  const words = {
    gone: "deleted",
    pushed_again: "pushed again",
    still_there: "still there",
    failed: "failed",
  };
  const parts = Object.entries(words).flatMap(([outcome, word]) => {
    const count = entries.filter((entry) => entry.outcome === outcome).length;
    return count > 0 || outcome === "gone" ? [`${count} ${word}`] : [];
  });
  return parts.join(", ");
}

const header = ["VERDICT", "REASON", "RULE", "AGE", "TTL", "GROUP"];

function renderRows(entries: readonly ReportEntry[], options: TableOptions, style: Style): string[] {
  const rows = entries.map(cells);
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), title.length),
  );
  const render = (row: readonly string[], paint: (text: string) => string): string => {
    const padded = row.map((cell, column) =>
      column === row.length - 1
        ? cell
        : isNumeric(column)
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
    );
    return paint(fit(padded.join("  "), options.columns));
  };
  return [
    render(header, style.dim),
    ...entries.map((entry, index) => render(rows[index] ?? [], paintOf(entry, style))),
  ];
}

function isNumeric(column: number): boolean {
  return header[column] === "AGE" || header[column] === "TTL";
}

function cells({ group, verdict, rule, ageSeconds, ttlSeconds, outcome }: ReportEntry): string[] {
  return [
    outcome === null ? verdict.verdict : outcome.replaceAll("_", " "),
    verdict.reason,
    rule?.name ?? "-",
    ageSeconds === null ? "?" : formatAge(ageSeconds),
    ttlSeconds === null ? "-" : formatDuration(ttlSeconds),
    group.obstacle === "unreadable_labels"
      ? "(labels hidden by a pushed metric)"
      : formatLabels(group.labels),
  ];
}

function paintOf({ verdict, outcome }: ReportEntry, style: Style): (text: string) => string {
  if (outcome === "failed" || outcome === "still_there") return style.red;
  if (verdict.verdict === "delete") return style.yellow;
  return verdict.verdict === "withhold" ? style.red : style.plain;
}

function fit(line: string, columns: number | null): string {
  return columns === null || line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
