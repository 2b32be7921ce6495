import type { Decision } from "./decide.ts";
import type { Outage } from "./life.ts";
import type { ExceededLimit } from "./limits.ts";
import type { FailedQuery } from "./liveness.ts";
import type { Reappearance } from "./reappearance.ts";
import { isFailure, isGone, sweepFailureReasons, type SweepFailureReason, type Outcome } from "./verdict.ts";

/** One pass over all gateways: what was found, decided and done. The report of a dry run is the same without outcomes. */
export interface SweepReport {
  /** Unix seconds of the local clock, like `finishedAt`. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly dryRun: boolean;
  /** The names of all rules, in order. */
  readonly rules: readonly string[];
  readonly gateways: readonly GatewayReport[];
}

/**
 * - `ok`: everything that has expired is gone (or would be, in a dry run)
 * - `withheld`: a limit forbade deletions, all of them or all but the oldest
 * - `partial`: some deletions failed, were not confirmed, or were withheld for another reason than a limit
 * - `failed`: the gateway could not be read; nothing was done
 */
export type GatewayStatus = "ok" | "withheld" | "partial" | "failed";

export interface GatewayReport {
  readonly name: string;
  readonly url: string;
  readonly status: GatewayStatus;
  /** From the first request to the last read. */
  readonly durationSeconds: number;
  /** false: it refuses every push, because of a group in it. null: not known. */
  readonly consistent: boolean | null;
  /** Why the status is not `ok`, if there is one cause. */
  readonly error: GatewayError | null;
  /** The limit that withheld deletions. */
  readonly exceededLimit: ExceededLimit | null;
  /** null: the gateway could not be read. */
  readonly snapshot: SnapshotFacts | null;
  /** In the order of the plan. */
  readonly entries: readonly ReportEntry[];
  /** Groups that earlier sweeps deleted and that are back; known only with an archive. */
  readonly reappeared: readonly Reappearance[];
  /** For these rules every host counted as alive. */
  readonly failedQueries: readonly FailedQuery[];
  /** Notes for the operator, one sentence each. */
  readonly notes: readonly string[];
  /** Set by a service, whose `snapshot` and `entries` may be older than the rest. */
  readonly known?: KnownSince;
}

export interface GatewayError {
  readonly code: string;
  readonly message: string;
  /** Lets the plan pass the limit that it exceeds. The message ends with it, too. */
  readonly command?: string;
}

/** Unix seconds of the local clock. */
export interface KnownSince {
  /** When the last sweep of the gateway ended; null: it has only been read. */
  readonly lastSweptAt: number | null;
  /** When the gateway could last be read: `snapshot` and `entries` say what it held then. null: never. */
  readonly lastReadAt: number | null;
}

export interface SnapshotFacts {
  /** The time that ages count by, Unix seconds; null: not known. */
  readonly takenAt: number | null;
  /** The time that the plan is for, if it is a later one than `takenAt`. */
  readonly plannedFor?: number;
  readonly groups: number;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly source: "api" | "exposition";
  readonly clockSkewSeconds: number | null;
  /** null: none counts. */
  readonly outage: Pick<Outage, "endedAt" | "seconds"> | null;
}

/** A decision and, if its deletion was tried, the outcome. */
export interface ReportEntry extends Decision {
  readonly outcome?: Outcome;
}

/**
 * Adds the report of a sweep, or of a read without one, to what a service knows. A gateway that could not be read this time keeps its
 * last known groups: a dead gateway is not an empty one.
 * @param known null: nothing yet
 */
export function addToKnown(
  known: SweepReport | null,
  report: SweepReport,
  kind: "sweep" | "read",
): SweepReport {
  const before = new Map(known?.gateways.map((gateway) => [gateway.name, gateway]));
  const { finishedAt } = report;
  const gateways = report.gateways.map((gateway) => {
    const sameName = before.get(gateway.name);
    // Another gateway may have taken over the name.
    const earlier = sameName?.url === gateway.url ? sameName : undefined;
    const lastSweptAt = kind === "sweep" ? finishedAt : (earlier?.known?.lastSweptAt ?? null);
    return withMemory(gateway, earlier, { lastSweptAt, lastReadAt: finishedAt });
  });
  if (kind === "sweep" || known === null) return { ...report, gateways };
  const read = new Set(gateways.map(({ name }) => name));
  return {
    ...known,
    rules: report.rules,
    gateways: [...known.gateways.filter(({ name }) => !read.has(name)), ...gateways],
  };
}

/** Since when the groups in the report are not up to date, Unix seconds, because the last sweep could not read the gateway; null: they are. */
export function outdatedSince({ snapshot, status, known }: GatewayReport): number | null {
  return status === "failed" && snapshot !== null ? (known?.lastReadAt ?? null) : null;
}

/** Whether the last that is known of the gateway is a read: a dry run, or the one at the start. */
export function isReadSinceSweep({ known }: GatewayReport): boolean {
  return known !== undefined && (known.lastSweptAt === null || (known.lastReadAt ?? 0) > known.lastSweptAt);
}

/** Whether the gateway has never been swept nor read. */
export function isUnread({ known }: GatewayReport): boolean {
  return known?.lastSweptAt === null && known.lastReadAt === null;
}

function withMemory(
  gateway: GatewayReport,
  earlier: GatewayReport | undefined,
  now: KnownSince,
): GatewayReport {
  if (gateway.snapshot !== null) return { ...gateway, known: now };
  const known = { ...now, lastReadAt: earlier?.known?.lastReadAt ?? null };
  if (earlier === undefined || earlier.snapshot === null) return { ...gateway, known };
  const entries = earlier.entries.filter(({ outcome }) => !isGone(outcome));
  return { ...gateway, snapshot: { ...earlier.snapshot, groups: entries.length }, entries, known };
}

/** Why a sweep of a gateway did not do all of its work; null: it did. */
export function findFailureReason({ status, error, entries }: GatewayReport): SweepFailureReason | null {
  if (status === "ok") return null;
  if (error !== null) return sweepFailureReasons.find((reason) => reason === error.code) ?? "internal";
  for (const { verdict } of entries) {
    if (verdict.verdict === "withhold" && isFailure(verdict.reason)) return verdict.reason;
  }
  return "unconfirmed";
}
