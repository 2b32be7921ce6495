import { reportExitCode } from "./exit-code.ts";
import type { SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { printReport, type OutputFormat } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "./sweep-all.ts";

export interface ReportFlags extends SweepFlags {
  readonly output: OutputFormat;
  readonly detailedExitcode?: boolean;
}

/** `report`: a sweep that ends after the plan. */
export async function report(flags: ReportFlags, io: Io): Promise<number> {
  const config = await loadSettings(flags, io);
  const result = await sweepAll(config, true, flags, io);
  if (io.stop.aborted) return io.signalExitCode();
  printReport(result, flags.output, io);
  return reportExitCode(result, flags.detailedExitcode ?? false);
}
