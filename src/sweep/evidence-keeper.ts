import type { Circumstances, Decision } from "../core/decide.ts";
import type { JsonObject } from "../core/json.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { maxGroupBytes } from "../gateway/budget.ts";
import { parseRawGroup } from "../gateway/api/api-reader.ts";
import type { ProcessFacts } from "../gateway/snapshot.ts";
import { RequestError } from "../http/request-error.ts";
import { maxDeletionsUnderWay } from "../gateway/gateway.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import type { GatewayInfo } from "../gateway/status.ts";
import type { WantedKeys } from "../gateway/exposition/push-times.ts";
import {
  EvidenceAge,
  pushTimesEvidence,
  snapshotEvidence,
  wantedKeys,
  type Comparison,
  type Evidence,
} from "./evidence.ts";
import {
  AnotherGateway,
  checkOneProcess,
  compareProcesses,
  checkTimePassed,
  identifyOthers,
  staleAnswer,
} from "./same-gateway.ts";
import type { SweepContext, SweepSettings } from "./sweep-context.ts";

/** The evidence that deletions use. */
export interface UsableEvidence {
  compare(decision: Decision): Comparison;
  /** How long DELETEs may still be sent on it. */
  remainingSeconds(): number;
}

interface EvidenceScope {
  /** The status of the gateway when the plan was made. */
  readonly status: GatewayInfo;
  readonly circumstances: Circumstances;
  /** The read that the plan was made from. */
  readonly planned: Evidence;
  /** All that the evidence is for. */
  readonly deletions: readonly Decision[];
}

/** Raw groups are in memory between the read and the archive: at most so much of them, but always the next one. */
const maxHeldSeries = 200_000;
const maxHeldBytes = 4 * maxGroupBytes;

/** How many reads in a row may be too slow to act on: twice as many as it takes to notice that reads have become slow. */
const maxAttempts = 6;

const deletesElsewhere =
  "DELETEs do not reach the gateway whose groups are read: what is in front of it sends them elsewhere, or answers them itself. " +
  "Configure the gateway by an address that leads to it alone";

/** Keeps the evidence for deletions fresh, from the cheapest source that answers. */
export class EvidenceKeeper {
  readonly #context: SweepContext;
  readonly #settings: SweepSettings;
  readonly #scope: EvidenceScope;
  readonly #age: EvidenceAge;
  readonly #wanted: WantedKeys;
  /** With an archive: the groups that will be deleted next, with all their metrics. */
  readonly #rawGroups = new Map<string, Buffer>();
  #evidence: Evidence;
  /**
   * Nothing is deleted on the read of the plan, whose duration cannot be compared with others, nor on one that a batch was already sent
   * on.
   */
  #isOutdated = true;
  /** How many connections had been opened when it was read. */
  #connections = 0;
  /** How many had been opened when the address was proven; null: every request takes one of its own. */
  #provenConnections: number | null = null;
  /** DELETEs that the process of the latest exposition had counted when its address was proven; null: not known. */
  #deletionsBefore: number | null = null;
  #deletionsSince = 0;
  /** How many of these the latest exposition did not count. */
  #deletionsMissing = 0;
  #expositionAnswers = true;
  /** Of the latest exposition. */
  #process: ProcessFacts | null = null;

  constructor(context: SweepContext, settings: SweepSettings, scope: EvidenceScope) {
    this.#context = context;
    this.#settings = settings;
    this.#scope = scope;
    this.#evidence = scope.planned;
    this.#wanted = wantedKeys(scope.deletions);
    this.#age = new EvidenceAge(settings.limits.maxEvidenceAgeSeconds, context.clock);
    this.#age.learn(scope.planned.read);
  }

  /**
   * Whether DELETEs may be sent on the evidence: it is fresh, and the connection that it was read over is still open. Another one may
   * lead to another process; where connections are not kept, only the next read shows which process was reached.
   */
  isFresh(): boolean {
    const isMoved =
      this.#provenConnections !== null && this.#context.gateway.connectionsOpened() !== this.#connections;
    return !this.#isOutdated && !isMoved && this.#age.remainingSeconds(this.#evidence.read) > 0;
  }

  /** How many DELETEs may be under way: only one where connections are not kept open, as the others would be cut off with it. */
  maxUnderWay(): number {
    return this.#context.gateway.connectionsOpened() === this.#provenConnections ? maxDeletionsUnderWay : 1;
  }

