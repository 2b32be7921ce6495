import type { Decision } from "../core/decide.ts";
import { agreedNow, type Clock } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { isLegacyLabelName } from "../core/labels.ts";
import { showsLife, surveyPushes, type LastPushes, type Pushes } from "../core/life.ts";
import type { Rule } from "../core/rule.ts";
import { expositionKey, type PushTimes, type WantedKeys } from "../gateway/exposition/push-times.ts";
import type { Snapshot } from "../gateway/snapshot.ts";

/** The read that evidence comes from. Evidence ages from its start. */
export type EvidenceRead = Pick<Snapshot, "requestedAt" | "clocks" | "durationSeconds" | "process">;

/** What one read shows about the groups of a gateway. */
export interface Evidence {
  readonly read: EvidenceRead;
  /**
   * Compares a group with its state when the plan was made.
   * @param planned the pushes to all groups then
   */
  compare(known: Group, rule: Rule | null, planned: Pushes): Comparison;
}

/**
 * - `unchanged`: the group's last activity is the known one
 * - `active`: it was pushed to since
 * - `absent`: it is gone
 * - `unclear`: it may have been pushed to, or a pusher has forged its times; only the API can show it
 */
export type Comparison = "unchanged" | "active" | "absent" | "unclear";

export function snapshotEvidence(snapshot: Snapshot): Evidence {
  const groups = new Map(snapshot.groups.map((group) => [group.key, group]));
  const pushes = surveyPushes(snapshot.groups, agreedNow(snapshot.clocks));
  return {
    read: snapshot,
    compare(known, rule, planned) {
      const current = groups.get(known.key);
      // A group over the budget of this answer may have been pushed to.
      if (current === undefined) return known.key.length > snapshot.maxKeyLength ? "active" : "absent";
      const alive = showsLife({ group: known, pushes: planned }, { group: current, pushes }, rule);
      return alive ? "active" : "unchanged";
    },
  };
}

/**
 * Which groups have to be in an exposition to judge these: themselves, or all if a rule depends on the pushes to others.
 */
export function wantedKeys(decisions: readonly Decision[]): WantedKeys {
  if (decisions.some(({ rule }) => rule !== null && rule.action !== "keep" && rule.since === "last_success"))
    return null;
  return new Set(decisions.map(({ group }) => expositionKey(group.labels)));
}

/**
 * Evidence from the exposition. It has failure times as pushed, without the time stamp by which the API exposes forged ones. So a
 * changed success time is activity, but a changed failure time only a reason to read the API.
 */
export function pushTimesEvidence(times: PushTimes): Evidence {
  const pushes = surveyPushes(pairUp(times), agreedNow(times.clocks));
  return {
    read: times,
    compare(known, rule, planned) {
      // The exposition escapes other names, differently in each version.
      if (![...known.labels].every(([name]) => isLegacyLabelName(name))) return "unclear";
      const key = expositionKey(known.labels);
      if (times.wanted?.has(key) === false) return "unclear";
      const success = times.success.get(key);
      if (success === undefined) return key.length > times.maxKeyLength ? "unclear" : "absent";
      if (success !== known.lastSuccessAt) return "active";
      const current = { lastSuccessAt: success, lastFailureAt: times.failure.get(key) ?? null };
      const alive = showsLife({ group: known, pushes: planned }, { group: current, pushes }, rule);
      return alive ? "unclear" : "unchanged";
    },
  };
}

function* pairUp({ success, failure }: PushTimes): Generator<LastPushes> {
  for (const [key, lastSuccessAt] of success)
    yield { lastSuccessAt, lastFailureAt: failure.get(key) ?? null };
}

/** Even the latest read is too old to act on. The message says which setting to raise. */
export class EvidenceTooOld extends Error {
  override readonly name = "EvidenceTooOld";
}

/**
 * Batches last twice as long as a read, and at least a tenth of a second. Short batches keep the time window small in which a push can
 * be lost. A third of the time for reads, from the cheap source and only during deletions, is bearable for the gateway.
 */
const batchSecondsPerReadSecond = 2;
const minBatchSeconds = 0.1;

/**
 * The shortest of the latest reads counts as the duration of a read. Otherwise a process that was suspended or busy during a read would
 * mistake its own pause for a slow gateway, and act on old evidence.
 */
const rememberedReads = 3;

/** The limit also for slow gateways. */
const maxAutoSeconds = 60;

/** Knows how long evidence may be acted on, from the start of its read. */
export class EvidenceAge {
  readonly #maxSeconds: number | null;
  readonly #clock: Clock;
  #latestReads: readonly number[] = [];

  /** @param maxSeconds `limits.max_evidence_age`; null: auto */
  constructor(maxSeconds: number | null, clock: Clock) {
    this.#maxSeconds = maxSeconds;
    this.#clock = clock;
  }

  /** Remembers the duration of a read. */
  learn({ durationSeconds }: EvidenceRead): void {
    this.#latestReads = [...this.#latestReads, durationSeconds].slice(-rememberedReads);
  }

  /** 0 or less: the evidence is too old. */
  remainingSeconds({ requestedAt }: EvidenceRead): number {
    const readSeconds = this.#typicalReadSeconds();
    const batchSeconds = Math.max(minBatchSeconds, batchSecondsPerReadSecond * readSeconds);
    const usableSeconds = Math.min(this.#limitSeconds(), readSeconds + batchSeconds);
    return requestedAt + usableSeconds - this.#clock.monotonic();
  }

  tooOld({ durationSeconds }: EvidenceRead): EvidenceTooOld {
    return new EvidenceTooOld(
      `reading the groups again took ${durationSeconds.toFixed(2)} s, so that nothing is fresh enough to act on: ` +
        `raise limits.max_evidence_age (now ${this.#limitSeconds().toFixed(2)} s) well above that, or set it to auto`,
    );
  }

  #limitSeconds(): number {
    return this.#maxSeconds ?? Math.min(maxAutoSeconds, 1 + 2 * this.#typicalReadSeconds());
  }

  #typicalReadSeconds(): number {
    return Math.min(...this.#latestReads);
  }
}
