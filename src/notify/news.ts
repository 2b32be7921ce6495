import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { countByRule } from "../core/totals.ts";
import { isDeleted, isFailedDeletion, type WithholdReason } from "../core/verdict.ts";

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

/** The news about one gateway. */
export interface GatewaySummary {
  readonly gateway: string;
  readonly deleted: DeletedSummary | null;
  readonly withheld: WithheldSummary | "ended" | null;
  readonly failed: FailedSummary | "ended" | null;
}

export interface DeletedSummary {
  readonly groups: number;
  readonly series: number;
  readonly byRule: readonly { readonly rule: string; readonly groups: number }[];
  /** The three oldest groups. */
  readonly examples: readonly ReportEntry[];
}

export interface WithheldSummary {
  readonly groups: number;
  readonly reasons: readonly WithholdReason[];
  /** The sweep's own explanation; null: there is none. */
  readonly explanation: string | null;
}

export interface FailedSummary {
  /** Deletions that were refused or not seen to take effect; 0: the gateway could not be swept at all. */
  readonly deletions: number;
  readonly explanation: string | null;
}

const exampleCount = 3;
const noCondition: GatewayCondition = { withheld: false, failed: false };

/**
 * The news of a sweep for a receiver. Pure.
 * @param on the events that it wants
 * @returns the news by gateway, empty if there are none, and the conditions that it knows once it has the message
 */
export function summarizeSweep(
  { gateways, dryRun }: SweepReport,
  on: readonly SweepEvent[],
  known: KnownConditions,
): { readonly news: readonly GatewaySummary[]; readonly known: KnownConditions } {
  const next = new Map<string, GatewayCondition>();
  const news: GatewaySummary[] = [];
  for (const report of gateways) {
    const before = known.get(report.name) ?? noCondition;
    const now = conditionOf(report, before);
    next.set(report.name, now);
    const begins = (event: "withheld" | "failed") => now[event] && !before[event];
    const ended = (event: "withheld" | "failed") =>
      before[event] && !now[event] ? ("ended" as const) : null;
    const summary: GatewaySummary = {
      gateway: report.name,
      deleted: on.includes("deleted") && !dryRun ? summarizeDeleted(report) : null,
      withheld: !on.includes("withheld")
        ? null
        : begins("withheld")
          ? summarizeWithheld(report)
          : ended("withheld"),
      failed: !on.includes("failed") ? null : begins("failed") ? summarizeFailed(report) : ended("failed"),
    };
    if (summary.deleted !== null || summary.withheld !== null || summary.failed !== null) news.push(summary);
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

/** A group that was pushed again has come back to life in time, and an interrupted sweep is continued by the next one. */
function isWithheld({ verdict: { verdict, reason } }: ReportEntry): boolean {
  return verdict === "withhold" && reason !== "pushed_again" && reason !== "interrupted";
}

function countFailedDeletions({ entries }: GatewayReport): number {
  return entries.filter(({ outcome }) => isFailedDeletion(outcome)).length;
}

function summarizeDeleted({ entries }: GatewayReport): DeletedSummary | null {
  const deleted = entries.filter(({ outcome }) => isDeleted(outcome));
  if (deleted.length === 0) return null;
  const rules = countByRule(deleted, []);
  return {
    groups: deleted.length,
    series: rules.reduce((sum, { deletedSeries }) => sum + deletedSeries, 0),
    byRule: rules
      .map(({ rule, deleted: groups }) => ({ rule: rule ?? "", groups }))
      .toSorted((a, b) => b.groups - a.groups),
    examples: deleted.toSorted((a, b) => (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0)).slice(0, exampleCount),
  };
}

function summarizeWithheld({ entries, error }: GatewayReport): WithheldSummary {
  const withheld = entries.filter(isWithheld);
  const reasons = new Set(withheld.map(({ verdict }) => verdict.reason as WithholdReason));
  return { groups: withheld.length, reasons: [...reasons], explanation: error?.message ?? null };
}

function summarizeFailed(report: GatewayReport): FailedSummary {
  const deletions = report.status === "failed" ? 0 : countFailedDeletions(report);
  return { deletions, explanation: report.error?.message ?? null };
}
