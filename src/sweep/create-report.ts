import { agreedNow, clockSkewSeconds, explainClocks } from "../core/time.ts";
import { isDeletion, type Decision } from "../core/decide.ts";
import { formatDuration } from "../core/duration.ts";
import { formatShortLabels, quote } from "../core/labels.ts";
import {
  explainExceededLimit,
  forecastLongSeconds,
  type ExceededLimit,
  type Limits,
} from "../core/limits.ts";
import { byVerdict, withholdDeletion, type Plan } from "../core/plan.ts";
import { explainReappearance, type Reappearance } from "../core/reappearance.ts";
import type { GatewayReport, GatewayStatus, ReportEntry } from "../core/report.ts";
import { isFailedDeletion, isFailure, type Outcome } from "../core/verdict.ts";
import type { Snapshot } from "../gateway/snapshot.ts";
import type { Fate, Ledger } from "./ledger.ts";
import type { SweepContext } from "./sweep-context.ts";

/** All results of a sweep. */
interface SweepFindings {
  readonly limits: Limits;
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** null: nothing was to be deleted, or it is a dry run. */
  readonly ledger: Ledger | null;
  readonly reappeared: readonly Reappearance[];
  readonly consistent: boolean | null;
  readonly durationSeconds: number;
}

export function createReport(
  { gateway, archive }: SweepContext,
  { limits, snapshot, plan, ledger, reappeared, consistent, durationSeconds }: SweepFindings,
): GatewayReport {
  const entries = ledger === null ? plan.decisions : applyFates(plan.decisions, ledger);
  const takenAt = agreedNow(snapshot.clocks);
  const { now, outage } = plan.circumstances;
  const clocksNote = explainClocks(snapshot.clocks);
  return {
    name: gateway.name,
    url: gateway.url,
    status: statusOf(plan.exceededLimit, entries, ledger),
    durationSeconds,
    consistent,
    error: errorOf(plan, ledger),
    exceededLimit: plan.exceededLimit,
    snapshot: {
      takenAt,
      ...(now === null || now === takenAt ? {} : { plannedFor: now }),
      groups: snapshot.groups.length,
      sizeBytes: snapshot.sizeBytes,
      durationSeconds: snapshot.durationSeconds,
      source: snapshot.source,
      clockSkewSeconds: clockSkewSeconds(snapshot.clocks),
      outage,
    },
    entries,
    reappeared,
    failedQueries: ledger?.failedQueries() ?? plan.failedQueries,
    notes: [
      ...(clocksNote === null ? [] : [clocksNote]),
      ...(consistent === false ? [poisonNote] : []),
      ...plan.notes,
      ...reappeared.map((one) => explainReappearance(one, plan.circumstances.rules)),
      ...(ledger === null ? noteDuration(entries, limits) : []),
      ...noteLosses(entries),
      ...noteMissingArchive(entries, archive),
      ...noteOtherDeleters(entries),
      ...noteAllPushedAgain(plan, entries),
    ],
  };
}

const poisonNote =
  "the gateway refuses every push, because of a group in it: `pushgateway-janitor doctor` names the group and how to heal it";

function noteDuration(entries: readonly ReportEntry[], limits: Limits): readonly string[] {
  const deletions = entries.filter(isDeletion).length;
  const seconds = forecastLongSeconds(deletions, limits);
  if (seconds === null) return [];
  return [`${deletions} deletions at ${limits.deletesPerSecond}/s take at least ${formatDuration(seconds)}`];
}

/** Said in dry runs, too, so that the deletion can be prevented. */
function noteLosses(entries: readonly ReportEntry[]): readonly string[] {
  const lossy = entries.filter((entry) => isDeletion(entry) && entry.group.nativeHistograms.length > 0);
  const [first] = lossy;
  if (first === undefined) return [];
  return [
    `of native histograms a restore brings back sum and count only; groups to delete that hold some: ${lossy.length}, ` +
      `for example ${formatShortLabels(first.group.labels)} with ${quote(first.group.nativeHistograms[0] ?? "")}`,
  ];
}

