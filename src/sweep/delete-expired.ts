import type { Decision } from "../core/decide.ts";
import { formatShortLabels } from "../core/labels.ts";
import { isDeletion } from "../core/plan.ts";
import type { WithholdReason } from "../core/verdict.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { GatewayError } from "../gateway/gateway-error.ts";
import { createPace, type Pace } from "../gateway/pace.ts";
import { snapshotEvidence } from "./evidence.ts";
import { EvidenceTooOld } from "./evidence-age.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { Ledger } from "./ledger.ts";
import type { Look } from "./look.ts";
import { recordOutcomes } from "./record-outcomes.ts";
import { AnotherGateway } from "./same-gateway.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";
import { verifyDeletions } from "./verify.ts";

/**
 * How many deletions may be unconfirmed at once. The gateway's write queue has 1,000 slots, shared with all pushes, and a
 * full one fails its health; every new look shows how far the gateway has come with it.
 */
const maxUnconfirmed = 400;

/** After as many failed requests in a row the gateway has other troubles than stale groups. */
const maxFailuresInARow = 3;

/** How often the gateway is waited for, a second each, while it does not get on with its queue. */
const maxQueueWaits = 30;

/** Carries the plan's deletions out, oldest first, and looks what became of them: every one has its fate. */
export async function deleteExpired(
  context: SweepContext,
  settings: SweepSettings,
  { plan, snapshot, status }: Look,
): Promise<Ledger> {
  const { gateway, clock, wait, stop, log } = context;
  // Nothing that could fail is left for when DELETEs are under way.
  log.load();
  const pace = createPace({
    ceiling: settings.limits.deletesPerSecond,
    probe: (signal) => gateway.probeHealth(signal),
    clock,
    wait,
    signal: stop,
  });
  const planned = snapshotEvidence(snapshot);
  const { circumstances } = plan;
  const evidence = new EvidenceKeeper(context, settings, { status, circumstances, planned });
  const ledger = new Ledger();
  const deletions = plan.decisions.filter(isDeletion);
  try {
    await new Deletion(context, { deletions, pace, evidence, naming: status, ledger }).run();
  } finally {
    await pace.stop();
  }
  await verifyDeletions(context, ledger, evidence);
  await recordOutcomes(context, ledger.outcomes());
  return ledger;
}

interface DeletionParts {
  readonly deletions: readonly Decision[];
  readonly pace: Pace;
  readonly evidence: EvidenceKeeper;
  readonly naming: PathNaming;
  readonly ledger: Ledger;
}

/** The deletions of one sweep under way. */
class Deletion {
  readonly #context: SweepContext;
  readonly #parts: DeletionParts;
  /** Oldest last: the next one is popped. */
  readonly #waiting: Decision[];
  readonly #archived = new Set<string>();
  #failuresInARow = 0;

  constructor(context: SweepContext, parts: DeletionParts) {
    this.#context = context;
    this.#parts = parts;
    this.#waiting = parts.deletions.toReversed();
  }

