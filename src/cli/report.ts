import { discover } from "./discover.ts";
import { exitCodeOfKnown, exitCodes, reportExitCode } from "./exit-code.ts";
import { readFleetFlags } from "./fleet-flags.ts";
import type { OutputFlags, SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { parseMoment } from "./parse-moment.ts";
import { printReport } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "./sweep-all.ts";

export interface ReportFlags extends SweepFlags, OutputFlags {
  /** A moment to come: `+7d`, or RFC 3339. */
  readonly at?: string;
  readonly detailedExitcode?: boolean;
}

/** `report`: a sweep that ends after the plan. */
export async function report(flags: ReportFlags, io: Io): Promise<number> {
  const settings = await loadSettings(flags, io);
  const { shard, concurrency } = readFleetFlags(flags, io.env);
  const { at } = flags;
  const planFor =
    at === undefined ? undefined : parseFlag("--at", at, (text) => parseMoment(text, io.clock.now()));
  const { config, complete } = await discover(settings, io, shard);
  const result = await sweepAll(config, true, flags, io, { planFor, concurrency });
  if (io.stop.aborted) return io.signalExitCode();
  const printed = await printReport(result, flags, io);
  if (!printed) return exitCodes.failed;
  return exitCodeOfKnown(reportExitCode(result, flags.detailedExitcode ?? false), complete);
}