function noteMissingArchive(
  entries: readonly ReportEntry[],
  archive: SweepContext["archive"],
): readonly string[] {
  const deleted = entries.some(({ outcome }) => outcome !== undefined && outcome !== "gone_already");
  return archive === null && deleted ? ["no archive: what was deleted cannot be restored"] : [];
}

/** Fewer may have been deleted by hand. */
const manyGoneAlready = 5;

function noteOtherDeleters(entries: readonly ReportEntry[]): readonly string[] {
  const planned = entries.filter(({ outcome }) => outcome !== undefined).length;
  const count = entries.filter(({ outcome }) => outcome === "gone_already").length;
  if (count < manyGoneAlready || count * 10 < planned) return [];
  return [
    `${count} of ${planned} expired groups disappeared before the janitor sent their DELETE: another janitor or a script ` +
      "deletes on this gateway, too; let only one of them do it",
  ];
}

/** Jobs do not all push in the seconds between two reads; a second gateway behind the address has that effect. */
function noteAllPushedAgain(plan: Plan, entries: readonly ReportEntry[]): readonly string[] {
  const planned = plan.decisions.filter(isDeletion).length;
  const revived = entries.filter(({ verdict }) => verdict.reason === "pushed_again").length;
  if (planned < 2 || revived < planned) return [];
  return [
    `all ${planned} expired groups were pushed again between two reads: if their jobs did not all run just now, several gateways ` +
      "answer behind this address, and each needs an address of its own",
  ];
}

/** Groups that were withheld during the deletions come after the deleted ones, as in the plan. */
function applyFates(decisions: readonly Decision[], ledger: Ledger): readonly ReportEntry[] {
  return decisions
    .map((decision) => applyFate(decision, ledger.fates.get(decision.group.key)))
    .toSorted(byVerdict);
}

function applyFate(decision: Decision, fate: Fate | undefined): ReportEntry {
  if (fate === undefined || !isDeletion(decision)) return decision;
  return fate.kind === "withheld"
    ? withholdDeletion(decision, fate.reason)
    : withOutcome(decision, fate.outcome);
}

/** Written out: with a spread and one more member, V8 takes three times the memory. */
function withOutcome(decision: Decision, outcome: Outcome): ReportEntry {
  const { group, verdict, rule, ageSeconds, ttlSeconds, ttlSource, expiresAt } = decision;
  return { group, verdict, rule, ageSeconds, ttlSeconds, ttlSource, expiresAt, outcome };
}

function statusOf(
  exceededLimit: ExceededLimit | null,
  entries: readonly ReportEntry[],
  ledger: Ledger | null,
): GatewayStatus {
  const isDoubtful = entries.some(
    ({ verdict, outcome }) =>
      isFailedDeletion(outcome) ||
      (verdict.verdict === "withhold" &&
        verdict.reason !== exceededLimit?.reason &&
        isFailure(verdict.reason)),
  );
  if (isDoubtful || (ledger?.error() ?? null) !== null) return "partial";
  return exceededLimit === null ? "ok" : "withheld";
}

/** An error matters more than a limit. */
function errorOf({ exceededLimit, circumstances }: Plan, ledger: Ledger | null): GatewayReport["error"] {
  const error = ledger?.error() ?? null;
  if (error !== null || exceededLimit === null) return error;
  const message = explainExceededLimit(
    exceededLimit,
    circumstances.demand === undefined ? "have expired" : "are to be deleted",
  );
  return { code: exceededLimit.reason, message };
}

export function failedReport(
  gateway: { readonly name: string; readonly url: string },
  error: { readonly code: string; readonly message: string },
  durationSeconds: number,
): GatewayReport {
  return {
    name: gateway.name,
    url: gateway.url,
    status: "failed",
    durationSeconds,
    consistent: null,
    error: { code: error.code, message: error.message },
    exceededLimit: null,
    snapshot: null,
    entries: [],
    reappeared: [],
    failedQueries: [],
    notes: [],
  };
}
