import type { Archive } from "../archive/archive.ts";
import type { Config, PushgatewaySettings } from "../config/config.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import type { GuardReads } from "./read-guard.ts";
import type { SweepMetrics, SweepSettings, SweepArchive, SweepContext } from "../sweep/sweep-context.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { type SweepFlags, defaultConfigFile } from "../cli/flags.ts";
import type { Io } from "../cli/io.ts";
import { createProgressLine } from "../cli/progress.ts";
import { createSlots, patienceSeconds, watchPatience } from "./slots.ts";
import { countArchived, keepArchive, openSweepArchive, type ArchiveOf } from "./sweep-archive.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { shellQuote } from "../core/printable.ts";
import { failedReport } from "../sweep/create-report.ts";
import { sweepGateway } from "../sweep/sweep.ts";
import { connect } from "./connect.ts";
import { ConfigError } from "../config/config-error.ts";

/** What is counted while gateways are swept; everything else is in the report. */
export interface SweepCounts extends SweepMetrics {
  groupsArchived(gateway: string, count: number): void;
}

export interface SweepOptions {
  /** Instead of one of its own on stderr. */
  readonly log?: Logger;
  readonly metrics?: SweepCounts;
  /** Instead of one for this sweep alone. */
  readonly archiveOf?: ArchiveOf;
  /** In a dry run: the moment to plan for, instead of now. */
  readonly planFor?: SweepSettings["planFor"] | undefined;
  /** A service remembers which gateways die of being read. */
  readonly guardReads?: GuardReads;
  /** How many gateways at once. */
  readonly concurrency?: number;
}

const uncounted: SweepCounts = { observeDelete: () => {}, groupsArchived: () => {} };

/**
 * Sweeps every gateway of the configuration, each by itself: one's trouble never stops another's sweep, nor keeps it waiting
 * for long, since who hangs gives up its place.
 */
export async function sweepAll(
  config: Config,
  dryRun: boolean,
  flags: SweepFlags,
  io: Io,
  {
    metrics = uncounted,
    planFor,
    log: givenLog,
    archiveOf: givenArchive,
    guardReads = (gateway) => gateway,
    concurrency = 8,
  }: SweepOptions = {},
): Promise<SweepReport> {
  const startedAt = io.clock.now();
  const progress = createProgressLine(io);
  const write = (line: string): void => {
    progress.clear();
    io.stderr.write(line);
  };
  const log = givenLog ?? createLogger(flags["log.level"] ?? config.logLevel, flags["log.format"], write);
  const archiveOf = givenArchive ?? keepArchive({ clock: io.clock, log });
  const opened = await openSweepArchive(config, dryRun, { log, archiveOf });
  const archive = opened === null ? null : countArchived(opened, metrics);
  const parts = {
    config,
    flags,
    dryRun,
    planFor,
    archive,
    guardReads,
    log,
    metrics,
    progress: progress.update,
    io,
  };
  const slots = createSlots(concurrency);
  const sweepInTurn = async (target: PushgatewaySettings): Promise<GatewayReport> => {
    const giveBack = await slots.take();
    try {
      return await sweepOne(target, giveBack, parts);
    } finally {
      giveBack();
    }
  };
  try {
    const reports = await Promise.all(config.pushgateways.map(sweepInTurn));
    progress.clear();
    await applyRetention(archive, reports, io.clock.now());
    const rules = config.rules.map(({ name }) => name);
    return { startedAt, finishedAt: io.clock.now(), dryRun, rules, gateways: reports };
  } finally {
    await archive?.close();
  }
}

/** By the earliest clock there is: the local one or a gateway's, of those that told the time; by none if no gateway did. */
async function applyRetention(
  archive: Archive | null,
  reports: readonly GatewayReport[],
  localNow: number,
): Promise<void> {
  const gatewayTimes = reports.flatMap(({ snapshot }) => snapshot?.takenAt ?? []);
  if (archive !== null && gatewayTimes.length > 0) {
    await archive.applyRetention(Math.min(localNow, ...gatewayTimes));
  }
}

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
  if (gateway instanceof ConfigError) {
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

async function connectOrExplain(target: PushgatewaySettings, io: Io): Promise<Gateway | ConfigError> {
  try {
    return await connect(target, io);
  } catch (error) {
    if (error instanceof ConfigError) return error;
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
