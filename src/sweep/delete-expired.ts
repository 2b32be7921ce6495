import { messageOf } from "../core/errors.ts";
import { isDeletion, type Decision } from "../core/decide.ts";
import { formatShortLabels } from "../core/labels.ts";
import { createPresence, findFailedQueries, type SpellingsOfHosts } from "../core/liveness.ts";
import type { WithholdReason } from "../core/verdict.ts";
import { maxGroupBytes } from "../gateway/budget.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { NotSent, RequestError } from "../http/request-error.ts";
import { createPace, rateLimitPatienceSeconds, type Pace } from "../gateway/pace.ts";
import { snapshotEvidence, EvidenceTooOld } from "./evidence.ts";
import { EvidenceKeeper, type UsableEvidence } from "./evidence-keeper.ts";
import { Ledger } from "./ledger.ts";
import { readLiveness, type PlannedSweep } from "./read-and-plan.ts";
import { recordOutcomes, confirmDeletions, verifyDeletions } from "./verify.ts";
import { AnotherGateway, staleAnswer } from "./same-gateway.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";

/**
 * How many deletions may be unconfirmed at once. The gateway's write queue has 1,000 slots, which deletions share with pushes, and a
 * full queue fails its health check; every read shows how many of ours it has worked off.
 */
const maxUnconfirmed = 400;
/** After a read that showed all of them worked off: nothing slow is in the queue. */
const maxUnconfirmedIfDrained = 800;

/** After so many failed requests in a row the sweep ends. */
const maxFailuresInARow = 3;

/** For how many seconds the sweep waits for a gateway that is not draining its queue. */
const maxQueueWaits = 30;

/** While a DELETE has waited this long for its answer, no other is sent: the gateway would execute it too long after the read. */
const stalledSeconds = 0.5;

/** No DELETE is sent on an older answer about hosts, apart from the time that the last read of the gateway took to come. */
const maxHostsAgeSeconds = 60;

/** How many times more DELETEs a batch may have than all before it. Reads between batches notice early if they go astray. */
const batchGrowth = 4;

/** After so many batches in a row without a DELETE that could be sent, the sweep ends. */
const maxIdleBatches = 6;

const connectionTooSlow =
  "no DELETE could be sent in time: connecting to the gateway takes longer than a read stays fresh. Raise limits.max_evidence_age, " +
  "or let the proxy in front of the gateway keep connections open";

/** Why a DELETE had no effect and can be tried again: its connection was ready too late, or a rate limit answered. */
type Delay = NotSent | RequestError;

function isDelay(error: unknown): error is Delay {
  return error instanceof NotSent || (error instanceof RequestError && error.retryAfterSeconds !== null);
}

/**
 * Executes the plan's deletions, oldest first, and verifies each. First it checks the gateway's health, then its address, then that one
 * deletion takes effect.
 */
export async function deleteExpired(
  context: SweepContext,
  settings: SweepSettings,
  { plan, snapshot, status }: PlannedSweep,
): Promise<Ledger> {
  const { gateway, clock, wait, stop } = context;
  const pace = createPace({
    ceiling: settings.limits.deletesPerSecond,
    probe: (signal) => gateway.probeHealth(signal),
    clock,
    wait,
    signal: stop,
  });
  const planned = snapshotEvidence(snapshot);
  const { circumstances } = plan;
  const deletions = plan.decisions.filter(isDeletion);
  const evidence = new EvidenceKeeper(context, settings, { status, circumstances, planned, deletions });
  const ledger = new Ledger(plan.failedQueries);
  try {
    await new Deletion(context, { settings, deletions, pace, evidence, naming: status, ledger }).run();
  } finally {
    await pace.stop();
  }
  await verifyDeletions(context, ledger, evidence);
  await recordOutcomes(context, ledger.outcomes());
  return ledger;
}

interface DeletionParts {
  readonly settings: SweepSettings;
  readonly deletions: readonly Decision[];
  readonly pace: Pace;
  readonly evidence: EvidenceKeeper;
  readonly naming: PathNaming;
  readonly ledger: Ledger;
}

/** The deletions of one sweep. */
class Deletion {
  readonly #context: SweepContext;
  readonly #parts: DeletionParts;
  /** Oldest last, as the next one is popped. */
  readonly #waiting: Decision[];
  readonly #archived = new Set<string>();
  #failuresInARow = 0;
  /** In this batch. All requests under way on a lost connection count as one failure. */
  #hasLostConnection = false;
  /** Batches in a row without a DELETE that could be sent. */
  #idleBatches = 0;
  /** Whether one deletion of this sweep has taken effect. */
  #isCanaryGone = false;
  #accepted = 0;
  #maxUnconfirmed = maxUnconfirmed;
  readonly #spellingsOfHosts: SpellingsOfHosts = new WeakMap();

