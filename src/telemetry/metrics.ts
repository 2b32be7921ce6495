import {
  findFailureReason,
  type GatewayReport,
  type SnapshotFacts,
  type SweepReport,
} from "../core/report.ts";
import { asksForHosts } from "../core/liveness.ts";
import type { Rule } from "../core/rule.ts";
import type { Shard } from "../core/shard.ts";
import { countByRule, countGroups } from "../core/totals.ts";
import {
  gatewayErrorCodes,
  keepReasons,
  skipReasons,
  sweepFailureReasons,
  verdictNames,
  withholdReasons,
  type KeepReason,
  type Mechanism,
  type Outcome,
  type SkipReason,
} from "../core/verdict.ts";
import { createFamilies } from "./families.ts";
import { createRegistry } from "./registry.ts";

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
}

/** The scope of the metrics: no other series exist. */
export interface MetricScope {
  /** Names. */
  readonly gateways: readonly string[];
  readonly rules: readonly Rule[];
  readonly dryRun: boolean;
  readonly archive: object | null;
  readonly notifications: readonly { readonly name: string }[];
  /** Of the discoveries there are. */
  readonly mechanisms: readonly Mechanism[];
  readonly shard: Shard;
}

/** The janitor's own metrics. Nothing here throws, and no gateway's answer adds a series. */
export interface JanitorMetrics {
  /**
   * Makes every series of this scope exist. All others end; counters of those that stay continue. Later reports about other
   * gateways and rules (a sweep may outlast a reload) are not counted.
   */
  configure(scope: MetricScope): void;
  /**
   * A discovery has been asked.
   * @param gateways as many as all of this mechanism know of now
   * @param succeeded whether this one answered, and everything it named can be swept
   */
  discovered(mechanism: Mechanism, gateways: number, succeeded: boolean): void;
  /** @param at Unix seconds */
  configLoaded(at: number): void;
  /** The configuration before it stays in force. */
  configFailed(): void;
  /** @param at Unix seconds; null: there will be none */
  nextSweepAt(at: number | null): void;
  sweepSkipped(reason: SkipReason): void;
  observeDelete(gateway: string, durationSeconds: number): void;
  groupsArchived(gateway: string, count: number): void;
  /** @param size null: it could not be measured */
  archiveMeasured(size: { readonly sizeBytes: number; readonly oldestAt: number | null } | null): void;
  notificationFailed(notification: string): void;
  /** Everything else comes from the report. */
  sweepFinished(report: SweepReport): void;
  /** Gateways were read, and not swept: says what they hold, and counts nothing. */
  readFinished(report: SweepReport): void;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** The outcomes of deletions that failed. */
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
    const { byGateway, byTtlRule } = families;
    byGateway.up.set({ gateway }, 1);
    byGateway.lastReadAt.set({ gateway }, finishedAt);
    byGateway.scrapeSeconds.set({ gateway }, snapshot.durationSeconds);
    byGateway.scrapeBytes.set({ gateway }, snapshot.sizeBytes);
    const totals = countGroups(entries);
    for (const verdict of verdictNames) families.groups.set({ gateway, verdict }, totals.verdicts[verdict]);
    for (const reason of keepReasons) families.kept.set({ gateway, reason }, totals.reasons[reason]);
    for (const { rule, groups, expired, nextExpiryAt } of countByRule(entries, ruleNames)) {
      if (rule === null) continue;
      families.ruleGroups.set({ gateway, rule }, groups);
      byTtlRule.expired.set({ gateway, rule }, expired);
      byTtlRule.nextExpiryAt.set({ gateway, rule }, nextExpiryAt ?? 0);
    }
  }

  function countSweep(report: GatewayReport, finishedAt: number): void {
    const gateway = report.name;
    const { byGateway, byDeletingRule } = families;
    byGateway.lastSweepAt.set({ gateway }, finishedAt);
    byGateway.sweepSeconds.observe({ gateway }, report.durationSeconds);
    const failure = findFailureReason(report);
    if (failure === null) byGateway.lastSuccessAt.set({ gateway }, finishedAt);
    else families.failures.add({ gateway, reason: failure }, 1);

    const { outcomes, reasons } = countGroups(report.entries);
    byGateway.goneAlready.add({ gateway }, outcomes.gone_already);
    for (const { rule, deleted, deletedSeries } of countByRule(report.entries, ruleNames)) {
      if (rule === null) continue;
      byDeletingRule.deletes.add({ gateway, rule }, deleted);
      byDeletingRule.deletedSeries.add({ gateway, rule }, deletedSeries);
      byDeletingRule.lastDeleted.set({ gateway, rule }, deleted);
    }
    for (const reason of withholdReasons) families.withheld.add({ gateway, reason }, reasons[reason]);
    for (const reason of deleteFailureReasons)
      families.deleteFailures.add({ gateway, reason }, outcomes[reason]);
    for (const { rule, groups } of report.reappeared)
      families.reappeared.add({ gateway, rule }, groups.length);
    for (const { rule } of report.failedQueries) families.queryFailures.add({ gateway, rule }, 1);
  }

  return {
    configure({ gateways, rules, dryRun, archive, notifications, mechanisms, shard }) {
      ruleNames = namesOf(rules);
      families.dryRun.set({}, Number(dryRun));
      const ownShard = { shard: String(shard.index), shards: String(shard.count) };
      families.shard.declare([ownShard]);
      families.shard.set(ownShard, 1);
      const byMechanism = mechanisms.map((mechanism) => ({ mechanism }));
      families.discovered.declare(byMechanism);
      families.discoveryFailures.declare(byMechanism);
      families.notificationFailures.declare(notifications.map(({ name }) => ({ notification: name })));

      const byGateway = gateways.map((gateway) => ({ gateway }));
      const byReason = (reasons: readonly string[]) =>
        gateways.flatMap((gateway) => reasons.map((reason) => ({ gateway, reason })));
      const byRule = (names: readonly string[]) =>
        gateways.flatMap((gateway) => names.map((rule) => ({ gateway, rule })));
      for (const family of Object.values(families.byGateway)) family.declare(byGateway);
      families.groups.declare(
        gateways.flatMap((gateway) => verdictNames.map((verdict) => ({ gateway, verdict }))),
      );
      families.kept.declare(byReason(keepReasons.filter((reason) => canKeep(reason, rules))));
      families.failures.declare(byReason(sweepFailureReasons));
      families.deleteFailures.declare(byReason(deleteFailureReasons));
      families.withheld.declare(byReason(withholdReasons));

      const ttlRules = rules.filter((rule) => rule.action !== "keep");
      const deleting = namesOf(ttlRules.filter(({ action }) => action === "delete"));
      families.ruleGroups.declare(byRule(ruleNames));
      families.ruleTtl.declare(ttlRules.map(({ name }) => ({ rule: name })));
      for (const { name, ttlSeconds } of ttlRules) families.ruleTtl.set({ rule: name }, ttlSeconds);
      for (const family of Object.values(families.byTtlRule)) family.declare(byRule(namesOf(ttlRules)));
      for (const family of Object.values(families.byDeletingRule)) family.declare(byRule(deleting));
      families.queryFailures.declare(byRule(namesOf(ttlRules.filter(asksForHosts))));

      const hasArchive = archive !== null;
      families.reappeared.declare(hasArchive ? byRule(deleting) : []);
      families.archive.archived.declare(hasArchive ? byGateway : []);
      families.archive.size.declare(hasArchive ? [{}] : []);
      families.archive.oldestAt.declare(hasArchive ? [{}] : []);
    },
    discovered(mechanism, gateways, succeeded) {
      families.discovered.set({ mechanism }, gateways);
      if (!succeeded) families.discoveryFailures.add({ mechanism }, 1);
    },
    configLoaded(at) {
      families.configSuccessful.set({}, 1);
      families.configSuccessAt.set({}, at);
    },
    configFailed: () => families.configSuccessful.set({}, 0),
    nextSweepAt: (at) => families.nextSweepAt.set({}, at ?? 0),
    sweepSkipped: (reason) => families.skipped.add({ reason }, 1),
    observeDelete: (gateway, seconds) => families.byGateway.deleteSeconds.observe({ gateway }, seconds),
    groupsArchived: (gateway, count) => families.archive.archived.add({ gateway }, count),
    archiveMeasured(size) {
      families.archive.size.set({}, size?.sizeBytes ?? Number.NaN);
      families.archive.oldestAt.set({}, size === null ? Number.NaN : (size.oldestAt ?? 0));
    },
    notificationFailed: (notification) => families.notificationFailures.add({ notification }, 1),
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

/** Whether groups can be kept for this reason under these rules. */
function canKeep(reason: KeepReason, rules: readonly Rule[]): boolean {
  switch (reason) {
    case "not_selected":
      return false;
    case "rule_keeps":
      return rules.some(({ action }) => action === "keep");
    case "rule_reports":
      return rules.some(({ action }) => action === "report");
    case "kept_latest":
      return rules.some((rule) => rule.action !== "keep" && rule.keepLatest !== null);
    default:
      return true;
  }
}

function namesOf(rules: readonly Rule[]): readonly string[] {
  return rules.map(({ name }) => name);
}

/** A sweep that was interrupted, or failed by the janitor's own mistake, says nothing about the gateway. */
function isGatewaysFault(failure: string | null): boolean {
  return failure !== "aborted" && gatewayErrorCodes.some((code) => code === failure);
}
