import type { Clock } from "../core/time.ts";
import type { Evidence } from "./evidence.ts";

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
