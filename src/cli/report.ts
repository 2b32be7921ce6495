import type { SweepReport } from "../core/report.ts";
import { showText } from "../report/text.ts";
import { discover } from "../fleet/discover.ts";
import { exitCodeOfKnown, exitCodes, reportExitCode } from "./exit-code.ts";
import { readFleetFlags } from "./fleet-flags.ts";
import type { OutputFlags, SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { parseMoment } from "./parse-moment.ts";
import { checkOutputFlags, printReport } from "./print-report.ts";
import { loadSettings } from "./settings.ts";
import { sweepAll } from "../fleet/sweep-all.ts";

export interface ReportFlags extends SweepFlags, OutputFlags {
  /** A moment to come: `+7d`, or RFC 3339. */
  readonly at?: string;
  readonly detailedExitcode?: boolean;
}

/** `report`: a sweep that ends after the plan. */
export async function report(flags: ReportFlags, io: Io): Promise<number> {
  checkOutputFlags(flags);
  const settings = await loadSettings(flags, io);
  const fleet = readFleetFlags(flags, io.env);
  const { at } = flags;
  const planFor =
    at === undefined ? undefined : parseFlag("--at", at, (text) => parseMoment(text, io.clock.now()));
  const { config, complete } = await discover(settings, io, fleet);
  const result = await sweepAll(config, true, flags, io, { planFor, concurrency: fleet.concurrency });
  if (io.stop.aborted) return io.signalExitCode();
  const problem = await printReport(result, flags, io);
  if (problem !== null) io.stderr.write(`${problem}\n`);
  writeErrors(result, flags, io);
  if (problem !== null) return exitCodes.failed;
  return exitCodeOfKnown(reportExitCode(result, flags.detailedExitcode ?? false), complete);
}

/** What failed also goes to stderr, where a pipe does not swallow it, unless it was just shown on the terminal. */
function writeErrors(
  { gateways }: SweepReport,
  { output, outputFile }: OutputFlags,
  { stdout, stderr }: Io,
): void {
  const isShown = stdout.isTTY && outputFile === undefined && (output === "table" || output === "summary");
  if (isShown) return;
  for (const { name, status, error } of gateways) {
    if (error !== null) stderr.write(`${showText(`${name}: ${status}: ${error.message}`)}\n`);
  }
}
