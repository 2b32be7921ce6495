import { logReport } from "../telemetry/log-report.ts";
import { createLogger } from "../telemetry/logger.ts";
import { discover } from "../fleet/discover.ts";
import { exitCodeOfKnown, exitCodes, sweepExitCode } from "./exit-code.ts";
import { readFleetFlags } from "./fleet-flags.ts";
import type { OutputFlags, SweepFlags } from "./flags.ts";
import { withLoggedWarnings, type Io } from "./io.ts";
import { createOnceMetrics, type MetricsFlags } from "./once-metrics.ts";
import { checkOutputFlags, printReport } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "../fleet/sweep-all.ts";

export interface OnceFlags extends SweepFlags, MetricsFlags, OutputFlags {
  /** Wins over `dry_run` of the file. */
  readonly dryRun?: boolean;
}

/** `once`: one sweep. */
export async function once(flags: OnceFlags, io: Io): Promise<number> {
  checkOutputFlags(flags);
  const format = flags["log.format"];
  const log = createLogger(flags["log.level"] ?? "info", format, (line) => io.stderr.write(line));
  const warningIo = format === "json" ? withLoggedWarnings(io, log) : io;
  const settings = await loadSettings(flags, warningIo);
  log.setLevel(flags["log.level"] ?? settings.logLevel);
  const fleet = readFleetFlags(flags, io.env);
  const { config, complete, mechanisms } = await discover(settings, warningIo, fleet);
  const dryRun = flags.dryRun ?? config.dryRun;
  const metrics = await createOnceMetrics(config, { dryRun, shard: fleet.shard, mechanisms }, flags, io);
  const result = await sweepAll(config, dryRun, flags, io, { metrics, concurrency: fleet.concurrency });
  logReport(result, log);
  // Before the report, which waits for its reader.
  const unpublished = await metrics.publish(result);
  for (const problem of unpublished) log.error("Metrics could not be delivered", { err: problem });
  const planned = result.gateways.some(({ entries }) => entries.length > 0);
  if (io.stop.aborted && !planned) return io.signalExitCode();
  const unwritten = await printReport(result, flags, io);
  if (unwritten !== null) log.error("Report could not be written", { err: unwritten });
  const delivered = unpublished.length === 0 && unwritten === null;
  const exitCode = exitCodeOfKnown(sweepExitCode(result), complete);
  return exitCode === exitCodes.done && !delivered ? exitCodes.failed : exitCode;
}
