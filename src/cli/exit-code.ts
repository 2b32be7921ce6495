import type { SweepReport } from "../core/report.ts";
import { countGroups } from "../core/totals.ts";

/** The exit codes of all commands; anything else is a failure, too. */
export const exitCodes = {
  done: 0,
  /** Failed; a retry may help. */
  failed: 1,
  /** A flag or the configuration is wrong; a retry does not help. */
  usage: 2,
  /** A limit withheld deletions. */
  withheld: 20,
  /** Some deletions failed, were not confirmed, or were interrupted; or some gateways failed. */
  partial: 21,
  /** `doctor` found a gateway inconsistent. */
  inconsistent: 22,
  /** `--detailed-exitcode`: something has expired. */
  expired: 24,
  /** `test rules`: at least one test failed. */
  rulesFailed: 25,
} as const;

/** The exit code of a sweep. */
export function sweepExitCode({ gateways }: SweepReport): number {
  const statuses = new Set(gateways.map(({ status }) => status));
  if (statuses.has("failed")) return statuses.size === 1 ? exitCodes.failed : exitCodes.partial;
  if (statuses.has("partial")) return exitCodes.partial;
  return statuses.has("withheld") ? exitCodes.withheld : exitCodes.done;
}

/** A discovery without an answer counts as a gateway that failed: its gateways were not swept. */
export function exitCodeOfKnown(exitCode: number, complete: boolean): number {
  return complete || exitCode === exitCodes.failed ? exitCode : exitCodes.partial;
}

/** A report's: that a limit would withhold the deletions is a result, not a failure. */
export function reportExitCode(report: SweepReport, detailed: boolean): number {
  const code = sweepExitCode(report);
  if (code !== exitCodes.done && code !== exitCodes.withheld) return code;
  const hasExpired = report.gateways.some(({ entries }) => countGroups(entries).expired > 0);
  return detailed && hasExpired ? exitCodes.expired : exitCodes.done;
}
