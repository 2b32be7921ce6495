import type { Decision } from "../core/decide.ts";
import { formatLabels } from "../core/labels.ts";
import { isDeletion, type Plan } from "../core/plan.ts";
import type { GatewayReport } from "../core/report.ts";
import type { Outcome, WithholdReason } from "../core/verdict.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { GatewayError } from "../gateway/gateway-error.ts";
import { createPace, type Pace } from "../gateway/pace.ts";
import type { Snapshot } from "../gateway/snapshot.ts";
import { snapshotEvidence } from "./evidence.ts";
import { EvidenceKeeper, EvidenceTooOld, type UsableEvidence } from "./evidence-keeper.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";
import { verifyDeletions } from "./verify.ts";

/** What became of one planned deletion. */
export type Fate =
  | { readonly kind: "withheld"; readonly reason: WithholdReason }
  | { readonly kind: "done"; readonly outcome: Outcome };

export interface DeletionResult {
  /** By the group's key; every planned deletion has one. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** Why it stopped early, if it did, or the last request that failed. */
  readonly error: GatewayReport["error"];
}

/**
 * How many deletions may be unconfirmed at once. The gateway's write queue has 1,000 slots, shared with all pushes, and a
 * full one fails its health; every new look shows how far the gateway has come with it.
 */
const maxUnconfirmed = 400;

/** After as many failed requests in a row the gateway has other troubles than stale groups. */
const maxFailuresInARow = 3;

/** How often the gateway is waited for, a second each, while it does not get on with its queue. */
const maxQueueWaits = 30;

/** Carries the plan's deletions out, oldest first, and looks what became of them. */
export async function deleteExpired(
  context: SweepContext,
  settings: SweepSettings,
  { plan, snapshot, naming }: { plan: Plan; snapshot: Snapshot; naming: PathNaming },
): Promise<DeletionResult> {
  const { gateway, clock, wait, stop } = context;
  const pace = createPace({
    ceiling: settings.limits.deletesPerSecond,
    probe: (signal) => gateway.probeHealth(signal),
    clock,
    wait,
    signal: stop,
  });
  const evidence = new EvidenceKeeper(context, settings, naming, snapshotEvidence(snapshot));
  const deletion = new Deletion(context, plan.decisions.filter(isDeletion), pace, evidence, naming);
  try {
    await deletion.run();
  } finally {
    await pace.stop();
  }
  await verifyDeletions(context, deletion, evidence);
  return { fates: deletion.fates, error: deletion.error() };
}

/** The deletions of one sweep under way. */
export class Deletion {
  readonly fates = new Map<string, Fate>();
  /** Sent to the gateway, but not yet seen to be gone. */
  readonly unconfirmed = new Map<string, Decision>();

  readonly #context: SweepContext;
  readonly #pace: Pace;
  readonly #evidence: EvidenceKeeper;
  readonly #naming: PathNaming;
  /** Oldest last: the next one is popped. */
  readonly #waiting: Decision[];
  readonly #total: number;
  readonly #refused = new Set<string>();
  #lastRefusal: GatewayReport["error"] = null;
  #whyStopped: GatewayReport["error"] = null;
  #failuresInARow = 0;

  constructor(
    context: SweepContext,
    deletions: readonly Decision[],
    pace: Pace,
    evidence: EvidenceKeeper,
    naming: PathNaming,
  ) {
    this.#context = context;
    this.#waiting = deletions.toReversed();
    this.#total = deletions.length;
    this.#pace = pace;
    this.#evidence = evidence;
    this.#naming = naming;
  }

