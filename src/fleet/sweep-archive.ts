import { messageOf } from "../core/errors.ts";
import type { Archive } from "../archive/archive.ts";
import type { ArchiveSettings, Config } from "../config/config.ts";
import type { Clock } from "../core/time.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Opens the archive of a sweep, which closes it at its end. */
export type OpenArchive = (settings: ArchiveSettings) => Promise<Archive>;

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
export async function openSweepArchive(
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
