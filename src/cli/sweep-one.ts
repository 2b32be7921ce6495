import type { Config, PushgatewaySettings } from "../config/config.ts";
import type { GatewayReport } from "../core/report.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { shellQuote } from "../core/printable.ts";
import { failedReport } from "../sweep/create-report.ts";
import type { GuardReads } from "../service/read-guard.ts";
import type { SweepArchive, SweepContext, SweepSettings } from "../sweep/sweep-context.ts";
import { sweepGateway } from "../sweep/sweep.ts";
import { connect } from "./connect.ts";
import { patienceSeconds, watchPatience } from "./impatient-gateway.ts";
import { defaultConfigFile, type SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { UsageError } from "./usage-error.ts";

/** What the sweeps of all gateways have in common. */
export interface SweepParts extends Pick<SweepContext, "log" | "metrics" | "progress"> {
  readonly config: Config;
  readonly flags: SweepFlags;
  readonly dryRun: boolean;
  readonly planFor: SweepSettings["planFor"] | undefined;
  readonly archive: SweepArchive | null;
  readonly guardReads: GuardReads;
  readonly io: Io;
}

/**
 * Connects to one gateway and sweeps it.
 * @param onOverdue whenever an answer is overdue
 */
export async function sweepOne(
  target: PushgatewaySettings,
  onOverdue: () => void,
  { config, flags, dryRun, planFor, archive, guardReads, io, ...rest }: SweepParts,
): Promise<GatewayReport> {
  const gateway = await connectOrExplain(target, io);
  // A secret's file that is gone, or being replaced: that gateway's trouble, and the next sweep may find it.
  if (gateway instanceof UsageError) {
    return failedReport(target, { code: "configuration", message: gateway.message }, 0);
  }
  const { source, timeoutSeconds } = target;
  const context: SweepContext = {
    ...io,
    ...rest,
    gateway: watchPatience(guardReads(gateway, source), patienceSeconds(timeoutSeconds), onOverdue),
    source,
    // Whole groups are only told by the API.
    archive: source === "exposition" ? null : archive,
  };
  const settings = { rules: config.rules, limits: config.limits, dryRun };
  try {
    const report = await sweepGateway(context, planFor === undefined ? settings : { ...settings, planFor });
    return sayHowToPass(report, target, flags);
  } finally {
    await gateway.close();
  }
}

async function connectOrExplain(target: PushgatewaySettings, io: Io): Promise<Gateway | UsageError> {
  try {
    return await connect(target, io);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** Ends the message about a limit with the command that lets this plan pass, and no other. */
function sayHowToPass(
  report: GatewayReport,
  { name, url }: PushgatewaySettings,
  flags: SweepFlags,
): GatewayReport {
  const { error, exceededLimit } = report;
  if (error === null || exceededLimit === null) return report;
  const source =
    flags.gateway === undefined
      ? { "config.file": flags["config.file"] ?? defaultConfigFile, only: name }
      : { gateway: url, ttl: flags.ttl };
  const given = Object.entries(flags).filter(([flag]) => flag.startsWith("limits."));
  const toPass = Object.entries(exceededLimit.toPass).map(([limit, value]) => [`limits.${limit}`, value]);
  const all = { ...source, ...(Object.fromEntries([...given, ...toPass]) as object) };
  const words = Object.entries(all).map(
    ([flag, value]) => `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${value}`,
  );
  const command = ["pushgateway-janitor", "once", ...words].map(shellQuote).join(" ");
  const message = `${error.message} Review them with "report". If they may go, this lets them pass once: ${command}`;
  return { ...report, error: { ...error, message } };
}
