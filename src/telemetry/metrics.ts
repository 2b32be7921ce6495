import {
  findFailureReason,
  type GatewayReport,
  type SnapshotFacts,
  type SweepReport,
} from "../core/report.ts";
import type { Limits } from "../core/limits.ts";
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
  type SweepFailureReason,
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
  readonly limits: Pick<Limits, "maxDeleteRatio">;
  readonly notifications: readonly { readonly name: string }[];
  /** Of the discoveries there are. */
  readonly mechanisms: readonly Mechanism[];
  readonly shard: Shard;
}

/** The janitor's own metrics. Nothing here throws, and no gateway's answer adds a series. */
export type JanitorMetrics = ReturnType<typeof createMetrics>;

/** The outcomes of deletions that failed. */
const deleteFailureReasons = ["failed", "still_there"] as const satisfies readonly Outcome[];

/** A sweep that nothing follows, whose process nobody can scrape. */
export interface SingleSweep {
  /** How often there is one; undefined: nobody says. */
  readonly intervalSeconds: number | undefined;
}

/** Of a process that keeps running. */
const ofServiceOnly = [
  "config_last_reload_successful",
  "config_last_reload_success_timestamp_seconds",
  "next_sweep_timestamp_seconds",
  "shards",
];

/**
 * @param single of a single sweep there are only gauges: `increase` makes nonsense of counters that begin at 0 in every process
 */
