import type { SweepReport } from "../core/report.ts";
import { renderJson } from "../report/json.ts";
import { renderTable } from "../report/table.ts";
import { wantsColor, type Io } from "./io.ts";

export type OutputFormat = "table" | "json";

/** Prints a report to stdout; what failed also goes to stderr, where a pipe does not swallow it. */
export function printReport(report: SweepReport, format: OutputFormat, { stdout, stderr, env }: Io): void {
  const color = wantsColor(stdout, env);
  stdout.write(
    format === "json" ? renderJson(report) : renderTable(report, { columns: stdout.columns, color }),
  );
  if (stdout.isTTY && format === "table") return;
  for (const { name, status, error } of report.gateways) {
    if (error !== null) stderr.write(`${name}: ${status}: ${error.message}\n`);
  }
}
