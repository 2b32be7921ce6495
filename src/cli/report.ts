import { exitCodes, reportExitCode } from "./exit-code.ts";
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
  const config = await loadSettings(flags, io);
  const { at } = flags;
  const planFor =
    at === undefined ? undefined : parseFlag("--at", at, (text) => parseMoment(text, io.clock.now()));
  const result = await sweepAll(config, true, flags, io, { planFor });
  if (io.stop.aborted) return io.signalExitCode();
  const printed = await printReport(result, flags, io);
  return printed ? reportExitCode(result, flags.detailedExitcode ?? false) : exitCodes.failed;
}
