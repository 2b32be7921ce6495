import type { Decision } from "./decide.ts";
import type { ExceededLimit } from "./limits.ts";
import type { FailedQuery } from "./liveness.ts";
import type { Reappearance } from "./reappearance.ts";
import type { Outcome } from "./verdict.ts";

/** One pass over all gateways: what was found, decided and done. A dry run's report differs only in having no outcomes. */
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
 * - `withheld`: a limit forbade all deletions
 * - `partial`: some deletions failed, were not confirmed, or were withheld by a doubt
 * - `failed`: the gateway could not be read; nothing was done
 */
export type GatewayStatus = "ok" | "withheld" | "partial" | "failed";

export interface GatewayReport {
  readonly name: string;
  readonly url: string;
  readonly status: GatewayStatus;
  /** From the first request to the last look. */
  readonly durationSeconds: number;
  /** false: it refuses every push, because of what somebody pushed. null: not known. */
  readonly consistent: boolean | null;
  /** What stood in the way, when something did. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** The limit that withheld the plan; the error is about it. */
  readonly exceededLimit: ExceededLimit | null;
  /** null if there is none. */
  readonly snapshot: SnapshotFacts | null;
  /** In the order of the plan. */
  readonly entries: readonly ReportEntry[];
  /** Groups deleted by earlier sweeps that are back; known only with an archive. */
  readonly reappeared: readonly Reappearance[];
  /** For these rules every host counted as alive. */
  readonly failedQueries: readonly FailedQuery[];
  /** What the operator should know besides, one sentence each. */
  readonly notes: readonly string[];
  /** In what a service remembers, where `snapshot` and `entries` may be older than the rest. */
  readonly known?: KnownSince;
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
  /** The time that the plan is for, when it is not `takenAt`: a look into the future. */
  readonly plannedFor?: number;
  readonly groups: number;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly source: "api" | "exposition";
  readonly clockSkewSeconds: number | null;
  readonly outageSeconds: number;
}

/** A decision and, if its deletion was tried, what became of it: those of a dry run are the decisions themselves. */
export interface ReportEntry extends Decision {
  readonly outcome?: Outcome;
}
