import { agreedNow } from "../core/time.ts";
import { isDeletion, type Decision } from "../core/decide.ts";
import { asksForHosts, type Liveness } from "../core/liveness.ts";
import { planInSteps, type Plan } from "../core/plan.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { breatheThrough } from "../gateway/breathe.ts";
import { RequestError } from "../http/request-error.ts";
import { collectSnapshot, type OpenSnapshot, type Snapshot } from "../gateway/snapshot.ts";
import type { GatewayInfo } from "../gateway/status.ts";
import { identifyOthers } from "./same-gateway.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";

/** The groups of a gateway and the plan for them. */
export interface PlannedSweep {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  readonly status: GatewayInfo;
}

/**
 * Reads all groups and makes a plan. With `source: auto` it reads the exposition first, at less cost for the gateway, and the API
 * only if there is something to delete or a doubt.
 * @throws {@link RequestError}, `AnotherGateway`
 */
export async function readAndPlan(context: SweepContext, settings: SweepSettings): Promise<PlannedSweep> {
  const { source, gateway, log, stop } = context;
  // The exposition escapes other label names than legacy ones.
  const before = await gateway.status(stop);
  const { utf8Names } = before;
  const liveness = await readLiveness(context, settings);
  const read = (from: OpenSnapshot["source"]): Promise<PlannedSweep> =>
    readFrom(from, context, settings, { before, liveness });
  if (source === "exposition" && utf8Names) throw namesEscaped(gateway);
  if (source === "api" || (source === "auto" && utf8Names)) return read("api");
  try {
    const reading = await read("exposition");
    if (source === "exposition" || !needsApi(reading.plan, context)) return reading;
  } catch (error) {
    if (source === "exposition" || !(error instanceof RequestError) || error.code === "aborted") throw error;
    log.debug("The exposition does not answer, reading the API", { err: error.message });
  }
  return read("api");
}

/** Asks which hosts exist, if a rule needs it. */
export async function readLiveness(
  { readLiveness: read, stop }: SweepContext,
  { rules }: Pick<SweepSettings, "rules">,
): Promise<Liveness> {
  if (read === undefined || !rules.some(asksForHosts)) return new Map();
  return read(rules, stop);
}

function namesEscaped({ url }: SweepContext["gateway"]): RequestError {
  return new RequestError(
    "unexpected_answer",
    { method: "GET", url: `${url}/metrics` },
    "this gateway takes UTF-8 label names, which /metrics escapes, so that groups cannot be named exactly: set source to auto or api",
  );
}

/** Whether the plan depends on what the exposition does not show: see `openExpositionSnapshot`. */
function needsApi({ decisions, isUndecided }: Plan, { archive }: SweepContext): boolean {
  return (
    isUndecided ||
    decisions.some(
      (decision) =>
        isDoubtful(decision) || (isDeletion(decision) && (archive !== null || decision.group.hidesInstance)),
    )
  );
}

/** The API has a time stamp that exposes forged failure times, and a single gauge where the exposition shows several. */
function isDoubtful({ verdict, group }: Decision): boolean {
  const unknownTime = verdict.reason === "future_time" || verdict.reason === "invalid_time";
  return unknownTime || [...group.gauges.values()].some((value) => Number.isNaN(value));
}

async function readFrom(
  source: OpenSnapshot["source"],
  context: SweepContext,
  settings: SweepSettings,
  { before, liveness }: { readonly before: GatewayInfo; readonly liveness: Liveness },
): Promise<PlannedSweep> {
  const { gateway, clock, progress, stop } = context;
  progress({ gateway: gateway.name, phase: "reading", done: 0, total: null });
  const options = { naming: before, gauges: ttlMetricNames(settings.rules), signal: stop };
  const open = await (source === "api" ? gateway.openSnapshot(options) : gateway.openExposition(options));
  const snapshot = await collectSnapshot(open, () => clock.monotonic());
  // Read afterwards: if the gateway was down between the requests, the earlier status would count that time towards ages.
  const status = await gateway.status(stop);
  if (status.startTime !== before.startTime)
    throw await identifyOthers(gateway, [before.startTime, status.startTime], stop);
  const steps = planInSteps({
    groups: snapshot.groups,
    now: momentOfPlan(settings, agreedNow(snapshot.clocks)),
    gatewayStartedAt: status.startedAt ?? snapshot.process?.startedAt ?? null,
    rules: settings.rules,
    demand: settings.demand,
    limits: settings.limits,
    liveness,
  });
  return { snapshot, plan: await breatheThrough(steps), status };
}

/** A plan with deletions is always for now. */
function momentOfPlan({ dryRun, planFor }: SweepSettings, now: number | null): number | null {
  return dryRun && planFor !== undefined && now !== null ? Math.max(now, planFor(now)) : now;
}
