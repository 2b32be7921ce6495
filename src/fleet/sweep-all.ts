import type { ArchiveSize } from "../archive/archive-files.ts";
import type { Archive } from "../archive/archive.ts";
import {
  ConfigError,
  type ArchiveSettings,
  type Config,
  type PushgatewaySettings,
} from "../config/config.ts";
import { messageOf } from "../core/errors.ts";
import type { ExceededLimit } from "../core/limits.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import type { Clock } from "../core/time.ts";
import { failedReport } from "../sweep/create-report.ts";
import type {
  ReadLiveness,
  SweepArchive,
  SweepContext,
  SweepMetrics,
  SweepSettings,
} from "../sweep/sweep-context.ts";
import { sweepGateway } from "../sweep/sweep.ts";
import type { Logger } from "../telemetry/logger.ts";
import { connect } from "./connect.ts";
import { openLiveness } from "./liveness.ts";
import type { GuardReads } from "./read-guard.ts";
import { createSlots, patienceSeconds, watchPatience } from "./slots.ts";
import type { World } from "./world.ts";

/** Counters that change during a sweep; everything else is in the report. */
export interface SweepCounts extends SweepMetrics {
  groupsArchived(gateway: string, count: number): void;
  /** @param size null: it could not be measured */
  archiveMeasured(size: ArchiveSize | null): void;
}

/** Opens the archive of a sweep, which closes it at its end. */
export type OpenArchive = (settings: ArchiveSettings) => Promise<Archive>;

/** The command that lets the plan of this gateway pass its limits once. */
export type CommandToPass = (gateway: PushgatewaySettings, toPass: ExceededLimit["toPass"]) => string;

interface FleetSweepOptions {
  readonly world: World;
  readonly log: Logger;
  readonly progress: SweepContext["progress"];
  /** How many gateways at once. */
  readonly concurrency: number;
  readonly commandToPass: CommandToPass;
  readonly metrics?: SweepCounts;
  /** In a dry run: the moment to plan for, instead of now. */
  readonly planFor?: SweepSettings["planFor"];
  /** Decides instead of the configuration's rules. */
  readonly demand?: SweepSettings["demand"];
  readonly approve?: SweepSettings["approve"];
  /** A service keeps its archive open; left out: one for this sweep alone. */
  readonly openArchive?: OpenArchive;
  /** A service remembers which gateways die of being read. */
  readonly guardReads?: GuardReads;
}

interface SweepParts extends FleetSweepOptions {
  readonly config: Config;
  readonly archive: SweepArchive | null;
  readonly metrics: SweepCounts;
  readonly guardReads: GuardReads;
  readonly readLiveness: ReadLiveness | undefined;
}

const uncounted: SweepCounts = {
  observeDelete: () => {},
  groupsArchived: () => {},
  archiveMeasured: () => {},
};

/**
 * Sweeps every gateway that the configuration lists. Each is swept by itself: one gateway's failure never stops another's sweep,
 * and never keeps it waiting for long, since a gateway that hangs gives up its slot.
 */
export async function sweepAll(config: Config, options: FleetSweepOptions): Promise<SweepReport> {
  const { world, log, concurrency, metrics = uncounted, guardReads = (gateway) => gateway } = options;
  const { clock } = world;
  const startedAt = clock.now();
  const { openArchive = createArchiveCache({ clock, log }) } = options;
  const archive = await openSweepArchive(config, openArchive, log, metrics);
  const liveness = openLiveness(config, world, log);
  const parts: SweepParts = {
    ...options,
    config,
    archive,
    metrics,
    guardReads,
    readLiveness: liveness?.read,
  };
  const slots = createSlots(concurrency);
  const sweepInTurn = async (gateway: PushgatewaySettings): Promise<GatewayReport> => {
    const giveBack = await slots.take();
    try {
      return await sweepOne(gateway, giveBack, parts);
    } finally {
      giveBack();
    }
  };
  try {
    const reports = await Promise.all(config.pushgateways.map(sweepInTurn));
    await applyRetention(archive, reports, clock.now());
    if (archive !== null) metrics.archiveMeasured(await archive.measure());
    const rules = config.rules.map(({ name }) => name);
    return { startedAt, finishedAt: clock.now(), dryRun: config.dryRun, rules, gateways: reports };
  } finally {
    await liveness?.close();
    await archive?.close();
  }
}

