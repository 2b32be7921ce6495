import { setMaxListeners } from "node:events";
import type { GroupRecord } from "../archive/records.ts";
import { ConfigError, type Config, type PushgatewaySettings } from "../config/config.ts";
import { renderConfig } from "../config/describe.ts";
import { stackOf } from "../core/errors.ts";
import { addToKnown, isUnread, type SweepReport } from "../core/report.ts";
import type { Group } from "../core/group.ts";
import type { Mechanism, SkipReason } from "../core/verdict.ts";
import { Fleet, type FleetOptions, type FleetState, createFleetLog } from "../fleet/fleet.ts";
import { RequestError } from "../http/request-error.ts";
import { createNotifier, receiversOf } from "./notifications.ts";
import type { Wait } from "../gateway/pace.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { PageState } from "../report/html/page.ts";
import type { Logger } from "../telemetry/logger.ts";
import { logRead, logReport } from "../telemetry/log-report.ts";
import type { JanitorMetrics } from "../telemetry/metrics.ts";
import { addEarlier, addSweep, recallDeletions } from "./deletion-log.ts";
import { createReloader, type ReloadResult } from "./reload.ts";
import { startSchedule, type Schedule } from "./schedule.ts";
import { createSweeper, type SweepResult } from "./sweeper.ts";

interface ServiceOptions {
  readonly config: Config;
  /** Why there is no configuration yet: `config` is not put into force, and nothing is read or swept before a good reload. */
  readonly waitsBecause: string | null;
  /** @throws {@link ConfigError} with all problems */
  readonly load: () => Promise<Config>;
  /** A configuration has come into force. */
  readonly onApplied?: (config: Config) => void;
  readonly fleet: Omit<FleetOptions, "onRefreshed">;
  /** The configuration lists all gateways that are known, discovered ones included. */
  readonly sweep: (config: Config) => Promise<SweepReport>;
  /** As in `fleet/read-group.ts`. */
  readonly readGroup: (settings: PushgatewaySettings, group: Group) => Promise<string | null>;
  /** 0: on time. */
  readonly jitterSeconds: number;
  readonly metrics: JanitorMetrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly wait: Wait;
}

/** The state that page, API and metrics show. */
interface ServiceState extends Pick<
  PageState,
  | "dryRun"
  | "lastSweepAt"
  | "nextSweepAt"
  | "recentDeletions"
  | "deletionsByDay"
  | "sweeps"
  | "deletionsSince"
  | "configProblem"
> {
  readonly config: Config;
  /** Those that the configuration lists and those that were found. */
  readonly gateways: readonly PushgatewaySettings[];
  readonly gatewaysOfAllShards: number;
  /** The latest report of each gateway; null: none yet. Before the first sweep: of the reads at the start. */
  readonly known: SweepReport | null;
  readonly isSweeping: boolean;
}

/** Bytes of a gateway's answer: more are not read for one group. */
const maxReadForOne = 8 * 1024 * 1024;

/** A sweep or a dry run that was asked for, or why there was none. */
export type RequestedSweep =
  SweepResult | { readonly ran: false; readonly reason: "internal" | "no_configuration" };

/** How long after a gateway could not be read it is read again, before the first sweep. */
const retrySeconds = { first: 5, longest: 300 };

/** How long messages that are being sent may hold up the end. */
const notificationGraceSeconds = 1;

