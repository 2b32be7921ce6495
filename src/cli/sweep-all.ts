import type { Archive } from "../archive/archive.ts";
import type { Config, PushgatewaySettings } from "../config/config.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import type { GuardReads } from "../service/read-guard.ts";
import type { SweepMetrics, SweepSettings } from "../sweep/sweep-context.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import type { SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createProgressLine } from "./progress.ts";
import { createSlots } from "./slots.ts";
import { sweepOne } from "./sweep-one.ts";
import { countArchived, keepArchive, openSweepArchive, type ArchiveOf } from "./sweep-archive.ts";

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
