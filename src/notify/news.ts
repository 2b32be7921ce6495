import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { isDeleted, isFailedDeletion, isFailure } from "../core/verdict.ts";

/**
 * The subjects of messages.
 * - `deleted`: the groups that this sweep has deleted
 * - `withheld`: groups have expired, but a limit or a doubt keeps them from being deleted
 * - `failed`: a gateway could not be swept, or deletions did not take effect
 *
 * The latter two are conditions: messages say when they begin and when they end, not at every sweep.
 */
export type SweepEvent = "deleted" | "withheld" | "failed";

/** The conditions of one gateway. */
interface GatewayCondition {
  readonly withheld: boolean;
  readonly failed: boolean;
}

/** By gateway, those that a receiver has had a message about. A gateway that is not in it has none. */
export type KnownConditions = ReadonlyMap<string, GatewayCondition>;

type Change = "begins" | "ends" | null;

/** The news about one gateway. */
export interface GatewayNews {
  readonly report: GatewayReport;
  /** Empty also if the receiver does not want them. */
  readonly deleted: readonly ReportEntry[];
  readonly withheld: Change;
  readonly failed: Change;
}

/**
 * The news of a sweep for a receiver. Pure.
 * @param on the events that it wants
 * @returns the news by gateway, empty if there are none, and the conditions that it knows once it has the message
 */
export function findNews(
  { gateways, dryRun }: SweepReport,
  on: readonly SweepEvent[],
  known: KnownConditions,
): { readonly news: readonly GatewayNews[]; readonly known: KnownConditions } {
  const next = new Map<string, GatewayCondition>();
  const news: GatewayNews[] = [];
  for (const report of gateways) {
    const before = known.get(report.name) ?? { withheld: false, failed: false };
    const now = conditionOf(report, before);
    next.set(report.name, now);
    const changeOf = (event: "withheld" | "failed"): Change =>
      !on.includes(event) || now[event] === before[event] ? null : now[event] ? "begins" : "ends";
    const wantsDeleted = on.includes("deleted") && !dryRun;
    const deleted = wantsDeleted ? report.entries.filter(({ outcome }) => isDeleted(outcome)) : [];
    const [withheld, failed] = [changeOf("withheld"), changeOf("failed")];
    if (deleted.length > 0 || withheld !== null || failed !== null)
      news.push({ report, deleted, withheld, failed });
  }
  return { news, known: next };
}

/** A condition that an interrupted sweep, or one that could not read the gateway, did not examine is unchanged. */
function conditionOf(report: GatewayReport, before: GatewayCondition): GatewayCondition {
  const { status, error, entries } = report;
  if (error?.code === "aborted" || entries.some(({ verdict }) => verdict.reason === "interrupted"))
    return before;
  if (status === "failed") return { ...before, failed: true };
  return { withheld: entries.some(isWithheld), failed: countFailedDeletions(report) > 0 };
}

/** An interrupted sweep is continued by the next one. */
export function isWithheld({ verdict: { verdict, reason } }: ReportEntry): boolean {
  return verdict === "withhold" && isFailure(reason) && reason !== "interrupted";
}

/** Deletions that were refused or not seen to take effect. */
export function countFailedDeletions({ entries }: GatewayReport): number {
  return entries.filter(({ outcome }) => isFailedDeletion(outcome)).length;
}