/** By the earliest clock: the local one, or that of a gateway. Nothing is removed if no gateway gave its time. */
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

/**
 * Connects to one gateway and sweeps it.
 * @param onOverdue called whenever an answer is overdue
 */
async function sweepOne(
  settings: PushgatewaySettings,
  onOverdue: () => void,
  parts: SweepParts,
): Promise<GatewayReport> {
  const { config, world, planFor, guardReads, readLiveness, commandToPass, log, metrics, progress } = parts;
  const { demand, approve } = parts;
  const { source, timeoutSeconds } = settings;
  const { rules, limits, dryRun } = config;
  let connection;
  try {
    connection = await connect(settings, world);
  } catch (error) {
    // A secret's file that is missing or being replaced fails one gateway, and the next sweep may find it.
    if (!(error instanceof ConfigError)) throw error;
    return failedReport(settings, { code: "configuration", message: error.message }, 0);
  }
  const gateway = watchPatience(guardReads(connection, source), patienceSeconds(timeoutSeconds), onOverdue);
  const context: SweepContext = {
    ...world,
    gateway,
    source,
    // The exposition has no complete groups.
    archive: source === "exposition" ? null : parts.archive,
    readLiveness,
    log,
    metrics,
    progress,
  };
  try {
    const report = await sweepGateway(context, { rules, demand, limits, dryRun, planFor, approve });
    const { error, exceededLimit } = report;
    if (error === null || exceededLimit === null) return report;
    const command = commandToPass(settings, exceededLimit.toPass);
    const review = demand === undefined ? "`report --verdict=withhold`" : "--dry-run";
    const message = `${error.message} Review them with ${review}. If they may go, this lets them pass once: ${command}`;
    return { ...report, error: { ...error, message, command } };
  } finally {
    await connection.close();
  }
}

/** Keeps the archive from one sweep to the next, with all that it has read of its files. A reload may name another one. */
export function createArchiveCache({ clock, log }: { clock: Clock; log: Logger }): OpenArchive {
  let last: { readonly settings: ArchiveSettings; readonly archive: Archive } | null = null;
  return async (settings) => {
    // Loaded only where there is an archive.
    const { createArchive } = await import("../archive/archive.ts");
    const isSame =
      last?.settings.dir === settings.dir && last.settings.retentionSeconds === settings.retentionSeconds;
    if (last === null || !isSame) {
      last = { settings, archive: createArchive({ ...settings, now: () => clock.now(), log }) };
    }
    return last.archive;
  };
}

/**
 * The archive of a sweep; null if none is configured, and in a dry run, which writes nothing. An archive that cannot be
 * written to is an error from the first sweep on, and not only when something has expired.
 * @param metrics count what is on disk: a report counts deletions, and not all that is archived is deleted
 */
async function openSweepArchive(
  { archive: settings, dryRun }: Config,
  openArchive: OpenArchive,
  log: Logger,
  metrics: { groupsArchived(gateway: string, count: number): void },
): Promise<Archive | null> {
  if (settings === null || dryRun) return null;
  const archive = await openArchive(settings);
  try {
    await archive.prepare();
  } catch (error) {
    const message = messageOf(error);
    log.error("Archive cannot be written to, nothing is deleted", { err: message });
  }
  return {
    ...archive,
    async append(groups) {
      await archive.append(groups);
      for (const { gateway } of groups) metrics.groupsArchived(gateway, 1);
    },
  };
}
