import type { Decision } from "../core/decide.ts";
import type { Since } from "../core/group.ts";
import { ttlMetricNames } from "../core/rule.ts";
import type { ApiGroup } from "../gateway/decode-group.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { GatewayError } from "../gateway/gateway-error.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import { pushTimesEvidence, snapshotEvidence, type Comparison, type Evidence } from "./evidence.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";

/** Even what was just read is too old to act on. The message says which setting to raise. */
export class EvidenceTooOld extends Error {
  override readonly name = "EvidenceTooOld";
}

/** Evidence as the deletions use it. */
export interface UsableEvidence {
  compare(decision: Decision): Comparison;
  /** How long it is still good for. */
  remainingSeconds(): number;
}

/**
 * How much of the time goes into looking again: batches last twice as long as a read, but not under a tenth of a second.
 * Short batches keep the window small in which a push can be lost; a third of the time spent on reads, by the cheap
 * source and only while something is deleted, is what the gateway bears.
 */
const batchSecondsPerReadSecond = 2;
const minBatchSeconds = 0.1;

/** Whole groups are held in memory between the read and the archive: so many series of them at a time. */
const maxHeldSeries = 200_000;

/** Keeps the evidence fresh that deletions act on, by the cheapest source that answers. */
export class EvidenceKeeper {
  readonly #context: SweepContext;
  readonly #settings: SweepSettings;
  readonly #naming: PathNaming;
  /** Only with an archive: the groups that will be deleted next, with all their metrics. */
  readonly #wholes = new Map<string, ApiGroup>();
  #evidence: Evidence;
  #expositionAnswers = true;

  constructor(context: SweepContext, settings: SweepSettings, naming: PathNaming, first: Evidence) {
    this.#context = context;
    this.#settings = settings;
    this.#naming = naming;
    this.#evidence = first;
  }

  isFresh(): boolean {
    return this.#remainingSeconds() > 0;
  }

  /**
   * Evidence that is fresh and clear about the candidates, and the whole of at least the first one if it is to be archived.
   * @throws {@link EvidenceTooOld}, {@link GatewayError}
   */
  async ensure(candidates: readonly Decision[]): Promise<UsableEvidence> {
    const { stop } = this.#context;
    const [next] = candidates;
    if (next !== undefined && !this.hasWhole(next)) await this.#readApi(candidates, stop);
    else if (!this.isFresh()) await this.refresh(candidates, stop);
    if (!this.isFresh()) throw this.#tooOld();
    return this.#usable();
  }

  /**
   * Looks again, by the exposition as long as that answers and is clear about the groups in question.
   * @throws {@link GatewayError}
   */
  async refresh(inQuestion: readonly Decision[], signal: AbortSignal): Promise<UsableEvidence> {
    const answered = this.#expositionAnswers && (await this.#readExposition(signal));
    const usable = this.#usable();
    if (answered && inQuestion.every((decision) => usable.compare(decision) !== "unclear")) return usable;
    await this.#readApi([], signal);
    return this.#usable();
  }

  /** Whether the group could be archived now; true if nothing is archived. */
  hasWhole({ group }: Decision): boolean {
    return this.#context.archive === null || this.#wholes.has(group.key);
  }

  /** The whole groups of a batch. Their activity has not changed since they were read, so neither have they. */
  takeWholes(batch: readonly Decision[]): readonly (readonly [Decision, ApiGroup])[] {
    return batch.map((decision) => {
      const whole = this.#wholes.get(decision.group.key);
      if (whole === undefined) throw new Error(`no whole group at hand for ${decision.group.key}`);
      return [decision, whole];
    });
  }

  async #readExposition(signal: AbortSignal): Promise<boolean> {
    try {
      this.#evidence = pushTimesEvidence(await this.#context.gateway.pushTimes(signal));
      return true;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code === "aborted") throw error;
      this.#context.log.debug("The exposition does not answer, reading the API", { err: error.message });
      this.#expositionAnswers = false;
      return false;
    }
  }

  async #readApi(wanted: readonly Decision[], signal: AbortSignal): Promise<void> {
    const { gateway, clock, archive } = this.#context;
    const gauges = ttlMetricNames(this.#settings.rules);
    const keys = new Set(archive === null ? [] : wanted.map(({ group }) => group.key));
    if (keys.size > 0) this.#wholes.clear();
    let heldSeries = 0;
    const open = await gateway.openSnapshot({ naming: this.#naming, gauges, signal });
    const monotonic = (): number => clock.monotonic();
    const snapshot = await collectSnapshot(open, monotonic, (read) => {
      if (!keys.has(read.group.key) || heldSeries > maxHeldSeries) return;
      heldSeries += read.group.series;
      this.#wholes.set(read.group.key, read.whole());
    });
    this.#evidence = snapshotEvidence(snapshot);
  }

  #usable(): UsableEvidence {
    const evidence = this.#evidence;
    return {
      compare: ({ group, rule }) => evidence.compare(group, sinceOf(rule)),
      remainingSeconds: () => this.#remainingSeconds(),
    };
  }

  #remainingSeconds(): number {
    const { requestedAt, readSeconds } = this.#evidence;
    const batchSeconds = Math.max(minBatchSeconds, batchSecondsPerReadSecond * readSeconds);
    const usableSeconds = Math.min(this.#maxAgeSeconds(), readSeconds + batchSeconds);
    return requestedAt + usableSeconds - this.#context.clock.monotonic();
  }

  #maxAgeSeconds(): number {
    return this.#settings.limits.maxEvidenceAgeSeconds ?? 1 + 2 * this.#evidence.readSeconds;
  }

  #tooOld(): EvidenceTooOld {
    return new EvidenceTooOld(
      `reading the groups again took ${this.#evidence.readSeconds.toFixed(2)} s, so that nothing is fresh enough to act on: ` +
        `raise limits.max_evidence_age (now ${this.#maxAgeSeconds().toFixed(2)} s) well above that, or leave it at auto`,
    );
  }
}

function sinceOf(rule: Decision["rule"]): Since {
  return rule === null || rule.action === "keep" ? "last_activity" : rule.since;
}
