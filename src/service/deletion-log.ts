import { ArchiveError } from "../archive/file-access.ts";
import { readLatestDeletions } from "../archive/history.ts";
import type { GroupRecord } from "../archive/records.ts";
import { errorCode } from "../core/errors.ts";
import type { SweepReport } from "../core/report.ts";
import { countGroups } from "../core/totals.ts";
import { isDeleted } from "../core/verdict.ts";
import { daySeconds, shownDays, shownSweeps } from "../report/html/charts.ts";
import type { PageState } from "../report/html/page.ts";
import type { Logger } from "../telemetry/logger.ts";

/** How many are remembered: a page full. */
const remembered = 100;

/** What the page shows of the past. */
interface History extends Pick<PageState, "recentDeletions" | "deletionsByDay" | "sweeps"> {}

/** Adds a sweep, and forgets what the page no longer shows. */
export function addSweep(report: SweepReport, { recentDeletions, deletionsByDay, sweeps }: History): History {
  const { finishedAt: at, dryRun, gateways } = report;
  const latest = gateways.flatMap(({ name, entries }) =>
    entries
      .filter(({ outcome }) => isDeleted(outcome))
      .map(({ group, rule }) => ({ at, gateway: name, labels: group.labels, rule: rule?.name ?? "" })),
  );
  const { verdicts, outcomes } = countGroups(gateways.flatMap(({ entries }) => entries));
  const sweep = {
    at,
    dryRun,
    deleted: dryRun ? verdicts.delete : latest.length,
    withheld: verdicts.withhold,
    failedGateways: gateways.filter(({ status }) => status === "failed").length,
    failedDeletions: outcomes.failed + outcomes.still_there,
  };
  const today = dayOf(at);
  const days = [...deletionsByDay].filter(([day]) => day > today - shownDays);
  return {
    recentDeletions: [...latest, ...recentDeletions].slice(0, remembered),
    deletionsByDay: addDays(days, [[today, latest.length]]),
    sweeps: [...sweeps, sweep].slice(-shownSweeps),
  };
}

/** Adds what an archive knows of the time before. */
export function addEarlier(history: History, earlier: Omit<History, "sweeps">): History {
  return {
    ...history,
    recentDeletions: [...history.recentDeletions, ...earlier.recentDeletions].slice(0, remembered),
    deletionsByDay: addDays(history.deletionsByDay, earlier.deletionsByDay),
  };
}

type Days = Iterable<readonly [day: number, groups: number]>;

function addDays(some: Days, others: Days): ReadonlyMap<number, number> {
  const sums = new Map(some);
  for (const [day, groups] of others) sums.set(day, (sums.get(day) ?? 0) + groups);
  return sums;
}

function dayOf(at: number): number {
  return Math.floor(at / daySeconds);
}

/**
 * The deletions in an archive, for a service that was started just now: the latest, the latest first, and how many there were on the
 * days that are shown.
 * @param signal ends it
 * @returns null if the archive cannot be read, which is logged
 */
export async function recallDeletions(
  dir: string,
  now: number,
  accepts: (record: GroupRecord) => boolean,
  signal: AbortSignal,
  log: Logger,
): Promise<Omit<History, "sweeps"> | null> {
  const deletionsByDay = new Map<number, number>();
  const firstDay = dayOf(now) - shownDays + 1;
  const acceptsAndCounts = (record: GroupRecord): boolean => {
    if (!accepts(record)) return false;
    const day = dayOf(record.at);
    if (day >= firstDay) deletionsByDay.set(day, (deletionsByDay.get(day) ?? 0) + 1);
    return true;
  };
  const options = { count: remembered, since: firstDay * daySeconds, accepts: acceptsAndCounts, signal };
  try {
    // The sweeps, which read the same files, report damaged ones.
    const records = await readLatestDeletions(dir, options, () => {});
    const recentDeletions = records.map(({ at, gateway, labels, rule }) => ({
      at,
      gateway,
      labels,
      rule: rule ?? "",
    }));
    return { recentDeletions, deletionsByDay };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    // The first deletion makes it.
    if (errorCode(error.cause) === "ENOENT") return { recentDeletions: [], deletionsByDay };
    log.warn("Archive cannot be read, earlier deletions are not shown", { err: error.message });
    return null;
  }
}
