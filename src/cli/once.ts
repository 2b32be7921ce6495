import { discover } from "../fleet/discover.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { logReport } from "../telemetry/log-report.ts";
import { exitCodeOfKnown, exitCodes, sweepExitCode } from "./exit-code.ts";
import type { OnceFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createOnceMetrics } from "./once-metrics.ts";
import { checkOutputFlags, printErrors, printReport } from "./print-report.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToPass, loadSettings } from "./settings.ts";

/** `once`: one sweep. */
export async function once(flags: OnceFlags, io: Io): Promise<number> {
  checkOutputFlags(flags);
  const format = flags["log.format"];
  const { log, progress, clear } = createCommandLog(flags["log.level"] ?? "info", format, io);
  // A program that collects JSON takes every line for one of the log.
  const warn = (warning: string): void =>
    format === "json" ? log.warn("Configuration warning", { warning }) : io.stderr.write(`${warning}\n`);
  const settings = await loadSettings(flags);
  settings.warnings.forEach(warn);
  // A person reads the report, and would read errors and every deletion twice.
  const isPrinted = flags.output !== "none" && flags.outputFile === undefined;
  const isOnScreen = isPrinted && io.stdout.isTTY && io.stderr.isTTY;
  const { logLevel } = settings.config;
  log.setLevel(isOnScreen && flags["log.level"] === undefined && logLevel === "info" ? "warn" : logLevel);
  const { shard, only, "gateways.concurrency": concurrency } = flags;
  const discovered = await discover(settings.config, { world: io, warn, shard, only });
  const { config, complete } = discovered;
  const metrics = await createOnceMetrics(discovered, flags, io);
  const commandToPass = createCommandToPass(flags);
  const report = await sweepAll(config, { world: io, log, progress, concurrency, commandToPass, metrics });
  clear();
  if (!isOnScreen) logReport(report, log);
  if (config.notifications.length > 0) {
    const { notifyOnce } = await import("../service/notifications.ts");
    await notifyOnce(report, config, io, metrics, log);
  }
  // Before the report, which waits for its reader.
  const unpublished = await metrics.publish(report);
  for (const problem of unpublished) log.error("Metrics could not be delivered", { err: problem });
  const isPlanned = report.gateways.some(({ entries }) => entries.length > 0);
  if (io.stop.aborted && !isPlanned) return io.signalExitCode();
  const unwritten = await printReport(report, flags, io, { rules: config.rules });
  if (isOnScreen) printErrors(report, flags, io);
  if (unwritten !== null) log.error("Report could not be written", { err: unwritten });
  const isDelivered = unpublished.length === 0 && unwritten === null;
  const exitCode = exitCodeOfKnown(sweepExitCode(report), complete);
  return exitCode === exitCodes.done && !isDelivered ? exitCodes.failed : exitCode;
}