  constructor(context: SweepContext, parts: DeletionParts) {
    this.#context = context;
    this.#parts = parts;
    this.#waiting = parts.deletions.toReversed();
  }

  async run(): Promise<void> {
    const { pace, evidence } = this.#parts;
    let isProven = false;
    try {
      while (this.#waiting.length > 0 || (await this.#checkLastBatch())) {
        // Permission comes first, as evidence ages while the pace waits.
        const permission = await pace.next();
        if (permission === "stopped") return this.#withholdRest("interrupted");
        if (permission === "unhealthy") return this.#withholdRest("gateway_unhealthy", pace.problem());
        if (this.#failuresInARow >= maxFailuresInARow) {
          return this.#withholdRest("gateway_unhealthy", "the gateway does not answer DELETEs");
        }
        if (!(await this.#queueHasRoom())) {
          return this.#withholdRest("gateway_unhealthy", "the gateway is not draining its write queue");
        }
        if (isProven) await this.#runBatch();
        else {
          await evidence.proveAddress(this.#context.stop);
          isProven = true;
        }
      }
    } catch (error) {
      if (error instanceof EvidenceTooOld) return this.#withholdRest("evidence_too_old", error.message);
      if (error instanceof AnotherGateway) return this.#withholdRest("gateway_unhealthy", error.message);
      if (!(error instanceof RequestError)) throw error;
      if (error.code === "aborted") return this.#withholdRest("interrupted");
      this.#withholdRest(error.code === "timeout" ? "evidence_too_old" : "gateway_unhealthy", error.message);
    }
  }

  /** Deletes groups until the evidence is too old. The pace has already permitted the first one. */
  async #runBatch(): Promise<void> {
    const { pace, evidence, ledger } = this.#parts;
    const { clock } = this.#context;
    const batch = await this.#prepareBatch();
    const failuresBefore = this.#failuresInARow;
    this.#hasLostConnection = false;
    const underWay = new Map<Promise<void>, number>();
    const isStalled = (): boolean => {
      const [oldest = Number.POSITIVE_INFINITY] = underWay.values();
      return clock.monotonic() - oldest > stalledSeconds;
    };
    const maySend = (): boolean => evidence.isFresh() && !isStalled() && !this.#hasLostConnection;
    const unsent = new Map<Decision, Delay | null>();
    const bugs: unknown[] = [];
    const send = async (decision: Decision): Promise<void> => {
      const delay = await this.#deleteOne(decision, maySend);
      if (delay !== null) unsent.set(decision, delay);
    };
    for (const [index, decision] of batch.entries()) {
      const permission = index === 0 ? "go" : await pace.next();
      while (underWay.size >= evidence.maxUnderWay()) await Promise.race(underWay.keys());
      const mayContinue = permission === "go" && maySend() && unsent.size === 0;
      if (!mayContinue || this.#failuresInARow >= maxFailuresInARow) {
        for (const one of batch.slice(index)) unsent.set(one, null);
        break;
      }
      const sending: Promise<void> = send(decision)
        .catch((error: unknown) => bugs.push(error))
        .then(() => void underWay.delete(sending));
      underWay.set(sending, clock.monotonic());
    }
    await Promise.all(underWay.keys());
    if (bugs.length > 0) throw bugs[0];
    // Back to the front of the queue, in order.
    this.#waiting.push(...batch.filter((one) => unsent.has(one)).toReversed());
    // The next batch needs a read that shows what became of these.
    if (batch.length > 0) evidence.outdate();
    if (this.#hasLostConnection) this.#failuresInARow = Math.min(this.#failuresInARow, failuresBefore + 1);
    const accepted = ledger.acceptedOf(batch);
    this.#accepted += accepted.length;
    evidence.countDeletions(accepted.length);
    await recordOutcomes(
      this.#context,
      accepted.map(({ group }) => [group.key, "accepted"]),
    );
    this.#heedDelays(batch, unsent);
    if (!this.#isCanaryGone && accepted.length > 0) await this.#watchCanary(accepted);
  }

  /**
   * Reads once more after the last batch, as the read before the next batch checks all others.
   * @returns whether DELETEs are to be tried again
   */
  async #checkLastBatch(): Promise<boolean> {
    const { evidence, ledger } = this.#parts;
    if (ledger.unconfirmed.size === 0) return false;
    ledger.confirm(await evidence.refresh([...ledger.unconfirmed.values()], this.#context.abort));
    evidence.checkDeletions();
    return this.#retryLost();
  }

  #retryLost(): boolean {
    const lost = this.#parts.ledger.takeLost();
    this.#waiting.push(...lost.toReversed());
    return lost.length > 0;
  }

  /** Slows down as rate limits ask for, and ends the sweep if nothing gets through. */
  #heedDelays(batch: readonly Decision[], unsent: ReadonlyMap<Decision, Delay | null>): void {
    const delays = [...unsent.values()].filter((delay) => delay !== null);
    const [first] = delays;
    this.#idleBatches = first !== undefined && unsent.size === batch.length ? this.#idleBatches + 1 : 0;
    if (first === undefined) return;
    const waits = delays.map((delay) => (delay instanceof RequestError ? (delay.retryAfterSeconds ?? 0) : 0));
    const retryAfterSeconds = Math.max(...waits);
    if (this.#idleBatches >= maxIdleBatches || retryAfterSeconds > rateLimitPatienceSeconds) {
      throw first instanceof RequestError ? first : new EvidenceTooOld(connectionTooSlow);
    }
    if (first instanceof RequestError) this.#parts.pace.slowDown(retryAfterSeconds);
    this.#context.log.debug("DELETEs are tried again", {
      err: first.message,
      retry_after_seconds: retryAfterSeconds,
    });
  }