  async run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Leave to send comes first: waiting for it ages the evidence.
        const leave = await this.#parts.pace.next();
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
      if (error instanceof AnotherGateway) return this.#withholdRest("gateway_unhealthy", error.message);
      if (!(error instanceof GatewayError)) throw error;
      if (error.code === "aborted") return this.#withholdRest("interrupted");
      this.#withholdRest(error.code === "timeout" ? "evidence_too_old" : "gateway_unhealthy", error.message);
    }
  }

  /** Deletes as many groups as the evidence is good for. Leave for the first one has been given. */
  async #runBatch(): Promise<void> {
    const { pace, evidence, ledger } = this.#parts;
    const batch = await this.#prepareBatch();
    for (const [index, decision] of batch.entries()) {
      const leave = index === 0 ? "go" : await pace.next();
      if (leave !== "go" || !evidence.isFresh() || this.#failuresInARow >= maxFailuresInARow) {
        // Back to the head of the line, in order.
        this.#waiting.push(...batch.slice(index).toReversed());
        break;
      }
      await this.#deleteOne(decision);
    }
    const accepted = ledger.acceptedOf(batch);
    await recordOutcomes(
      this.#context,
      accepted.map(({ group }) => [group.key, "accepted"]),
    );
  }

  /** The next groups that are still as they were planned, archived and ready to go. May be empty. */
  async #prepareBatch(): Promise<readonly Decision[]> {
    const { pace, evidence: keeper, ledger } = this.#parts;
    const candidates = this.#waiting.slice(-(maxUnconfirmed - ledger.unconfirmed.size)).toReversed();
    const evidence = await keeper.ensure(candidates, this.#yetToArchive(candidates));
    ledger.confirm(evidence);
    const size = Math.max(1, Math.floor(pace.rate() * evidence.remainingSeconds()));
    const batch: Decision[] = [];
    for (const decision of candidates.slice(0, size)) {
      const comparison = evidence.compare(decision);
      const missing = this.#yetToArchive([decision]).length > 0 && !keeper.hasWhole(decision);
      if (comparison === "unchanged" && missing) break;
      this.#waiting.pop();
      if (comparison === "unchanged") batch.push(decision);
      else if (comparison === "absent") ledger.settle(decision, "gone_already");
      else ledger.withhold(decision, "pushed_again");
    }
    return (await this.#archive(batch)) ? batch : [];
  }

  /** A slow disk can take longer than the evidence lasts: what is archived stays so, and is deleted after another look. */
  #yetToArchive(decisions: readonly Decision[]): readonly Decision[] {
    if (this.#context.archive === null) return [];
    return decisions.filter(({ group }) => !this.#archived.has(group.key));
  }

  async #archive(batch: readonly Decision[]): Promise<boolean> {
    const { archive, gateway, log } = this.#context;
    const groups = this.#yetToArchive(batch).flatMap((decision) => {
      const whole = this.#parts.evidence.wholeOf(decision);
      return whole === undefined ? [] : [{ gateway: gateway.name, url: gateway.url, decision, whole }];
    });
    if (archive === null || groups.length === 0) return true;
    try {
      await archive.append(groups);
      for (const { decision } of groups) this.#archived.add(decision.group.key);
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.error("Archive failed, nothing more is deleted", { gateway: gateway.name, err: message });
      for (const decision of batch) this.#parts.ledger.withhold(decision, "archive_failed");
      this.#withholdRest("archive_failed", message);
      return false;
    }
  }

  async #deleteOne(decision: Decision): Promise<void> {
    const { gateway, clock, log, metrics, abort, progress } = this.#context;
    const { deletions, ledger, naming } = this.#parts;
    const { group, rule, ageSeconds } = decision;
    const fields = {
      gateway: gateway.name,
      labels: formatShortLabels(group.labels),
      rule: rule?.name,
      age_seconds: ageSeconds === null ? null : Math.floor(ageSeconds),
    };
    ledger.sent(decision);
    const sentAt = clock.monotonic();
    try {
      await gateway.deleteGroup(group, naming, abort);
      this.#failuresInARow = 0;
      log.info("Deleted group", fields);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // A group that the gateway refuses is that group's own affair, and no reason to leave all others be.
      if (isRefusal(error)) ledger.refused(decision, error);
      else {
        this.#failuresInARow += 1;
        ledger.lost(decision, error);
      }
      log.warn("Deletion failed", { ...fields, err: error.message });
    }
    metrics.observeDelete(gateway.name, clock.monotonic() - sentAt);
    const total = deletions.length;
    progress({ gateway: gateway.name, phase: "deleting", done: total - this.#waiting.length, total });
  }

  async #queueHasRoom(): Promise<boolean> {
    const { evidence, ledger } = this.#parts;
    const { wait, stop } = this.#context;
    for (let waits = 0; ledger.unconfirmed.size >= maxUnconfirmed; waits += 1) {
      if (waits > maxQueueWaits) return false;
      if (waits > 0) await wait(1, stop);
      ledger.confirm(await evidence.refresh([...ledger.unconfirmed.values()], stop));
    }
    return true;
  }

  #withholdRest(reason: WithholdReason, message?: string): void {
    const { ledger } = this.#parts;
    for (const decision of this.#waiting.splice(0)) ledger.withhold(decision, reason);
    if (message !== undefined) ledger.stopped(reason, `${this.#context.gateway.url}: ${message}`);
  }
}

function isRefusal({ httpStatus }: GatewayError): boolean {
  return httpStatus !== null && httpStatus >= 400 && httpStatus < 500;
}