export function createMetrics(
  { version, revision, nodeVersion }: BuildInfo,
  single: SingleSweep | null = null,
) {
  const registry = createRegistry("pushgateway_janitor_");
  const families = createFamilies(registry);
  if (single?.intervalSeconds === undefined) registry.removeFamilies(["sweep_interval_seconds"]);
  else families.sweepInterval.set({}, single.intervalSeconds);
  if (single !== null) {
    registry.removeAllButGauges();
    registry.removeFamilies(ofServiceOnly);
  }
  const build = { version, revision, nodeversion: nodeVersion };
  let gatewayNames: readonly string[] = [];
  let ruleNames: readonly string[] = [];
  const failureOf = new Map<string, SweepFailureReason>();

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
    { name: gateway, entries, failedQueries }: GatewayReport,
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
    for (const reason of withholdReasons)
      families.withheldNow.set({ gateway, reason }, totals.reasons[reason]);
    for (const rule of ruleNames) {
      const failed = failedQueries.some((query) => query.rule === rule);
      families.querySuccessful.set({ gateway, rule }, Number(!failed));
    }
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
    byGateway.lastSweepSeconds.set({ gateway }, report.durationSeconds);
    byGateway.sweeps.add({ gateway }, 1);
    byGateway.sweepSeconds.observe({ gateway }, report.durationSeconds);
    const failure = findFailureReason(report);
    byGateway.lastSuccessful.set({ gateway }, Number(failure === null));
    if (failure === null) {
      byGateway.lastSuccessAt.set({ gateway }, finishedAt);
      failureOf.delete(gateway);
    } else {
      families.failures.add({ gateway, reason: failure }, 1);
      failureOf.set(gateway, failure);
    }

    const { outcomes, reasons } = countGroups(report.entries);
    families.deletions.goneAlready.add({ gateway }, outcomes.gone_already);
    for (const { rule, deleted, deletedSeries } of countByRule(report.entries, ruleNames)) {
      if (rule === null) continue;
      byDeletingRule.deletes.add({ gateway, rule }, deleted);
      byDeletingRule.deletedSeries.add({ gateway, rule }, deletedSeries);
      byDeletingRule.lastDeleted.set({ gateway, rule }, deleted);
    }
    for (const reason of withholdReasons) families.withheld.add({ gateway, reason }, reasons[reason]);
    for (const reason of deleteFailureReasons)
      families.deleteFailures.add({ gateway, reason }, outcomes[reason]);
    for (const rule of ruleNames) families.byArchivedRule.lastReappeared.set({ gateway, rule }, 0);
    for (const { rule, groups } of report.reappeared) {
      families.byArchivedRule.reappeared.add({ gateway, rule }, groups.length);
      families.byArchivedRule.lastReappeared.set({ gateway, rule }, groups.length);
    }
    for (const { rule } of report.failedQueries) families.queryFailures.add({ gateway, rule }, 1);
  }

  function showFailures(): void {
    const last = gatewayNames.flatMap((gateway) => {
      const reason = failureOf.get(gateway);
      return reason === undefined ? [] : [{ gateway, reason }];
    });
    families.lastFailure.declare(last);
    for (const labels of last) families.lastFailure.set(labels, 1);
  }

  return {
    /**
     * Makes every series of this scope exist. All others end; counters of those that stay continue. Later reports about other
     * gateways and rules (a sweep may outlast a reload) are not counted.
     */
    configure(scope: MetricScope): void {
      const { gateways, rules, dryRun, archive, notifications, mechanisms, shard } = scope;
      ruleNames = namesOf(rules);
      gatewayNames = gateways;
      const known = new Set(gateways);
      for (const gateway of failureOf.keys()) if (!known.has(gateway)) failureOf.delete(gateway);
      showFailures();
      families.dryRun.set({}, Number(dryRun));
      const ownShard = { shard: String(shard.index), shards: String(shard.count) };
      families.shard.declare([ownShard]);
      families.shard.set(ownShard, 1);
      families.shards.set({}, shard.count);
      const byMechanism = mechanisms.map((mechanism) => ({ mechanism }));
      families.discovered.declare(byMechanism);
      families.discoverySuccessful.declare(byMechanism);
      families.discoveryFailures.declare(byMechanism);
      const byNotification = notifications.map(({ name }) => ({ notification: name }));
      families.notificationSuccessful.declare(byNotification);
      families.notificationFailures.declare(byNotification);

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
      const ttlRules = rules.filter((rule) => rule.action !== "keep");
      const deleting = namesOf(ttlRules.filter(({ action }) => action === "delete"));
      const canWithhold = (reason: string): boolean => !cannotWithhold(reason, scope);
      const ifDeletes = <T>(series: readonly T[]): readonly T[] => (deleting.length === 0 ? [] : series);
      families.failures.declare(byReason(sweepFailureReasons.filter(canWithhold)));
      const withholding = byReason(ifDeletes(withholdReasons.filter(canWithhold)));
      families.withheld.declare(withholding);
      families.withheldNow.declare(withholding);
      families.deleteFailures.declare(byReason(ifDeletes(deleteFailureReasons)));
      for (const family of Object.values(families.deletions)) family.declare(ifDeletes(byGateway));

      families.ruleGroups.declare(byRule(ruleNames));
      families.ruleTtl.declare(ttlRules.map(({ name }) => ({ rule: name })));
      for (const { name, ttlSeconds } of ttlRules) families.ruleTtl.set({ rule: name }, ttlSeconds);
      for (const family of Object.values(families.byTtlRule)) family.declare(byRule(namesOf(ttlRules)));
      for (const family of Object.values(families.byDeletingRule)) family.declare(byRule(deleting));
      const asking = byRule(namesOf(ttlRules.filter(asksForHosts)));
      families.queryFailures.declare(asking);
      families.querySuccessful.declare(asking);

      const hasArchive = archive !== null;
      for (const family of Object.values(families.byArchivedRule))
        family.declare(hasArchive ? byRule(deleting) : []);
      families.archive.archived.declare(hasArchive ? byGateway : []);
      families.archive.size.declare(hasArchive ? [{}] : []);
      families.archive.oldestAt.declare(hasArchive ? [{}] : []);
    },
    /** From now on also about the process that this is. */
    collectProcess: (): void => registry.collectProcess(),
    /**
     * A discovery has been asked.
     * @param found what all of this mechanism know now, and whether all of them succeeded
     * @param succeeded whether this one answered, and everything it named can be swept
     */
    discovered(
      mechanism: Mechanism,
      found: { readonly gateways: number; readonly succeeded: boolean },
      succeeded: boolean,
    ): void {
      if (found.succeeded || found.gateways > 0) families.discovered.set({ mechanism }, found.gateways);
      families.discoverySuccessful.set({ mechanism }, Number(found.succeeded));
      if (!succeeded) families.discoveryFailures.add({ mechanism }, 1);
    },
    /** @param at Unix seconds */
    configLoaded(at: number): void {
      families.configSuccessful.set({}, 1);
      families.configSuccessAt.set({}, at);
    },
    /** The configuration before it stays in force. */
    configFailed: (): void => families.configSuccessful.set({}, 0),
    /** @param at Unix seconds; null: there will be none */
    nextSweepAt: (at: number | null): void => families.nextSweepAt.set({}, at ?? 0),
    sweepSkipped: (reason: SkipReason): void => families.skipped.add({ reason }, 1),
    observeDelete: (gateway: string, seconds: number): void =>
      families.deletions.deleteSeconds.observe({ gateway }, seconds),
    groupsArchived: (gateway: string, count: number): void =>
      families.archive.archived.add({ gateway }, count),
    /** @param size null: it could not be measured */
    archiveMeasured(size: { readonly sizeBytes: number; readonly oldestAt: number | null } | null): void {
      families.archive.size.set({}, size?.sizeBytes ?? Number.NaN);
      families.archive.oldestAt.set({}, size === null ? Number.NaN : (size.oldestAt ?? 0));
    },
    notificationSent(notification: string, succeeded: boolean): void {
      families.notificationSuccessful.set({ notification }, Number(succeeded));
      if (!succeeded) families.notificationFailures.add({ notification }, 1);
    },
    /** Everything else comes from the report. */
    sweepFinished({ gateways, finishedAt }: SweepReport): void {
      for (const report of gateways) {
        showGateway(report, finishedAt);
        countSweep(report, finishedAt);
      }
      showFailures();
    },
    /** Gateways were read, and not swept: says what they hold, and counts nothing. */
    readFinished({ gateways, finishedAt }: SweepReport): void {
      for (const report of gateways) showGateway(report, finishedAt);
    },
    /** In the text format of Prometheus. */
    render: (): Promise<string> => registry.render(),
    contentType: registry.contentType,
  };
}

/** Whether groups can be kept for this reason under these rules. */
function canKeep(reason: KeepReason, rules: readonly Rule[]): boolean {
  switch (reason) {
    case "not_selected":
      return false;
    case "no_rule":
      return rules.every(({ matchers }) => matchers.length > 0);
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

/** Whether this configuration never withholds anything for this reason. */
function cannotWithhold(reason: string, { rules, archive, limits }: MetricScope): boolean {
  switch (reason) {
    case "archive_failed":
      return archive === null;
    case "host_may_exist":
      return !rules.some((rule) => rule.action !== "keep" && asksForHosts(rule));
    case "max_delete_ratio":
      return limits.maxDeleteRatio === 1;
    default:
      return false;
  }
}

function namesOf(rules: readonly Rule[]): readonly string[] {
  return rules.map(({ name }) => name);
}

/** A sweep that was interrupted, or failed by the janitor's own mistake, says nothing about the gateway. */
function isGatewaysFault(failure: string | null): boolean {
  return failure !== "aborted" && gatewayErrorCodes.some((code) => code === failure);
}