/** The service without its edge: schedule, sweeps and reloads. Nothing happens before `start`. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #reload: () => Promise<ReloadResult>;
  #sweeper: ReturnType<typeof createSweeper>;
  #config: Config;
  #fleet: Fleet;
  readonly #logFleet: (state: FleetState) => boolean;
  readonly #notifier: Notifier;
  #following = new AbortController();
  #followed: Promise<unknown> = Promise.resolve();
  #schedule: Schedule | null = null;
  #stopped = false;
  #known: SweepReport | null = null;
  /** When the next group may be read for a client. */
  #nextGroupAt = 0;
  #dryRunning: Promise<RequestedSweep> | null = null;
  #lastSweepAt: number | null = null;
  #history: ReturnType<typeof addSweep> = { recentDeletions: [], deletionsByDay: new Map(), sweeps: [] };
  readonly #createdAt: number;
  #deletionsSince: number | null;
  #configProblem: string | null = null;
  #waits: boolean;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#createdAt = options.now();
    this.#deletionsSince = this.#createdAt;
    this.#config = options.config;
    this.#waits = options.waitsBecause !== null;
    this.#logFleet = createFleetLog(options.log);
    this.#fleet = this.#createFleet(options.config);
    const { metrics, log } = options;
    this.#notifier = createNotifier(options.fleet.world, metrics, log);
    this.#sweeper = createSweeper(
      () => this.#sweep(),
      (reason) => this.#skipped(reason),
    );
    this.#reload = createReloader<Config>({
      load: options.load,
      apply: (config) => this.#apply(config),
      onFailure: (message) => this.#configFailed(message),
    });
  }

  async start(): Promise<void> {
    const { waitsBecause } = this.#options;
    if (waitsBecause === null) await this.#apply(this.#config);
    else this.#configFailed(waitsBecause);
  }

  /** Whether it has never had a good configuration. */
  get waits(): boolean {
    return this.#waits;
  }

  #configFailed(message: string): void {
    this.#configProblem = message;
    this.#options.metrics.configFailed();
    const what = this.#waits
      ? "No valid configuration: nothing is swept until there is one"
      : "Reload failed, the configuration before stays in force";
    this.#options.log.error(what, { err: message });
  }

  /** No new sweep; resolves when the one in flight is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#following.abort();
    await this.#schedule?.stop();
    await this.#sweeper.stop();
    await this.#followed;
    await this.#notifier.close(notificationGraceSeconds);
  }

  async reload(why: string): Promise<ReloadResult> {
    this.#options.log.info("Reloading configuration", { why });
    try {
      return await this.#reload();
    } catch (error) {
      const message = `internal error: ${String(error)}`;
      this.#configProblem = message;
      this.#options.metrics.configFailed();
      this.#options.log.error("Reload failed by a bug, please report it", { err: String(error) });
      return { ok: false, message };
    }
  }

  /** As the schedule would. Never rejects: a bug in a sweep is logged, and the next one happens all the same. */
  sweep(): Promise<RequestedSweep> {
    return this.#attempt(() => this.#sweeper.run());
  }

  /** Reads all gateways and plans for them; what is known of them then is the plan. Never during a sweep. Never rejects. */
  dryRun(): Promise<RequestedSweep> {
    this.#dryRunning ??= this.#attempt(async (): Promise<SweepResult> => {
      const report = await this.#sweeper.read(async () => {
        const { gateways } = await this.#fleet.current();
        return this.#plan(gateways, (plan) => logReport(plan, this.#options.log));
      });
      return report === null ? { ran: false, reason: "already_running" } : { ran: true, report };
    }).finally(() => (this.#dryRunning = null));
    return this.#dryRunning;
  }

  /**
   * The metrics of one group, read again for it, as a status and a text. Clients cannot make a gateway work more than a tenth of its
   * time for this, nor read it when its answer is large or a sweep is under way.
   */
  async groupText(gateway: string, key: string): Promise<{ readonly status: number; readonly text: string }> {
    const { readGroup, now } = this.#options;
    const settings = this.#fleet.state().gateways.find(({ name }) => name === gateway);
    const report = this.#known?.gateways.find(({ name }) => name === gateway);
    const entry = report?.entries.find(({ group }) => group.key === key);
    if (settings === undefined || entry === undefined) return { status: 404, text: "no such group" };
    const { source, sizeBytes } = report?.snapshot ?? { source: "exposition", sizeBytes: 0 };
    if (source !== "api" || sizeBytes > maxReadForOne)
      return { status: 403, text: "the gateway would have to answer too much for one group" };
    if (now() < this.#nextGroupAt) return { status: 503, text: "too many groups are asked for: try again" };
    const startedAt = now();
    try {
      this.#nextGroupAt = Number.POSITIVE_INFINITY;
      const done = await this.#sweeper.read(async () => ({ text: await readGroup(settings, entry.group) }));
      if (done === null) return { status: 503, text: "a sweep is under way: try again" };
      return done.text === null
        ? { status: 404, text: "the group is gone" }
        : { status: 200, text: done.text };
    } catch (error) {
      if (error instanceof RequestError || error instanceof ConfigError)
        return { status: 502, text: error.message };
      throw error;
    } finally {
      this.#nextGroupAt = now() + 9 * (now() - startedAt);
    }
  }

  async #attempt(work: () => Promise<SweepResult>): Promise<RequestedSweep> {
    if (this.#waits) return { ran: false, reason: "no_configuration" };
    try {
      return await work();
    } catch (error) {
      this.#options.log.error("Sweep failed by a bug, please report it", { err: stackOf(error) });
      return { ran: false, reason: "internal" };
    }
  }

  state(): ServiceState {
    const { gateways, total } = this.#fleet.state();
    return {
      config: this.#config,
      gateways,
      gatewaysOfAllShards: total,
      dryRun: this.#config.dryRun,
      known: this.#known,
      isSweeping: this.#sweeper.isSweeping(),
      lastSweepAt: this.#lastSweepAt,
      nextSweepAt: this.#schedule?.nextAt() ?? null,
      ...this.#history,
      deletionsSince: this.#deletionsSince,
      configProblem: this.#configProblem,
    };
  }

  configText(): string {
    return renderConfig(this.#config);
  }

  /** The rules that are in force when a sweep begins stay with it to its end. */
  async #sweep(): Promise<SweepReport> {
    const { sweep, metrics, log } = this.#options;
    const [config, fleet] = [this.#config, this.#fleet];
    const { gateways, total } = await fleet.current();
    if (total === 0) log.warn("Nothing to sweep: no gateway is known");
    const report = await sweep({ ...config, pushgateways: gateways });
    this.#known = addToKnown(this.#known, report, "sweep");
    this.#lastSweepAt = report.finishedAt;
    this.#history = addSweep(report, this.#history);
    metrics.sweepFinished(report);
    logReport(report, log);
    this.#notifier.notify(report, { isArchived: config.archive !== null });
    return report;
  }

  /** Reads gateways and plans for them. */
  async #plan(
    pushgateways: readonly PushgatewaySettings[],
    logPlan: (report: SweepReport) => void,
  ): Promise<SweepReport> {
    const { sweep, metrics } = this.#options;
    const report = await sweep({ ...this.#config, pushgateways, dryRun: true });
    // Interrupted, it says nothing about the gateways.
    if (this.#stopped) return report;
    metrics.readFinished(report);
    logPlan(report);
    this.#known = addToKnown(this.#known, report, "read");
    return report;
  }

  /**
   * Reads gateways of which nothing is known, at the start and when new ones appear, so that what they hold shows before the first
   * sweep. Those that cannot be read are tried again, ever less often, until a read succeeds or a sweep has tried them.
   */
  async #readUnread(fleet: Fleet, signal: AbortSignal): Promise<void> {
    const { wait } = this.#options;
    await fleet.current();
    for (let pauseSeconds = retrySeconds.first; !signal.aborted;) {
      await this.#sweeper.read(() => this.#read());
      await wait(pauseSeconds, signal);
      pauseSeconds = Math.min(2 * pauseSeconds, retrySeconds.longest);
    }
  }

  async #read(): Promise<void> {
    const known = new Map(
      this.#known?.gateways.map((gateway) => [`${gateway.name} ${gateway.url}`, gateway]),
    );
    const unread = this.#fleet.state().gateways.filter(({ name, url }) => {
      const gateway = known.get(`${name} ${url}`);
      return gateway === undefined || isUnread(gateway);
    });
    if (unread.length === 0) return;
    await this.#plan(unread, (report) => logRead(report, this.#known, this.#options.log));
  }

  /** The deletions before this start, on the gateways that are known; others may share the archive. */
  async #recallDeletions({ archive }: Config, signal: AbortSignal): Promise<void> {
    if (archive === null || this.#deletionsSince === null) return;
    const { gateways } = await this.#fleet.current();
    const names = new Set(gateways.map(({ name }) => name));
    const accepts = ({ at, gateway }: GroupRecord): boolean => at < this.#createdAt && names.has(gateway);
    const earlier = await recallDeletions(archive.dir, this.#createdAt, accepts, signal, this.#options.log);
    if (earlier === null || signal.aborted) return;
    this.#history = addEarlier(this.#history, earlier);
    this.#deletionsSince = null;
  }

  /** All or nothing: what may fail is made before anything of the configuration takes effect. */
  async #apply(config: Config): Promise<void> {
    const { metrics, now, log } = this.#options;
    const before = { config: this.#config, schedule: this.#schedule };
    const fleet = config === before.config ? this.#fleet : this.#createFleet(config, this.#fleet);
    const schedule = this.#scheduleFor(config);
    this.#config = config;
    this.#fleet = fleet;
    this.#schedule = schedule;
    this.#configProblem = null;
    this.#waits = false;
    if (schedule !== before.schedule) await before.schedule?.stop();
    this.#configureMetrics();
    this.#notifier.use(receiversOf(config, this.#options.fleet.world.env));
    this.#follow();
    metrics.configLoaded(now());
    this.#options.onApplied?.(config);
    log.info("Configuration loaded", {
      gateways: this.#fleet.state().gateways.length,
      discoveries: config.discoveries.length,
      shard: `${this.#fleet.shard.index}/${this.#fleet.shard.count}`,
      rules: config.rules.length,
      dry_run: config.dryRun,
    });
    this.#tellNextSweep();
  }

  #createFleet(config: Config, before?: Fleet): Fleet {
    const { metrics } = this.#options;
    const onRefreshed = (mechanism: Mechanism, succeeded: boolean): void => {
      // A fleet that a reload has replaced may still change.
      if (fleet !== this.#fleet) return;
      const state = fleet.state();
      const found = state.found.get(mechanism);
      if (found !== undefined) metrics.discovered(mechanism, found, succeeded);
      if (this.#logFleet(state)) this.#configureMetrics();
    };
    const fleet = new Fleet(config, { ...this.#options.fleet, onRefreshed }, before);
    return fleet;
  }

  /** The series of a gateway that is gone end. */
  #configureMetrics(): void {
    this.#options.metrics.configure({
      ...this.#config,
      gateways: this.#fleet.state().gateways.map(({ name }) => name),
      mechanisms: [...new Set(this.#config.discoveries.map(({ mechanism }) => mechanism))],
      shard: this.#fleet.shard,
    });
  }

  #follow(): void {
    this.#following.abort();
    // A reload may end after the service has.
    if (this.#stopped) return;
    this.#following = new AbortController();
    // Every discovery listens.
    setMaxListeners(0, this.#following.signal);
    const { signal } = this.#following;
    const orLog = (message: string) => (error: unknown) =>
      this.#options.log.error(message, { err: stackOf(error) });
    // Not waited for at the end: a file system may hang.
    this.#recallDeletions(this.#config, signal).catch(orLog("Reading failed by a bug, please report it"));
    this.#followed = Promise.all([
      this.#followed,
      this.#fleet.follow(signal).catch(orLog("Discovery failed by a bug, please report it")),
      this.#readUnread(this.#fleet, signal).catch(orLog("Reading failed by a bug, please report it")),
    ]);
  }

  /**
   * Starts the schedule of a configuration, unless it is the one that runs: restarted, it would lose sweeps that are
   * due now or wait for their jitter. A service that has stopped keeps the stopped one.
   * @throws if the schedule never fires
   */
  #scheduleFor({ schedule: expression, timezone }: Config): Schedule | null {
    const { jitterSeconds, log } = this.#options;
    const same = this.#config.schedule === expression && this.#config.timezone === timezone;
    if ((this.#schedule !== null && same) || this.#stopped) return this.#schedule;
    return startSchedule({
      expression,
      timezone,
      jitterSeconds,
      onDue: async () => {
        await this.sweep();
        this.#tellNextSweep();
      },
      onMissed: () => this.#skipped("missed"),
      log,
    });
  }

  #tellNextSweep(): void {
    this.#options.metrics.nextSweepAt(this.#schedule?.nextAt() ?? null);
  }

  #skipped(reason: SkipReason): void {
    this.#options.metrics.sweepSkipped(reason);
    this.#options.log.warn("Sweep skipped", { reason });
    this.#tellNextSweep();
  }
}
