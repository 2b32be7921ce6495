import { sweepExitCode } from "./exit-code.ts";
import type { SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { printReport, type OutputFormat } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "./sweep-all.ts";

export interface OnceFlags extends SweepFlags {
  readonly output: OutputFormat;
  /** Wins over `dry_run` of the file. */
  readonly dryRun?: boolean;
}

/** `once`: one sweep. */
export async function once(flags: OnceFlags, io: Io): Promise<number> {
  const config = await loadSettings(flags, io);
  const result = await sweepAll(config, flags.dryRun ?? config.dryRun, flags, io);
  const planned = result.gateways.some(({ entries }) => entries.length > 0);
  if (io.stop.aborted && !planned) return io.signalExitCode();
  printReport(result, flags.output, io);
  return sweepExitCode(result);
}
