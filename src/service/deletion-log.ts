import { ArchiveError } from "../archive/file-access.ts";
import { readLatestDeletions } from "../archive/history.ts";
import type { GroupRecord } from "../archive/records.ts";
import { errorCode } from "../core/errors.ts";
import type { SweepReport } from "../core/report.ts";
import { isDeleted } from "../core/verdict.ts";
import type { PageDeletion } from "../report/html/tables.ts";
import type { Logger } from "../telemetry/logger.ts";

/** How many are remembered: a page full. */
const remembered = 100;

/** The latest deletions first: those of this report before the earlier ones, cut to what is remembered. */
export function rememberDeletions(
  report: SweepReport,
  earlier: readonly PageDeletion[],
): readonly PageDeletion[] {
  const latest = report.gateways.flatMap(({ name, entries }) =>
    entries
      .filter(({ outcome }) => isDeleted(outcome))
      .map(({ group, rule }) => ({
        at: report.finishedAt,
        gateway: name,
        labels: group.labels,
        rule: rule?.name ?? "",
      })),
  );
  return [...latest, ...earlier].slice(0, remembered);
}

/**
 * The latest deletions of an archive, the latest first, for a service that was started just now.
 * @param signal ends it
 * @returns null if the archive cannot be read, which is logged
 */
export async function recallDeletions(
  dir: string,
  accepts: (record: GroupRecord) => boolean,
  signal: AbortSignal,
  log: Logger,
): Promise<readonly PageDeletion[] | null> {
  try {
    // The sweeps, which read the same files, report damaged ones.
    const records = await readLatestDeletions(dir, { count: remembered, accepts, signal }, () => {});
    return records.map(({ at, gateway, labels, rule }) => ({ at, gateway, labels, rule: rule ?? "" }));
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    // The first deletion makes it.
    if (errorCode(error.cause) === "ENOENT") return [];
    log.warn("Archive cannot be read, earlier deletions are not shown", { err: error.message });
    return null;
  }
}