  /** Waits until a read shows that the first deletion took effect. */
  async #watchCanary(accepted: readonly Decision[]): Promise<void> {
    const { evidence, ledger } = this.#parts;
    await confirmDeletions(this.#context, ledger, evidence);
    if (ledger.isGatewayBusy() && !this.#context.stop.aborted) {
      ledger.settleUnconfirmed("still_there");
      const labels = accepted.map(({ group }) => formatShortLabels(group.labels)).join();
      throw new AnotherGateway(
        `the first DELETE was accepted and changed nothing: ${labels} is still there. A proxy in front of the gateway may ` +
          "send DELETEs elsewhere, or the gateway does not execute them",
      );
    }
    this.#isCanaryGone = accepted.some((one) => ledger.isGone(one));
  }

  /**
   * Returns the next groups that are still as planned, archived; may be empty. No more than can be archived without blocking the
   * process for long.
   */
  async #prepareBatch(): Promise<readonly Decision[]> {
    const { pace, evidence: keeper, ledger } = this.#parts;
    const candidates = this.#waiting.slice(-(this.#maxUnconfirmed - ledger.unconfirmed.size)).toReversed();
    const toArchive = this.#yetToArchive(candidates);
    const checkedAt = this.#context.clock.monotonic();
    // Before the evidence, which ages sooner. A slow gateway can take so long that even this is old by then.
    let isStillGone = await this.#checkHosts(candidates);
    const evidence = await keeper.ensure(candidates, toArchive);
    if (this.#context.clock.monotonic() - checkedAt > maxHostsAgeSeconds)
      isStillGone = await this.#checkHosts(candidates);
    this.#confirm(evidence);
    keeper.checkDeletions();
    const fitting = Math.max(1, Math.floor(pace.rate() * evidence.remainingSeconds()));
    const size = this.#isCanaryGone ? Math.min(fitting, batchGrowth * this.#accepted) : 1;
    const batch: Decision[] = [];
    let batchBytes = 0;
    for (const decision of candidates) {
      const rawBytes = keeper.rawBytesOf(decision);
      batchBytes += rawBytes;
      if (batch.length >= size || (batch.length > 0 && batchBytes > maxGroupBytes)) break;
      const comparison = evidence.compare(decision);
      const missing = this.#yetToArchive([decision]).length > 0 && rawBytes === 0;
      if (comparison === "unchanged" && missing) {
        if (decision === toArchive[0])
          throw staleAnswer("/api/v1/metrics does not show a group as /metrics does");
        break;
      }
      this.#waiting.pop();
      if (comparison === "unchanged" && !isStillGone(decision)) ledger.withhold(decision, "host_may_exist");
      else if (comparison === "unchanged") batch.push(decision);
      else if (comparison === "absent") ledger.absent(decision);
      else ledger.withhold(decision, "pushed_again");
    }
    this.#retryLost();
    return (await this.#archive(batch)) ? batch : [];
  }

  /** Asks again which hosts exist, if that matters for these groups. A query that fails now may hide that a host is back. */
  async #checkHosts(candidates: readonly Decision[]): Promise<(decision: Decision) => boolean> {
    const rules = new Set(candidates.filter(hasVanished).flatMap(({ rule }) => rule ?? []));
    if (rules.size === 0) return () => true;
    const { ledger } = this.#parts;
    const liveness = await readLiveness(this.#context, { rules: [...rules] });
    ledger.queriesFailed(findFailedQueries(liveness));
    const findPresence = createPresence(liveness, this.#spellingsOfHosts);
    return (decision) => {
      const { rule, group } = decision;
      if (!hasVanished(decision)) return true;
      return rule !== null && rule.action !== "keep" && findPresence(rule, group.labels) === "gone";
    };
  }

  /** Groups stay archived if their evidence gets too old meanwhile, and are deleted after another read. */
  #yetToArchive(decisions: readonly Decision[]): readonly Decision[] {
    if (this.#context.archive === null) return [];
    return decisions.filter(({ group }) => !this.#archived.has(group.key));
  }

  async #archive(batch: readonly Decision[]): Promise<boolean> {
    const { archive, gateway, log } = this.#context;
    const groups = this.#yetToArchive(batch).flatMap((decision) => {
      const raw = this.#parts.evidence.rawGroupOf(decision);
      return raw === undefined ? [] : [{ gateway: gateway.name, url: gateway.url, decision, raw }];
    });
    if (archive === null || groups.length === 0) return true;
    try {
      await archive.append(groups);
      for (const { decision } of groups) this.#archived.add(decision.group.key);
      return true;
    } catch (error) {
      const message = messageOf(error);
      log.error("Archive failed, nothing more is deleted", { gateway: gateway.name, err: message });
      for (const decision of batch) this.#parts.ledger.withhold(decision, "archive_failed");
      this.#withholdRest("archive_failed", message);
      return false;
    }
  }

