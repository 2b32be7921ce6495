import type { Log } from "../core/log.ts";
import type { Clock } from "../core/time.ts";
import type { GroupToArchive, Demand } from "../core/decide.ts";
import type { Labels } from "../core/labels.ts";
import type { Limits } from "../core/limits.ts";
import type { Liveness } from "../core/liveness.ts";
import type { RecentDeletion } from "../core/reappearance.ts";
import type { Rule } from "../core/rule.ts";
import type { GatewayReport } from "../core/report.ts";
import type { Outcome } from "../core/verdict.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Wait } from "../gateway/pace.ts";

/** The settings of one sweep. */
export interface SweepSettings {
  readonly rules: readonly Rule[];
  /** Decides instead of rules. */
  readonly demand?: Demand | undefined;
  readonly limits: Limits;
  readonly dryRun: boolean;
  /**
   * In a dry run: the time to plan for, given the gateway's time; Unix seconds both. A time in the past counts as now. Ignored by other
   * sweeps.
   */
  readonly planFor?: ((now: number) => number) | undefined;
  /** Asked before anything is deleted, with the report of a dry run. Groups that are pushed to meanwhile are not deleted. */
  readonly approve?: ((plan: GatewayReport) => Promise<boolean>) | undefined;
}

/** The surroundings of a sweep. */
export interface SweepContext {
  readonly gateway: Gateway;
  /** How groups are read: see `readAndPlan`. `exposition` never reads the API, and needs `archive: null`. */
  readonly source: "api" | "auto" | "exposition";
  /** null: deleted groups cannot be restored. */
  readonly archive: SweepArchive | null;
  /** Asks Prometheus which hosts exist; left out: every host counts as alive. */
  readonly readLiveness?: ReadLiveness | undefined;
  readonly clock: Clock;
  readonly wait: Wait;
  readonly log: Log;
  readonly metrics: SweepMetrics;
  readonly progress: SweepProgress;
  /** Finish the requests in flight, begin nothing new. */
  readonly stop: AbortSignal;
  /** Abort the requests in flight, too. */
  readonly abort: AbortSignal;
}

/**
 * Asks for every one of these rules with `vanished`; its answers are a minute old at most. Cheap as long as they are younger: deletions ask before
 * every batch. Never throws for what Prometheus does wrong: that is in the answer.
 */
export type ReadLiveness = (rules: readonly Rule[], signal: AbortSignal) => Promise<Liveness>;

/** The archive as sweeps use it. */
export interface SweepArchive {
  /** Resolves when all groups are synced to disk; if it rejects, none may be deleted. */
  append(groups: readonly GroupToArchive[]): Promise<void>;
  /** Adds outcomes of appended groups, by key. */
  recordOutcomes(
    gateway: string,
    outcomes: Iterable<readonly [key: string, outcome: "accepted" | Outcome]>,
  ): Promise<void>;
  /** Groups that rules deleted, by key, without those that were restored or counted as reappeared. */
  recentDeletions(gateway: string): Promise<ReadonlyMap<string, RecentDeletion>>;
  recordReappeared(gateway: string, groups: readonly Labels[]): Promise<void>;
}

/** Events too frequent for a report. */
export interface SweepMetrics {
  /** One DELETE was answered, or failed. */
  observeDelete(gateway: string, durationSeconds: number): void;
}

/** Called at every step. */
type SweepProgress = (step: {
  readonly gateway: string;
  readonly phase: "reading" | "deleting" | "verifying";
  readonly done: number;
  /** null: unknown. */
  readonly total: number | null;
}) => void;
