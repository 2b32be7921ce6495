import type { Config } from "../config/config.ts";
import { renderConfig } from "../config/render-config.ts";
import type { SweepReport } from "../core/report.ts";
import type { SkipReason } from "../core/sweep-reasons.ts";
import type { Logger } from "../telemetry/logger.ts";
import { logReport } from "./log-report.ts";
import { rememberDeletions, type DeletedGroup } from "./recent-deletions.ts";
import { createReloader, type Loaded, type ReloadResult } from "./reload.ts";
import { createSchedule, type Schedule } from "./schedule.ts";
import { createSweeper, type SweepResult } from "./sweeper.ts";

/** What the service tells its metrics. */
export interface ServiceMetrics {
  configure(scope: { gateways: readonly string[]; rules: readonly string[]; dryRun: boolean }): void;
  configLoaded(at: number): void;
  configFailed(): void;
  sweepSkipped(reason: SkipReason): void;
  nextSweepAt(at: number | null): void;
  sweepFinished(report: SweepReport): void;
}

export interface ServiceOptions {
  readonly config: Config;
  /** Flags win over the file, so it is handed in. */
  readonly isDryRun: (config: Config) => boolean;
  readonly load: () => Promise<Loaded<Config>>;
  /** A configuration has come into force. */
  readonly onApplied?: (config: Config) => void;
  readonly sweep: (config: Config) => Promise<SweepReport>;
  /** 0: on time. */
  readonly jitterSeconds: number;
  readonly metrics: ServiceMetrics;
  readonly log: Logger;
  readonly now: () => number;
}

/** What people and monitoring may see of the service. */
export interface ServiceState {
  readonly config: Config;
  readonly dryRun: boolean;
  readonly lastReport: SweepReport | null;
  readonly nextSweepAt: number | null;
  /** The latest first. */
  readonly recentDeletions: readonly DeletedGroup[];
  /** Why the file on disk is not in force; null: it is. */
  readonly configProblem: string | null;
}

/** The service without its edge: schedule, sweeps and reloads. Nothing happens before `start`. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #reload: () => Promise<ReloadResult>;
  #sweeper: ReturnType<typeof createSweeper>;
  #config: Config;
  #schedule: Schedule | null = null;
  #stopped = false;
  #lastReport: SweepReport | null = null;
  #recentDeletions: readonly DeletedGroup[] = [];
  #configProblem: string | null = null;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#config = options.config;
    const { metrics } = options;
    this.#sweeper = createSweeper(
      () => this.#sweep(),
      (reason) => this.#skipped(reason),
    );
    this.#reload = createReloader<Config>({
      load: options.load,
      apply: (config) => this.#apply(config),
      onFailure: (message) => {
        this.#configProblem = message;
        metrics.configFailed();
        options.log.error("Reload failed, the configuration before stays in force", { err: message });
      },
    });
  }

  start(): Promise<void> {
    return this.#apply(this.#config);
  }

  /** No new sweep; resolves when the one in flight is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#schedule?.stop();
    await this.#sweeper.stop();
  }

  async reload(why: string): Promise<ReloadResult> {
    this.#options.log.info("Reloading configuration", { why });
    try {
      return await this.#reload();
    } catch (error) {
      const message = `internal error: ${String(error)}`;
      this.#options.log.error("Reload failed by a bug, please report it", { err: String(error) });
      return { ok: false, message };
    }
  }

  /** As the schedule would. Never rejects: a bug in a sweep is logged, and the next one happens all the same. */
  async sweep(): Promise<SweepResult | { readonly ran: false; readonly reason: "internal" }> {
    try {
      return await this.#sweeper.run();
    } catch (error) {
      const { stack } = error instanceof Error ? error : new Error(String(error));
      this.#options.log.error("Sweep failed by a bug, please report it", { err: stack });
      return { ran: false, reason: "internal" };
    }
  }

  state(): ServiceState {
    return {
      config: this.#config,
      dryRun: this.#options.isDryRun(this.#config),
      lastReport: this.#lastReport,
      nextSweepAt: this.#schedule?.nextAt() ?? null,
      recentDeletions: this.#recentDeletions,
      configProblem: this.#configProblem,
    };
  }

  configText(): string {
    return renderConfig(this.#config);
  }

  /** The rules that are in force when a sweep begins stay with it to its end. */
  async #sweep(): Promise<SweepReport> {
    const { sweep, metrics, log } = this.#options;
    const report = await sweep(this.#config);
    this.#lastReport = report;
    this.#recentDeletions = rememberDeletions(report, this.#recentDeletions);
    metrics.sweepFinished(report);
    logReport(report, log);
    return report;
  }

  async #apply(config: Config): Promise<void> {
    const { metrics, isDryRun, now, log } = this.#options;
    const before = this.#config;
    this.#config = config;
    this.#configProblem = null;
    metrics.configure({
      gateways: config.pushgateways.map(({ name }) => name),
      rules: config.rules.map(({ name }) => name),
      dryRun: isDryRun(config),
    });
    metrics.configLoaded(now());
    this.#options.onApplied?.(config);
    log.info("Configuration loaded", {
      gateways: config.pushgateways.length,
      rules: config.rules.length,
      dry_run: isDryRun(config),
    });
    // One that stays as it is goes on: begun anew again and again, it would lose what is due now or waits for its jitter.
    const same = before.schedule === config.schedule && before.timezone === config.timezone;
    if (this.#schedule === null || !same) await this.#replaceSchedule(config);
    this.#tellNextSweep();
  }

  async #replaceSchedule({ schedule: expression, timezone }: Config): Promise<void> {
    const { jitterSeconds, log } = this.#options;
    await this.#schedule?.stop();
    // A reload may end after the service has.
    if (this.#stopped) return;
    this.#schedule = createSchedule({
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
    this.#schedule.start();
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
