import { isDeletion } from "../core/decide.ts";
import { mayRefusePushes } from "../core/life.ts";
import { messageOf, stackOf } from "../core/errors.ts";
import { forecastLongSeconds } from "../core/limits.ts";
import type { Plan } from "../core/plan.ts";
import { findReappeared, type Reappearance } from "../core/reappearance.ts";
import type { GatewayReport } from "../core/report.ts";
import { RequestError } from "../http/request-error.ts";
import type { Snapshot } from "../gateway/snapshot.ts";
import { createReport, failedReport } from "./create-report.ts";
import type { Ledger } from "./ledger.ts";
import { readAndPlan, type PlannedSweep } from "./read-and-plan.ts";
import { AnotherGateway } from "./same-gateway.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";
import { wrapRequests, type Gateway } from "../gateway/gateway.ts";
import { rateLimitPatienceSeconds } from "../gateway/pace.ts";

/**
 * One sweep of one gateway: snapshot, plan, deletions on fresh evidence, verification. A dry run ends after the plan. Never throws:
 * errors become a report with the status `failed`.
 */
export async function sweepGateway(given: SweepContext, settings: SweepSettings): Promise<GatewayReport> {
  const context: SweepContext = { ...given, gateway: waitOutLimits(given) };
  const { gateway, clock } = context;
  const startedAt = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - startedAt;
  try {
    const { snapshot, plan, status } = await readAndPlan(context, settings);
    const consistent = await checkConsistency(context, plan);
    const reappeared = await countReappeared(context, settings, snapshot);
    const { limits, dryRun, approve } = settings;
    const findings = { limits, snapshot, plan, reappeared, consistent };
    const report = (ledger: Ledger | null): GatewayReport =>
      createReport(context, { ...findings, ledger, durationSeconds: elapsed() });
    const isApproved =
      !dryRun && plan.decisions.some(isDeletion) && (approve === undefined || (await approve(report(null))));
    return report(isApproved ? await carryOut(context, settings, { plan, snapshot, status }) : null);
  } catch (error) {
    if (error instanceof RequestError) return failedReport(gateway, error, elapsed());
    if (error instanceof AnotherGateway) {
      const message = `${gateway.url}: ${error.message}`;
      return failedReport(gateway, { code: "gateway_unhealthy", message }, elapsed());
    }
    // A bug of the janitor.
    context.log.error("Sweep failed by a bug, please report it", {
      gateway: gateway.name,
      err: stackOf(error),
    });
    const message = `internal error: ${messageOf(error)}`;
    return failedReport(gateway, { code: "internal", message }, elapsed());
  }
}

/** A dry run does not even load the code that deletes. */
async function carryOut(
  context: SweepContext,
  settings: SweepSettings,
  reading: PlannedSweep,
): Promise<Ledger> {
  const deletions = reading.plan.decisions.filter(isDeletion).length;
  const seconds = forecastLongSeconds(deletions, settings.limits);
  if (seconds !== null) {
    const { deletesPerSecond } = settings.limits;
    const fields = { deletions, deletes_per_second: deletesPerSecond, at_least_seconds: seconds };
    context.log.info("Deletions will take long", { gateway: context.gateway.name, ...fields });
  }
  const { deleteExpired } = await import("./delete-expired.ts");
  return deleteExpired(context, settings, reading);
}

/**
 * Whether the gateway accepts pushes. An inconsistent one answers 500 to a scrape; as that has a cost, it is tried only if the newest
 * push was refused.
 */
async function checkConsistency(
  { gateway, stop }: SweepContext,
  { circumstances }: Plan,
): Promise<boolean | null> {
  if (!mayRefusePushes(circumstances.pushes)) return true;
  try {
    await gateway.pushTimes(new Set(), stop);
    return true;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return error.httpStatus === 500 ? false : null;
  }
}

/** Finds groups that earlier sweeps deleted and that are back. A dry run does not use the archive. */
async function countReappeared(
  { archive, gateway, log }: SweepContext,
  { dryRun }: SweepSettings,
  { groups }: Snapshot,
): Promise<readonly Reappearance[]> {
  if (archive === null || dryRun) return [];
  try {
    const reappeared = findReappeared(groups, await archive.recentDeletions(gateway.name));
    if (reappeared.length > 0) {
      await archive.recordReappeared(
        gateway.name,
        reappeared.flatMap((one) => one.groups),
      );
    }
    return reappeared;
  } catch (error) {
    // Only a warning, as a broken archive prevents deletions anyway.
    log.warn("Reappeared groups could not be counted", { gateway: gateway.name, err: String(error) });
    return [];
  }
}

const shortestWaitSeconds = 0.5;

const reads = [
  "status",
  "freshStartTime",
  "openSnapshot",
  "openExposition",
  "pushTimes",
  "probeDeletion",
] as const;

/**
 * Wraps a gateway so that its reads obey a rate limit (429, or 503 with `Retry-After`) and are tried again. DELETEs are not: the wait
 * would make their evidence too old.
 */
function waitOutLimits({ gateway, wait, stop, log }: SweepContext): Gateway {
  return wrapRequests(gateway, reads, async (send) => {
    for (let waitedSeconds = 0; ;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof RequestError) || error.retryAfterSeconds === null) throw error;
        const seconds = Math.max(shortestWaitSeconds, error.retryAfterSeconds);
        waitedSeconds += seconds;
        if (waitedSeconds > rateLimitPatienceSeconds) throw error;
        log.debug("A rate limit asks to wait", { gateway: gateway.name, seconds, err: error.message });
        await wait(seconds, stop);
        // After a stop, one more try: if `stop` aborts it, it ends as interrupted.
        if (stop.aborted) return await send();
      }
    }
  });
}
