import { createArchive, type Archive } from "../archive/archive.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { RecentDeletions } from "../archive/recent-deletions.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The deletions of a folder, for the sweeps of one process. */
export type DeletionMemory = (dir: string) => RecentDeletions;

/** Remembers the deletions of one folder: a reload may name another one. */
export function createDeletionMemory(): DeletionMemory {
  let last: { readonly dir: string; readonly deletions: RecentDeletions } | null = null;
  return (dir) => {
    if (last?.dir !== dir) last = { dir, deletions: new RecentDeletions(dir) };
    return last.deletions;
  };
}

/**
 * Opens the archive of a sweep; null if there is none to write to, and in a dry run, which touches nothing. If it cannot be
 * opened, the sweeps get one that takes nothing in, so that they delete nothing.
 */
export async function openSweepArchive(
  { archive: settings }: Config,
  dryRun: boolean,
  { clock, log, deletionsOf }: { clock: Clock; log: Logger; deletionsOf: DeletionMemory },
): Promise<Archive | null> {
  if (settings === null || dryRun) return null;
  const archive = createArchive({
    ...settings,
    now: () => clock.now(),
    log,
    deletions: deletionsOf(settings.dir),
  });
  try {
    await archive.open();
    return archive;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    log.error("Archive cannot be opened, nothing is deleted", { err: error.message });
    return closedArchive(error);
  }
}

/** Counts what gets onto the disk, for the metrics: a report tells of deletions, and not all that is archived is deleted. */
export function countArchived(
  archive: Archive,
  metrics: { groupsArchived(gateway: string, count: number): void },
): Archive {
  return {
    ...archive,
    async append(groups) {
      await archive.append(groups);
      for (const { gateway } of groups) metrics.groupsArchived(gateway, 1);
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();

function closedArchive(cause: ArchiveError): Archive {
  const refuse = (): Promise<never> => Promise.reject(cause);
  return {
    open: refuse,
    applyRetention: nothing,
    append: refuse,
    close: nothing,
    recordOutcomes: nothing,
    recordReappeared: nothing,
    recordRestored: nothing,
    recentDeletions: () => Promise.resolve(new Map()),
  };
}