  /** Forbids DELETEs until the next read. */
  outdate(): void {
    this.#isOutdated = true;
  }

  /**
   * Returns evidence that is fresh and clear about the candidates.
   * @param toArchive candidates whose raw groups are needed: at least that of the first one is read, too
   * @throws {@link EvidenceTooOld}, {@link RequestError}, `AnotherGateway`
   */
  async ensure(candidates: readonly Decision[], toArchive: readonly Decision[]): Promise<UsableEvidence> {
    const { stop } = this.#context;
    const [next] = toArchive;
    for (let attempt = 1; ; attempt += 1) {
      if (next !== undefined && !this.#rawGroups.has(next.group.key)) {
        await this.#readApi(toArchive, stop);
        await this.#corroborate(candidates, stop);
      }
      if (!this.isFresh()) await this.refresh(candidates, stop);
      else if (!this.#isClearAbout(candidates)) await this.#readApi([], stop);
      if (this.isFresh() && this.#isClearAbout(candidates)) return this.#usable();
      if (attempt === maxAttempts) throw this.#age.tooOld(this.#evidence.read);
    }
  }

  /**
   * Reads again: the exposition if it answers and is clear about the groups in question, or else the API.
   * @throws {@link RequestError}, `AnotherGateway`
   */
  async refresh(inQuestion: readonly Decision[], signal: AbortSignal): Promise<UsableEvidence> {
    if (this.#context.source === "exposition") {
      await this.#readExposition(signal);
      return this.#usable();
    }
    const answered = this.#expositionAnswers && (await this.#tryExposition(signal));
    if (!answered || !this.#isClearAbout(inQuestion)) await this.#readApi([], signal);
    return this.#usable();
  }

  /** The size of the raw group, which can be megabytes of JSON; 0: it has not been read. */
  rawBytesOf({ group }: Decision): number {
    return this.#rawGroups.get(group.key)?.length ?? 0;
  }

  /** The group with all its metrics, unchanged since it was planned; undefined: not read yet. Parsed at each call. */
  rawGroupOf({ group }: Decision): JsonObject | undefined {
    const raw = this.#rawGroups.get(group.key);
    return raw === undefined ? undefined : parseRawGroup(raw);
  }

  async #readExposition(signal: AbortSignal): Promise<void> {
    const expected = (this.#deletionsBefore ?? 0) + this.#deletionsSince;
    const times = await this.#context.gateway.pushTimes(this.#wanted, signal);
    // Exposition and status give the start time by different clocks: a status ties the first exposition to the plan.
    if (this.#process === null) await this.#checkStatus(signal);
    const before = this.#process ?? this.#scope.planned.read.process;
    const comparison = before === null ? "same" : compareProcesses(before, times.process);
    if (comparison === "other") throw await this.#identifyOthers(signal);
    if (comparison === "repeated") throw staleAnswer("the same answer came twice");
    this.#process = times.process;
    if (this.#deletionsBefore !== null)
      this.#deletionsMissing = expected - (times.process.deletions ?? expected);
    this.#accept(pushTimesEvidence(times));
  }

  /**
   * Makes sure, before the first DELETE, that DELETEs reach the process whose groups are read: that process has to count a DELETE of
   * nothing. If its exposition does not answer, the first real DELETE has to show it.
   * @throws {@link RequestError}, `AnotherGateway`
   */
  async proveAddress(signal: AbortSignal): Promise<void> {
    const { gateway } = this.#context;
    const { hasApi, startTime } = this.#scope.status;
    const connections = gateway.connectionsOpened();
    // Without an API, the reads compare expositions.
    if (hasApi) await checkOneProcess(gateway, startTime, signal);
    const before = await this.#readProcess(signal);
    await gateway.probeDeletion(signal);
    const after = await this.#readProcess(signal);
    this.#provenConnections = gateway.connectionsOpened() === connections ? connections : null;
    this.#deletionsBefore = after?.deletions ?? null;
    if (before === null || after === null || after.deletions === null) return;
    if (after.deletions > (before.deletions ?? 0)) return;
    throw new AnotherGateway(deletesElsewhere);
  }

  /** More DELETEs were answered with 202. */
  countDeletions(count: number): void {
    this.#deletionsSince += count;
  }

  /**
   * Makes sure that the process of the latest exposition counted all DELETEs that were answered before it.
   * @throws `AnotherGateway`
   */
  checkDeletions(): void {
    if (this.#deletionsMissing > 0) throw new AnotherGateway(deletesElsewhere);
  }

  /** null: the exposition does not answer. */
  async #readProcess(signal: AbortSignal): Promise<ProcessFacts | null> {
    if (this.#context.source === "exposition") await this.#readExposition(signal);
    else if (!this.#expositionAnswers || !(await this.#tryExposition(signal))) return null;
    return this.#process;
  }

  async #tryExposition(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#readExposition(signal);
      return true;
    } catch (error) {
      if (!(error instanceof RequestError) || error.code === "aborted") throw error;
      this.#context.log.debug("The exposition does not answer, reading the API", { err: error.message });
      this.#expositionAnswers = false;
      return false;
    }
  }

  /**
   * An answer of the API does not show its own age, and may come from a cache. If the exposition answers and is clear, it counts
   * instead.
   */
  async #corroborate(candidates: readonly Decision[], signal: AbortSignal): Promise<void> {
    const fromApi = this.#evidence;
    if (!this.#expositionAnswers || !(await this.#tryExposition(signal))) return;
    if (!this.#isClearAbout(candidates)) this.#evidence = fromApi;
  }

  async #readApi(wanted: readonly Decision[], signal: AbortSignal): Promise<void> {
    const { gateway, clock } = this.#context;
    const keys = keysWithin(maxHeldSeries, wanted);
    if (keys.size > 0) this.#rawGroups.clear();
    const gauges = ttlMetricNames(this.#settings.rules);
    const open = await gateway.openSnapshot({
      naming: this.#scope.status,
      gauges,
      signal,
    });
    const monotonic = (): number => clock.monotonic();
    const next = wanted[0]?.group.key;
    let heldBytes = 0;
    const snapshot = await collectSnapshot(open, monotonic, (read) => {
      const { key } = read.group;
      const raw = keys.has(key) && (heldBytes < maxHeldBytes || key === next) ? read.raw() : null;
      if (raw === null) return;
      heldBytes += raw.length;
      this.#rawGroups.set(key, raw);
    });
    await this.#checkStatus(signal);
    this.#accept(snapshotEvidence(snapshot));
    // A group that came back to life is not archived: a gateway that is killed can return to its former state.
    const usable = this.#usable();
    for (const decision of wanted) {
      if (usable.compare(decision) !== "unchanged") this.#rawGroups.delete(decision.group.key);
    }
  }

  async #checkStatus(signal: AbortSignal): Promise<void> {
    const { startTime } = await this.#context.gateway.status(signal);
    if (startTime !== this.#scope.status.startTime) throw await this.#identifyOthers(signal, startTime);
  }

  #identifyOthers(signal: AbortSignal, ...seen: readonly string[]): Promise<AnotherGateway> {
    return identifyOthers(this.#context.gateway, [this.#scope.status.startTime, ...seen], signal);
  }

  #accept(evidence: Evidence): void {
    checkTimePassed(this.#scope.planned.read, evidence.read);
    this.#evidence = evidence;
    this.#connections = this.#context.gateway.connectionsOpened();
    this.#isOutdated = false;
    this.#age.learn(evidence.read);
  }

  #isClearAbout(decisions: readonly Decision[]): boolean {
    const usable = this.#usable();
    return decisions.every((decision) => usable.compare(decision) !== "unclear");
  }

  #usable(): UsableEvidence {
    const evidence = this.#evidence;
    return {
      compare: ({ group, rule }) => {
        const comparison = evidence.compare(group, rule, this.#scope.circumstances.pushes);
        // Without the API it stays unclear, and the group may be alive.
        return comparison === "unclear" && this.#context.source === "exposition" ? "active" : comparison;
      },
      remainingSeconds: () => this.#age.remainingSeconds(evidence.read),
    };
  }
}

/** The first groups in the order of the plan; at least one. */
function keysWithin(maxSeries: number, decisions: readonly Decision[]): ReadonlySet<string> {
  const keys = new Set<string>();
  let series = 0;
  for (const { group } of decisions) {
    series += group.series ?? 0;
    if (keys.size > 0 && series > maxSeries) break;
    keys.add(group.key);
  }
  return keys;
}
