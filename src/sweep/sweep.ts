import type { Decision } from "../core/decide.ts";
import { explainExceededLimit, type ExceededLimit } from "../core/limits.ts";
import { createPlan, isDeletion, withholdDeletion, type Plan } from "../core/plan.ts";
import type { GatewayReport, GatewayStatus, ReportEntry } from "../core/report.ts";
import { ttlMetricNames } from "../core/rule.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { GatewayError } from "../gateway/gateway-error.ts";
import { collectSnapshot, type Snapshot } from "../gateway/snapshot.ts";
import { deleteExpired, type DeletionResult } from "./delete-expired.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";

/**
 * One sweep of one gateway: snapshot, plan, deletions on fresh evidence, verification. A dry run ends after the plan.
 * Never throws for a gateway's fault: that is a report with status `failed`.
 */
export async function sweepGateway(context: SweepContext, settings: SweepSettings): Promise<GatewayReport> {
  const { gateway } = context;
  try {
    const status = await gateway.status(context.stop);
    const naming: PathNaming = { utf8Names: status.utf8Names };
    const snapshot = await takeSnapshot(context, settings, naming);
    const plan = createPlan({
      groups: snapshot.groups,
      now: snapshot.takenAt,
      gatewayStartedAt: status.startedAt,
      rules: settings.rules,
      limits: settings.limits,
    });
    const nothingToDo = settings.dryRun || !plan.decisions.some(isDeletion);
    const result = nothingToDo ? null : await deleteExpired(context, settings, { plan, snapshot, naming });
    return createReport(context, snapshot, plan, result);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return failedReport(gateway, error);
  }
}

async function takeSnapshot(
  { gateway, clock, progress, stop }: SweepContext,
  { rules }: SweepSettings,
  naming: PathNaming,
): Promise<Snapshot> {
  progress({ gateway: gateway.name, phase: "reading", done: 0, total: null });
  const open = await gateway.openSnapshot({ naming, gauges: ttlMetricNames(rules), signal: stop });
  return collectSnapshot(open, () => clock.monotonic());
}

function createReport(
  { gateway }: SweepContext,
  snapshot: Snapshot,
  plan: Plan,
  result: DeletionResult | null,
): GatewayReport {
  const entries = plan.decisions.map((decision): ReportEntry => applyResult(decision, result));
  return {
    name: gateway.name,
    url: gateway.url,
    status: statusOf(plan.exceededLimit, entries, result),
    error: errorOf(plan.exceededLimit, result),
    snapshot: {
      takenAt: snapshot.takenAt,
      groups: snapshot.groups.length,
      sizeBytes: snapshot.sizeBytes,
      source: snapshot.source,
      clockSkewSeconds: snapshot.clockSkewSeconds,
      outageSeconds: plan.outage?.seconds ?? 0,
    },
    // What dropped out on the way belongs behind what was deleted, as in the plan.
    entries: entries.toSorted((a, b) => rank(a) - rank(b)),
    notes: [],
  };
}

function applyResult(decision: Decision, result: DeletionResult | null): ReportEntry {
  const fate = result?.fates.get(decision.group.key);
  if (fate === undefined || !isDeletion(decision)) return { ...decision, outcome: null };
  return fate.kind === "withheld"
    ? { ...withholdDeletion(decision, fate.reason), outcome: null }
    : { ...decision, outcome: fate.outcome };
}

function rank({ verdict }: Decision): number {
  return { delete: 0, withhold: 1, keep: 2 }[verdict.verdict];
}

function statusOf(
  exceededLimit: ExceededLimit | null,
  entries: readonly ReportEntry[],
  result: DeletionResult | null,
): GatewayStatus {
  if (exceededLimit !== null) return "withheld";
  // A group that came back to life in time is a success.
  const doubtful = entries.some(
    ({ verdict, outcome }) =>
      outcome === "failed" ||
      outcome === "still_there" ||
      (verdict.verdict === "withhold" && verdict.reason !== "pushed_again"),
  );
  return doubtful || (result?.error ?? null) !== null ? "partial" : "ok";
}

function errorOf(exceededLimit: ExceededLimit | null, result: DeletionResult | null): GatewayReport["error"] {
  if (exceededLimit !== null)
    return { code: exceededLimit.reason, message: explainExceededLimit(exceededLimit) };
  return result?.error ?? null;
}

function failedReport(gateway: { name: string; url: string }, error: GatewayError): GatewayReport {
  return {
    name: gateway.name,
    url: gateway.url,
    status: "failed",
    error: { code: error.code, message: error.message },
    snapshot: null,
    entries: [],
    notes: [],
  };
}
