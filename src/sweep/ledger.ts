import type { Decision } from "../core/decide.ts";
import type { FailedQuery } from "../core/liveness.ts";
import type { GatewayReport } from "../core/report.ts";
import type { Outcome, WithholdReason } from "../core/verdict.ts";
import type { RequestError } from "../http/request-error.ts";
import type { UsableEvidence } from "./evidence-keeper.ts";

/** What became of one planned deletion. */
export type Fate =
  | { readonly kind: "withheld"; readonly reason: WithholdReason }
  | { readonly kind: "done"; readonly outcome: Outcome };

/** Records the deletions of one sweep: sent, settled, and why they stopped. */
export class Ledger {
  /** By the group's key. */
  readonly fates = new Map<string, Fate>();
  /** Sent, but not yet seen to be gone. */
  readonly unconfirmed = new Map<string, Decision>();
  readonly #sent = new Set<string>();
  readonly #lost = new Set<string>();
  /** Lost once, and sent again. */
  readonly #retried = new Set<string>();
  readonly #failedQueries: Map<string, FailedQuery>;
  #lastFailure: GatewayReport["error"] = null;
  #whyStopped: GatewayReport["error"] = null;

  /** @param failedQueries of the plan */
  constructor(failedQueries: readonly FailedQuery[]) {
    this.#failedQueries = new Map(failedQueries.map((failed) => [failed.rule, failed]));
  }

  queriesFailed(failedQueries: readonly FailedQuery[]): void {
    for (const failed of failedQueries) this.#failedQueries.set(failed.rule, failed);
  }

  /** One for each rule, the latest. */
  failedQueries(): readonly FailedQuery[] {
    return [...this.#failedQueries.values()];
  }

  /** Called before the request is sent: one that fails may still have reached the gateway. */
  sent(decision: Decision): void {
    this.#sent.add(decision.group.key);
    this.unconfirmed.set(decision.group.key, decision);
  }

  /** The request was not sent after all, or a rate limit answered it. */
  unsent({ group }: Decision): void {
    this.unconfirmed.delete(group.key);
    // A group that may or may not have an empty `instance` has two DELETEs, of which one may have been sent.
    if (group.hidesInstance !== true) this.#sent.delete(group.key);
  }

  /** The group no longer exists, and no DELETE of it is under way. */
  absent(decision: Decision): void {
    this.settle(decision, this.#sent.has(decision.group.key) ? "gone" : "gone_already");
  }

  /** The gateway refused to delete this group. */
  refused(decision: Decision, error: RequestError): void {
    this.settle(decision, "failed");
    this.#lastFailure = { code: error.code, message: error.message };
  }

  /** No answer came: the next read shows whether it is deleted. */
  lost({ group }: Decision, { code, message }: RequestError): void {
    this.#lost.add(group.key);
    this.#lastFailure = { code, message };
  }

  /**
   * Groups whose DELETE got no answer and which the latest read still shows, to be tried again, once: a proxy that closes a connection
   * after a number of requests drops what else is under way on it.
   */
  takeLost(): readonly Decision[] {
    const taken = [...this.unconfirmed.values()].filter(
      ({ group: { key } }) => this.#lost.has(key) && !this.#retried.has(key),
    );
    for (const { group } of taken) {
      this.unconfirmed.delete(group.key);
      this.#lost.delete(group.key);
      this.#retried.add(group.key);
    }
    return taken;
  }

  /** No DELETE is sent, or none again: then the last read shows the outcome. */
  withhold(decision: Decision, reason: WithholdReason): void {
    const { key } = decision.group;
    if (this.#retried.has(key) && !this.fates.has(key)) {
      this.#lost.add(key);
      this.unconfirmed.set(key, decision);
    } else this.fates.set(key, { kind: "withheld", reason });
  }

  settle({ group }: Decision, outcome: Outcome): void {
    this.unconfirmed.delete(group.key);
    this.fates.set(group.key, { kind: "done", outcome });
  }

  /** Settles the deletions whose effect the evidence shows. */
  confirm(evidence: UsableEvidence): void {
    for (const decision of this.unconfirmed.values()) {
      const comparison = evidence.compare(decision);
      if (comparison === "absent") this.settle(decision, "gone");
      else if (comparison === "active") this.settle(decision, "pushed_again");
    }
  }

  /** Settles the rest, as no read follows. */
  settleUnconfirmed(outcome: "still_there" | "failed"): void {
    for (const decision of this.unconfirmed.values()) {
      this.settle(decision, this.#isAccepted(decision) ? outcome : "failed");
    }
  }

  /** The deletions of a batch that the gateway accepted: they are in its queue, or executed. */
  acceptedOf(batch: readonly Decision[]): readonly Decision[] {
    return batch.filter((decision) => this.#isAccepted(decision));
  }

  isGone({ group }: Decision): boolean {
    const fate = this.fates.get(group.key);
    return fate?.kind === "done" && fate.outcome === "gone";
  }

  /** Whether the gateway may still have deletions in its queue. */
  isGatewayBusy(): boolean {
    return [...this.unconfirmed.values()].some((decision) => this.#isAccepted(decision));
  }

  stopped(code: WithholdReason, message: string): void {
    this.#whyStopped = { code, message };
  }

  outcomes(): readonly (readonly [key: string, outcome: Outcome])[] {
    return [...this.fates].flatMap(([key, fate]) => (fate.kind === "done" ? [[key, fate.outcome]] : []));
  }

  /** The failed request behind a failed outcome, or else why the deletions stopped. */
  error(): GatewayReport["error"] {
    const failed = this.outcomes().some(([, outcome]) => outcome === "failed");
    return (failed ? this.#lastFailure : null) ?? this.#whyStopped;
  }

  #isAccepted({ group }: Decision): boolean {
    return this.unconfirmed.has(group.key) && !this.#lost.has(group.key);
  }
}
