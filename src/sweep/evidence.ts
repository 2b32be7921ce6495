import { agreedNow, type Clocks, type Clock } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { isLegacyLabelName } from "../core/labels.ts";
import { showsLife, surveyPushes, type LastPushes, type Pushes } from "../core/life.ts";
import type { Rule } from "../core/rule.ts";
import { expositionKey, type PushTimes } from "../gateway/exposition/push-times.ts";
import type { ProcessFacts } from "../gateway/exposition/read-samples.ts";
import type { Snapshot } from "../gateway/snapshot.ts";

/** What is known about the groups of a gateway, and since when. */
export interface Evidence {
  /** The start of the request that told it, monotonic seconds: evidence ages from there. */
  readonly requestedAt: number;
  /** How long that read took. */
  readonly readSeconds: number;
  /** What the clocks said at the start of the request. */
  readonly clocks: Clocks;
  /** What the answer says about the process that gave it; null: the API says nothing. */
  readonly process: ProcessFacts | null;
  /**
   * What it says about one group, against what the plan knew.
   * @param planned what the pushes to all groups said then
   */
  compare(known: Group, rule: Rule | null, planned: Pushes): Comparison;
}

/**
 * - `unchanged`: the group's last activity is the known one
 * - `active`: it was pushed to since
 * - `absent`: it is gone
 * - `unclear`: it may have been pushed to, but this source can be lied to about it; only the API can tell
 */
export type Comparison = "unchanged" | "active" | "absent" | "unclear";

export function snapshotEvidence(snapshot: Snapshot): Evidence {
  const groups = new Map(snapshot.groups.map((group) => [group.key, group]));
  const pushes = surveyPushes(snapshot.groups, agreedNow(snapshot.clocks));
  return {
    requestedAt: snapshot.requestedAt,
    readSeconds: snapshot.durationSeconds,
    clocks: snapshot.clocks,
    process: snapshot.process,
    compare(known, rule, planned) {
      const current = groups.get(known.key);
      // Of a group that is over the budget of this answer nothing is known: it may have been pushed to.
      if (current === undefined) return known.key.length > snapshot.maxKeyLength ? "active" : "absent";
      const alive = showsLife({ group: known, pushes: planned }, { group: current, pushes }, rule);
      return alive ? "active" : "unchanged";
    },
  };
}

/**
 * Evidence from the exposition. Its failure times are as pushed: the API has a time stamp to hold a forged one against,
 * the exposition has not. So a changed success time is activity, a changed failure time only a reason to ask the API.
 */
export function pushTimesEvidence(times: PushTimes): Evidence {
  const pushes = surveyPushes(pairUp(times), agreedNow(times.clocks));
  return {
    requestedAt: times.requestedAt,
    readSeconds: times.durationSeconds,
    clocks: times.clocks,
    process: times.process,
    compare(known, rule, planned) {
      // The gateway escapes other names in the exposition, each version in its way.
      if (![...known.labels].every(([name]) => isLegacyLabelName(name))) return "unclear";
      const key = expositionKey(known.labels);
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

/** Even what was just read is too old to act on. The message says which setting to raise. */
export class EvidenceTooOld extends Error {
  override readonly name = "EvidenceTooOld";
}

/**
 * How much of the time is spent on reading again: batches last twice as long as a read, but not under a tenth of a second.
 * Short batches keep the window small in which a push can be lost; a third of the time spent on reads, by the cheap
 * source and only while something is deleted, is what the gateway bears.
 */
const batchSecondsPerReadSecond = 2;
const minBatchSeconds = 0.1;

/**
 * The duration of a read is that of the quickest of the latest ones: a process that is stopped, suspended or busy in the middle of
 * a read would otherwise take its own stall for the gateway's slowness, and act on what is old.
 */
const rememberedReads = 3;

/** However slow the gateway is. */
const maxAutoSeconds = 60;

/** Tells how long evidence is good for, from the start of the request that gave it. */
export class EvidenceAge {
  readonly #maxSeconds: number | null;
  readonly #clock: Clock;
  #latestReads: readonly number[] = [];

  /** @param maxSeconds `limits.max_evidence_age`; null: auto */
  constructor(maxSeconds: number | null, clock: Clock) {
    this.#maxSeconds = maxSeconds;
    this.#clock = clock;
  }

  /** Takes note of how long a read took. */
  learn({ readSeconds }: Evidence): void {
    this.#latestReads = [...this.#latestReads, readSeconds].slice(-rememberedReads);
  }

  /** 0 or less: it must not be acted on any more. */
  remainingSeconds({ requestedAt }: Evidence): number {
    const readSeconds = this.#typicalReadSeconds();
    const batchSeconds = Math.max(minBatchSeconds, batchSecondsPerReadSecond * readSeconds);
    const usableSeconds = Math.min(this.#limitSeconds(), readSeconds + batchSeconds);
    return requestedAt + usableSeconds - this.#clock.monotonic();
  }

  tooOld({ readSeconds }: Evidence): EvidenceTooOld {
    return new EvidenceTooOld(
      `reading the groups again took ${readSeconds.toFixed(2)} s, so that nothing is fresh enough to act on: ` +
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
