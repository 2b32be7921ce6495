import { discover } from "./discover.ts";
import { exitCodeOfKnown, exitCodes, sweepExitCode } from "./exit-code.ts";
import { readFleetFlags } from "./fleet-flags.ts";
import type { OutputFlags, SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createOnceMetrics, type MetricsFlags } from "./once-metrics.ts";
import { printReport } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "./sweep-all.ts";

export interface OnceFlags extends SweepFlags, MetricsFlags, OutputFlags {
  /** Wins over `dry_run` of the file. */
  readonly dryRun?: boolean;
}

/** `once`: one sweep. */
export async function once(flags: OnceFlags, io: Io): Promise<number> {
  const settings = await loadSettings(flags, io);
  const { shard, concurrency } = readFleetFlags(flags, io.env);
  const { config, complete, mechanisms } = await discover(settings, io, shard);
  const dryRun = flags.dryRun ?? config.dryRun;
  const metrics = await createOnceMetrics(config, { dryRun, shard, mechanisms }, flags, io);
  const result = await sweepAll(config, dryRun, flags, io, { metrics, concurrency });
  const planned = result.gateways.some(({ entries }) => entries.length > 0);
  const interrupted = io.stop.aborted && !planned;
  // Before the report, which waits for whoever reads it.
  const published = await metrics.publish(result);
  const printed = interrupted || (await printReport(result, flags, io));
  if (interrupted) return io.signalExitCode();
  const exitCode = exitCodeOfKnown(sweepExitCode(result), complete);
  // Whoever waits for the metrics or the report would otherwise never learn that there are none.
  return exitCode === exitCodes.done && !(published.ok && printed) ? exitCodes.failed : exitCode;
}
