import type { Archive } from "../archive/archive.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../telemetry/logger.ts";

type Settings = NonNullable<Config["archive"]>;

/** Gives the archive of a sweep, which is opened and closed by it. */
export type ArchiveOf = (settings: Settings) => Promise<Archive>;

/**
 * Keeps the archive from one sweep to the next, with all that it has read of its files; a reload may name another one. It is
 * closed between sweeps, so that `restore` can work.
 */
export function keepArchive({ clock, log }: { clock: Clock; log: Logger }): ArchiveOf {
  let last: { readonly settings: Settings; readonly archive: Archive } | null = null;
  return async (settings) => {
    // Only whoever has an archive loads it.
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
 * Opens the archive of a sweep; null if there is none to write to, and in a dry run, which touches nothing. If it cannot be
 * opened, the sweeps get one that takes nothing in, so that they delete nothing.
 */
export async function openSweepArchive(
  { archive: settings }: Config,
  dryRun: boolean,
  { log, archiveOf }: { log: Logger; archiveOf: ArchiveOf },
): Promise<Archive | null> {
  if (settings === null || dryRun) return null;
  const archive = await archiveOf(settings);
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
