import type { Circumstances, Decision } from "../core/decide.ts";
import type { JsonObject } from "../core/json.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { maxGroupBytes } from "../gateway/budget.ts";
import { parseWhole } from "../gateway/api/api-reader.ts";
import type { ProcessFacts } from "../gateway/exposition/read-samples.ts";
import { RequestError } from "../http/request-error.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import type { GatewayStatus } from "../gateway/status.ts";
import {
  EvidenceAge,
  pushTimesEvidence,
  snapshotEvidence,
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

/** Evidence as the deletions use it. */
export interface UsableEvidence {
  compare(decision: Decision): Comparison;
  /** How long it is still good for. */
  remainingSeconds(): number;
}

/** What the evidence is about. */
export interface EvidenceScope {
  /** Of the gateway that the plan is about. */
  readonly status: GatewayStatus;
  readonly circumstances: Circumstances;
  /** What the plan was made from. */
  readonly planned: Evidence;
}

/** Whole groups are held in memory between the read and the archive: so much of them at a time, but always the next one. */
const maxHeldSeries = 200_000;
const maxHeldBytes = 4 * maxGroupBytes;

/**
 * How many reads in a row may be too slow to act on: twice as many as it takes to learn that reads have become slow.
 */
const maxAttempts = 6;

const deletesElsewhere =
  "DELETEs do not reach the gateway whose groups are read: what is in front of it sends them elsewhere, or answers them itself. " +
  "Configure the gateway by an address that leads to it alone";

/** Keeps the evidence fresh that deletions act on, by the cheapest source that answers. */
export class EvidenceKeeper {
  readonly #context: SweepContext;
  readonly #settings: SweepSettings;
  readonly #scope: EvidenceScope;
  readonly #age: EvidenceAge;
  /** Only with an archive: the groups that will be deleted next, with all their metrics. */
  readonly #wholes = new Map<string, Buffer>();
  #evidence: Evidence;
  /**
   * Nothing is deleted on the read that the plan was made from, as its duration has no other to be compared with, nor on one that a
   * batch was sent on.
   */
  #isOutdated = true;
  /** How many connections had been opened when it was read. */
  #connections = 0;
  /** Whether one connection takes several requests. Where each takes a new one, only the next read shows which process it reached. */
  #keepsConnection = false;
  /** DELETEs that the process of the latest exposition had counted when its address was proven; null: it does not tell. */
  #deletionsBefore: number | null = null;
  #deletionsSince = 0;
  /** Of these, so many did not show in the latest exposition. */
  #deletionsMissing = 0;
  #expositionAnswers = true;
  /** Of the latest exposition. */
  #process: ProcessFacts | null = null;

  constructor(context: SweepContext, settings: SweepSettings, scope: EvidenceScope) {
    this.#context = context;
    this.#settings = settings;
    this.#scope = scope;
    this.#evidence = scope.planned;
    this.#age = new EvidenceAge(settings.limits.maxEvidenceAgeSeconds, context.clock);
    this.#age.learn(scope.planned);
  }

  /** Fresh, and over the connection that it was read over: another one may lead to another process. */
  isFresh(): boolean {
    const { gateway } = this.#context;
    const isMoved = this.#keepsConnection && gateway.connectionsOpened() !== this.#connections;
    return !this.#isOutdated && !isMoved && this.#age.remainingSeconds(this.#evidence) > 0;
  }

  /** Nothing more is sent on what is known now. */
  outdate(): void {
    this.#isOutdated = true;
  }

  /**
   * Evidence that is fresh and clear about the candidates.
   * @param toArchive of these, the whole of at least the first one is at hand, too
   * @throws {@link EvidenceTooOld}, {@link RequestError}, `AnotherGateway`
   */
  async ensure(candidates: readonly Decision[], toArchive: readonly Decision[]): Promise<UsableEvidence> {
    const { stop } = this.#context;
    const [next] = toArchive;
    for (let attempt = 1; ; attempt += 1) {
      if (next !== undefined && !this.#wholes.has(next.group.key)) {
        await this.#readApi(toArchive, stop);
        await this.#corroborate(candidates, stop);
      }
      if (!this.isFresh()) await this.refresh(candidates, stop);
      else if (!this.#isClearAbout(candidates)) await this.#readApi([], stop);
      if (this.isFresh() && this.#isClearAbout(candidates)) return this.#usable();
      if (attempt === maxAttempts) throw this.#age.tooOld(this.#evidence);
    }
  }

  /**
   * Reads again: the exposition, as long as it answers and is clear about the groups in question, or else the API.
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

  /** The size of what {@link wholeOf} gives; 0: not at hand. Costs nothing: a group can be megabytes of JSON. */
  wholeBytes({ group }: Decision): number {
    return this.#wholes.get(group.key)?.length ?? 0;
  }

  /** The group with all its metrics, unchanged since it was planned. Parsed at each call; undefined: not read yet. */
  wholeOf({ group }: Decision): JsonObject | undefined {
    const whole = this.#wholes.get(group.key);
    return whole === undefined ? undefined : parseWhole(whole);
  }

  async #readExposition(signal: AbortSignal): Promise<void> {
    const expected = (this.#deletionsBefore ?? 0) + this.#deletionsSince;
    const times = await this.#context.gateway.pushTimes(signal);
    // The exposition and the status name the start by different clocks: the first exposition is tied to the plan by a status.
    if (this.#process === null) await this.#checkStatus(signal);
    const before = this.#process ?? this.#scope.planned.process;
    const comparison = before === null ? "same" : compareProcesses(before, times.process);
    if (comparison === "other") throw await this.#identifyOthers(signal);
    if (comparison === "repeated") throw staleAnswer("the same answer came twice");
    this.#process = times.process;
    if (this.#deletionsBefore !== null)
      this.#deletionsMissing = expected - (times.process.deletions ?? expected);
    this.#accept(pushTimesEvidence(times));
  }

  /**
   * Makes sure, before the first DELETE, that DELETEs reach the process whose groups are read: a DELETE of nothing has to show in
   * what that process counts. Where it does not say so, as while the exposition does not answer, the first real DELETE has to
   * tell.
   * @throws {@link RequestError}, `AnotherGateway`
   */
  async proveAddress(signal: AbortSignal): Promise<void> {
    const { gateway } = this.#context;
    const { hasApi, startTime } = this.#scope.status;
    const connections = gateway.connectionsOpened();
    // Without an API the expositions tell: every read compares them.
    if (hasApi) await checkOneProcess(gateway, startTime, signal);
    const before = await this.#readProcess(signal);
    await gateway.probeDeletion(signal);
    const after = await this.#readProcess(signal);
    this.#keepsConnection = gateway.connectionsOpened() === connections;
    this.#deletionsBefore = after?.deletions ?? null;
    if (before === null || after === null || after.deletions === null) return;
    if (after.deletions > (before.deletions ?? 0)) return;
    throw new AnotherGateway(deletesElsewhere);
  }

  /** So many more DELETEs were answered with 202. */
  countDeletions(count: number): void {
    this.#deletionsSince += count;
  }

  /**
   * Makes sure that all DELETEs that were answered before the latest exposition reached the process that gave it.
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
   * What the API says carries no sign of its own age, and may come from a cache. Where the exposition answers and is clear, the groups
   * are judged by it.
   */
  async #corroborate(candidates: readonly Decision[], signal: AbortSignal): Promise<void> {
    const fromApi = this.#evidence;
    if (!this.#expositionAnswers || !(await this.#tryExposition(signal))) return;
    if (!this.#isClearAbout(candidates)) this.#evidence = fromApi;
  }

  async #readApi(wanted: readonly Decision[], signal: AbortSignal): Promise<void> {
    const { gateway, clock } = this.#context;
    const keys = keysWithin(maxHeldSeries, wanted);
    if (keys.size > 0) this.#wholes.clear();
    const gauges = ttlMetricNames(this.#settings.rules);
    const open = await gateway.openSnapshot({
      naming: this.#scope.status,
      gauges,
      wholes: keys.size > 0,
      signal,
    });
    const monotonic = (): number => clock.monotonic();
    const next = wanted[0]?.group.key;
    let heldBytes = 0;
    const snapshot = await collectSnapshot(open, monotonic, (read) => {
      const { key } = read.group;
      const whole = keys.has(key) && (heldBytes < maxHeldBytes || key === next) ? read.whole() : null;
      if (whole === null) return;
      heldBytes += whole.length;
      this.#wholes.set(key, whole);
    });
    await this.#checkStatus(signal);
    this.#accept(snapshotEvidence(snapshot));
    // What came back to life is not what the plan is about, and a gateway that is killed can go back to that.
    const usable = this.#usable();
    for (const decision of wanted) {
      if (usable.compare(decision) !== "unchanged") this.#wholes.delete(decision.group.key);
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
    checkTimePassed(this.#scope.planned, evidence);
    this.#evidence = evidence;
    this.#connections = this.#context.gateway.connectionsOpened();
    this.#isOutdated = false;
    this.#age.learn(evidence);
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
        // Without the API this stays unknown: the group may be alive.
        return comparison === "unclear" && this.#context.source === "exposition" ? "active" : comparison;
      },
      remainingSeconds: () => this.#age.remainingSeconds(evidence),
    };
  }
}

/** In the order of the plan, as only the next ones are of use; always at least one. */
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
