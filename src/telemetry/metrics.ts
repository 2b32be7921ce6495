import {
  type GatewayReport,
  type SnapshotFacts,
  type SweepReport,
  findFailureReason,
} from "../core/report.ts";
import { countByRule, countGroups } from "../core/totals.ts";
import {
  type Mechanism,
  gatewayErrorCodes,
  skipReasons,
  sweepFailureReasons,
  type SkipReason,
  verdictNames,
  withholdReasons,
  type Outcome,
} from "../core/verdict.ts";
import type { Shard } from "../core/shard.ts";
import { createFamilies } from "./families.ts";
import { createRegistry } from "./registry.ts";

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
}

/** The janitor's own metrics. Nothing here throws, and no gateway's answer adds a series. */
export interface JanitorMetrics {
  /**
   * Makes every series exist for these gateways and rules. Those of others end; counters of those that stay continue. What is reported
   * later about gateways and rules that are not among them (a sweep may outlast a reload) is not counted.
   */
  configure(what: {
    readonly gateways: readonly string[];
    readonly rules: readonly string[];
    readonly dryRun: boolean;
    /** Of the discoveries there are; none by default. */
    readonly mechanisms?: readonly Mechanism[];
    /** All there is, by default. */
    readonly shard?: Shard;
  }): void;
  /**
   * A discovery has been asked.
   * @param gateways as many as all of this mechanism know of now
   * @param wellDone whether this one answered, and everything it named can be swept
   */
  discovered(mechanism: Mechanism, gateways: number, wellDone: boolean): void;
  /** @param at Unix seconds */
  configLoaded(at: number): void;
  /** The configuration before it stays in force. */
  configFailed(): void;
  /** @param at Unix seconds; null: there will be none */
  nextSweepAt(at: number | null): void;
  sweepSkipped(reason: SkipReason): void;
  observeDelete(gateway: string, durationSeconds: number): void;
  groupsArchived(gateway: string, count: number): void;
  /** Everything else comes from the report. */
  sweepFinished(report: SweepReport): void;
  /** Gateways were read, and not swept: says what they hold, and counts nothing. */
  readFinished(report: SweepReport): void;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** What can become of a deletion that did not work. */
const deleteFailureReasons = ["failed", "still_there"] as const satisfies readonly Outcome[];

export function createMetrics({ version, revision, nodeVersion }: BuildInfo): JanitorMetrics {
  const registry = createRegistry("pushgateway_janitor_");
  const families = createFamilies(registry);
  const build = { version, revision, nodeversion: nodeVersion };
  let ruleNames: readonly string[] = [];

  families.build.declare([build]);
  families.build.set(build, 1);
  families.skipped.declare(skipReasons.map((reason) => ({ reason })));

  function showGateway(report: GatewayReport, finishedAt: number): void {
    const gateway = report.name;
    const { byGateway } = families;
    byGateway.consistent.set(
      { gateway },
      report.consistent === null ? Number.NaN : Number(report.consistent),
    );
    byGateway.clockSkewSeconds.set({ gateway }, report.snapshot?.clockSkewSeconds ?? Number.NaN);
    if (report.snapshot !== null) showGroups(report, report.snapshot, finishedAt);
    else if (isGatewaysFault(findFailureReason(report))) byGateway.up.set({ gateway }, 0);
  }

  /** Only of a gateway that could be read: of another one the last that is known stays. */
  function showGroups(
    { name: gateway, entries }: GatewayReport,
    snapshot: SnapshotFacts,
    finishedAt: number,
  ): void {
    const { byGateway, byRule } = families;
    byGateway.up.set({ gateway }, 1);
    byGateway.lastReadAt.set({ gateway }, finishedAt);
    byGateway.scrapeSeconds.set({ gateway }, snapshot.durationSeconds);
    byGateway.scrapeBytes.set({ gateway }, snapshot.sizeBytes);
    const totals = countGroups(entries);
    for (const verdict of verdictNames) families.groups.set({ gateway, verdict }, totals.verdicts[verdict]);
    for (const { rule, groups, expired, nextExpiryAt } of countByRule(entries, ruleNames)) {
      if (rule === null) continue;
      byRule.groups.set({ gateway, rule }, groups);
      byRule.expired.set({ gateway, rule }, expired);
      byRule.nextExpiryAt.set({ gateway, rule }, nextExpiryAt ?? 0);
    }
  }

  function countSweep(report: GatewayReport, finishedAt: number): void {
    const gateway = report.name;
    const { byGateway, byRule } = families;
    byGateway.lastSweepAt.set({ gateway }, finishedAt);
    byGateway.sweepSeconds.observe({ gateway }, report.durationSeconds);
    const failure = findFailureReason(report);
    if (failure === null) byGateway.lastSuccessAt.set({ gateway }, finishedAt);
    else families.failures.add({ gateway, reason: failure }, 1);

    const { outcomes, reasons } = countGroups(report.entries);
    byGateway.goneAlready.add({ gateway }, outcomes.gone_already);
    for (const { rule, deleted, deletedSeries } of countByRule(report.entries, ruleNames)) {
      if (rule === null) continue;
      byRule.deletes.add({ gateway, rule }, deleted);
      byRule.deletedSeries.add({ gateway, rule }, deletedSeries);
    }
    for (const reason of withholdReasons) families.withheld.add({ gateway, reason }, reasons[reason]);
    for (const reason of deleteFailureReasons)
      families.deleteFailures.add({ gateway, reason }, outcomes[reason]);
    for (const { rule, groups } of report.reappeared) byRule.reappeared.add({ gateway, rule }, groups.length);
  }

  return {
    configure({ gateways, rules, dryRun, mechanisms = [], shard = { index: 0, count: 1 } }) {
      ruleNames = rules;
      families.dryRun.set({}, Number(dryRun));
      const ownShard = { shard: String(shard.index), shards: String(shard.count) };
      families.shard.declare([ownShard]);
      families.shard.set(ownShard, 1);
      const byMechanism = mechanisms.map((mechanism) => ({ mechanism }));
      families.discovered.declare(byMechanism);
      families.discoveryFailures.declare(byMechanism);
      const byGateway = gateways.map((gateway) => ({ gateway }));
      const forEach = <K extends string>(key: K, values: readonly string[]) =>
        byGateway.flatMap((labels) => values.map((value) => ({ ...labels, [key]: value }) as Labelled<K>));
      for (const family of Object.values(families.byGateway)) family.declare(byGateway);
      for (const family of Object.values(families.byRule)) family.declare(forEach("rule", rules));
      families.groups.declare(forEach("verdict", verdictNames));
      families.failures.declare(forEach("reason", sweepFailureReasons));
      families.deleteFailures.declare(forEach("reason", deleteFailureReasons));
      families.withheld.declare(forEach("reason", withholdReasons));
    },
    discovered(mechanism, gateways, wellDone) {
      families.discovered.set({ mechanism }, gateways);
      if (!wellDone) families.discoveryFailures.add({ mechanism }, 1);
    },
    configLoaded(at) {
      families.configSuccessful.set({}, 1);
      families.configSuccessAt.set({}, at);
    },
    configFailed: () => families.configSuccessful.set({}, 0),
    nextSweepAt: (at) => families.nextSweepAt.set({}, at ?? 0),
    sweepSkipped: (reason) => families.skipped.add({ reason }, 1),
    observeDelete: (gateway, seconds) => families.byGateway.deleteSeconds.observe({ gateway }, seconds),
    groupsArchived: (gateway, count) => families.byGateway.archived.add({ gateway }, count),
    sweepFinished({ gateways, finishedAt }) {
      families.sweeps.add({}, 1);
      for (const report of gateways) {
        showGateway(report, finishedAt);
        countSweep(report, finishedAt);
      }
    },
    readFinished({ gateways, finishedAt }) {
      for (const report of gateways) showGateway(report, finishedAt);
    },
    render: () => registry.render(),
    contentType: registry.contentType,
  };
}

type Labelled<K extends string> = Readonly<Record<"gateway" | K, string>>;

/** A sweep that was interrupted, or failed by the janitor's own mistake, says nothing about the gateway. */
function isGatewaysFault(failure: string | null): boolean {
  return failure !== "aborted" && gatewayErrorCodes.some((code) => code === failure);
}