  /** @returns why it is to be tried again; null: it was sent */
  async #deleteOne(decision: Decision, maySend: () => boolean): Promise<Delay | null> {
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
      await gateway.deleteGroup(group, naming, { maySend, signal: abort });
      this.#failuresInARow = 0;
      log.info("Deleted group", fields);
    } catch (error) {
      if (isDelay(error)) {
        ledger.unsent(decision);
        return error;
      }
      if (!(error instanceof RequestError)) throw error;
      // A refusal is about this group only.
      if (isRefusal(error)) ledger.refused(decision, error);
      else {
        this.#failuresInARow += 1;
        this.#hasLostConnection ||= error.code === "no_answer";
        ledger.lost(decision, error);
      }
      log.warn("Deletion failed", { ...fields, err: error.message });
    }
    metrics.observeDelete(gateway.name, clock.monotonic() - sentAt);
    const total = deletions.length;
    progress({ gateway: gateway.name, phase: "deleting", done: total - this.#waiting.length, total });
    return null;
  }

  async #queueHasRoom(): Promise<boolean> {
    const { evidence, ledger } = this.#parts;
    const { wait, stop } = this.#context;
    // The next batch reads in any case. Read before its groups are chosen, it makes room for more of them.
    for (let waits = 0; ledger.unconfirmed.size >= (waits === 0 ? 1 : this.#maxUnconfirmed); waits += 1) {
      if (waits > maxQueueWaits) return false;
      if (waits > 0) await wait(1, stop);
      this.#confirm(await evidence.refresh([...ledger.unconfirmed.values()], stop));
    }
    return true;
  }

  #confirm(evidence: UsableEvidence): void {
    const { ledger } = this.#parts;
    const { size } = ledger.unconfirmed;
    ledger.confirm(evidence);
    if (size > 0)
      this.#maxUnconfirmed = ledger.unconfirmed.size === 0 ? maxUnconfirmedIfDrained : maxUnconfirmed;
  }

  #withholdRest(reason: WithholdReason, message?: string): void {
    const { ledger } = this.#parts;
    for (const decision of this.#waiting.splice(0)) ledger.withhold(decision, reason);
    if (message !== undefined) ledger.stopped(reason, `${this.#context.gateway.url}: ${message}`);
  }
}

function hasVanished({ verdict }: Decision): boolean {
  return verdict.reason === "host_vanished";
}

function isRefusal({ httpStatus }: RequestError): boolean {
  return httpStatus !== null && httpStatus >= 400 && httpStatus < 500;
}
