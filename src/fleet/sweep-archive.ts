import type { Archive } from "../archive/archive.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/time.ts";
import type { Logger } from "../telemetry/logger.ts";

type Settings = NonNullable<Config["archive"]>;

/** Gives the archive of a sweep, which closes it at its end. */
export type ArchiveOf = (settings: Settings) => Promise<Archive>;

/** Keeps the archive from one sweep to the next, with all that it has read of its files; a reload may name another one. */
export function keepArchive({ clock, log }: { clock: Clock; log: Logger }): ArchiveOf {
  let last: { readonly settings: Settings; readonly archive: Archive } | null = null;
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
 * The archive of a sweep; null if there is none to write to, and in a dry run, which touches nothing. One that takes nothing
 * in is an error from the first sweep on, and not only when something has expired.
 */
export async function openSweepArchive(
  { archive: settings }: Config,
  dryRun: boolean,
  { log, archiveOf }: { log: Logger; archiveOf: ArchiveOf },
): Promise<Archive | null> {
  if (settings === null || dryRun) return null;
  const archive = await archiveOf(settings);
  try {
    await archive.prepare();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error("Archive cannot be written to, nothing is deleted", { err: message });
  }
  return archive;
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