  async run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Leave to send comes first: waiting for it ages the evidence.
        const leave = await this.#pace.next();
        if (leave === "stopped") return this.#withholdRest("interrupted");
        if (leave === "unhealthy" || this.#failuresInARow >= maxFailuresInARow) {
          return this.#withholdRest("gateway_unhealthy", "the gateway stayed unhealthy");
        }
        if (!(await this.#queueHasRoom())) {
          return this.#withholdRest("gateway_unhealthy", "the gateway does not get on with its write queue");
        }
        await this.#runBatch();
      }
    } catch (error) {
      if (error instanceof EvidenceTooOld) return this.#withholdRest("evidence_too_old", error.message);
      if (!(error instanceof GatewayError)) throw error;
      if (error.code === "aborted") return this.#withholdRest("interrupted");
      this.#withholdRest("evidence_too_old", error.message);
    }
  }

  /** Settles what this evidence shows of the deletions that were sent. */
  confirm(evidence: UsableEvidence): void {
    for (const decision of this.unconfirmed.values()) {
      const comparison = evidence.compare(decision);
      if (comparison === "absent") this.#settle(decision, "gone");
      else if (comparison === "active") this.#settle(decision, "pushed_again");
    }
  }

  /** A request that failed says more than that the rest was withheld for it; one whose group is gone all the same, nothing. */
  error(): GatewayReport["error"] {
    const failed = [...this.fates.values()].some((fate) => fate.kind === "done" && fate.outcome === "failed");
    return (failed ? this.#lastRefusal : null) ?? this.#whyStopped;
  }

  /** Whether the gateway has accepted deletions that it may still have in its queue. */
  hasAcceptedOnes(): boolean {
    return [...this.unconfirmed.keys()].some((key) => !this.#refused.has(key));
  }

  /** Nobody will look any more: what is unconfirmed now stays so. */
  settleUnconfirmed(outcome: "still_there" | "failed"): void {
    for (const decision of this.unconfirmed.values()) {
      this.#settle(decision, this.#refused.has(decision.group.key) ? "failed" : outcome);
    }
  }

  /** Deletes as many groups as the evidence is good for. Leave for the first one has been given. */
  async #runBatch(): Promise<void> {
    const batch = await this.#prepareBatch();
    for (const [index, decision] of batch.entries()) {
      const leave = index === 0 ? "go" : await this.#pace.next();
      if (leave !== "go" || !this.#evidence.isFresh() || this.#failuresInARow >= maxFailuresInARow) {
        // Back to the head of the line, in order.
        this.#waiting.push(...batch.slice(index).toReversed());
        return;
      }
      await this.#deleteOne(decision);
    }
  }

  /** The next groups that are still as they were planned, archived and ready to go. May be empty. */
  async #prepareBatch(): Promise<readonly Decision[]> {
    const candidates = this.#waiting.slice(-(maxUnconfirmed - this.unconfirmed.size)).toReversed();
    const evidence = await this.#evidence.ensure(candidates);
    this.confirm(evidence);
    const size = Math.max(1, Math.floor(this.#pace.rate() * evidence.remainingSeconds()));
    const batch: Decision[] = [];
    for (const decision of candidates.slice(0, size)) {
      const comparison = evidence.compare(decision);
      if (comparison === "unchanged" && !this.#evidence.hasWhole(decision)) break;
      this.#waiting.pop();
      if (comparison === "unchanged") batch.push(decision);
      else if (comparison === "absent") this.#settle(decision, "gone");
      else this.#withhold(decision, "pushed_again");
    }
    return (await this.#archive(batch)) ? batch : [];
  }

  async #archive(batch: readonly Decision[]): Promise<boolean> {
    const { archive, gateway, log } = this.#context;
    if (archive === null || batch.length === 0) return true;
    const wholes = this.#evidence.takeWholes(batch);
    try {
      await archive.append(wholes.map(([decision, whole]) => ({ gateway: gateway.name, decision, whole })));
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.error("Archive failed, nothing more is deleted", { gateway: gateway.name, err: message });
      for (const decision of batch) this.#withhold(decision, "archive_failed");
      this.#withholdRest("archive_failed", message);
      return false;
    }
  }

  async #deleteOne(decision: Decision): Promise<void> {
    const { gateway, log, abort, progress } = this.#context;
    const { group, rule, ageSeconds } = decision;
    const fields = {
      gateway: gateway.name,
      labels: formatLabels(group.labels),
      rule: rule?.name,
      age_seconds: ageSeconds === null ? null : Math.floor(ageSeconds),
    };
    // Also when the request fails: it may have reached the gateway all the same.
    this.unconfirmed.set(group.key, decision);
    try {
      await gateway.deleteGroup(group, this.#naming, abort);
      this.#failuresInARow = 0;
      log.info("Deleted group", fields);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#failuresInARow += 1;
      this.#refused.add(group.key);
      this.#lastRefusal = { code: error.code, message: error.message };
      log.warn("Deletion failed", { ...fields, err: error.message });
    }
    progress({
      gateway: gateway.name,
      phase: "deleting",
      done: this.#total - this.#waiting.length,
      total: this.#total,
    });
  }

  async #queueHasRoom(): Promise<boolean> {
    for (let waits = 0; this.unconfirmed.size >= maxUnconfirmed; waits += 1) {
      if (waits > maxQueueWaits) return false;
      if (waits > 0) await this.#context.wait(1, this.#context.stop);
      this.confirm(await this.#evidence.refresh([...this.unconfirmed.values()], this.#context.stop));
    }
    return true;
  }

  #settle({ group }: Decision, outcome: Outcome): void {
    this.unconfirmed.delete(group.key);
    this.fates.set(group.key, { kind: "done", outcome });
  }

  #withhold({ group }: Decision, reason: WithholdReason): void {
    this.fates.set(group.key, { kind: "withheld", reason });
  }

  #withholdRest(reason: WithholdReason, message?: string): void {
    const { gateway } = this.#context;
    for (const decision of this.#waiting.splice(0)) this.#withhold(decision, reason);
    if (message !== undefined) this.#whyStopped = { code: reason, message: `${gateway.url}: ${message}` };
  }
}
