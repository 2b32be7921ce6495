import type { MetricRegistry } from "./registry.ts";

/** Not known yet, or not any more. An alert on `== 0` stays silent about it. */
const unknown = Number.NaN;

/** A DELETE only queues: milliseconds, up to the 10 s after which it is given up. */
const deleteBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From an idle gateway to 100,000 groups deleted beside checked pushes. */
const sweepBuckets = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** All metrics of the janitor, by their labels. Times are Unix seconds, 0 is never. */
export function createFamilies(registry: Pick<MetricRegistry, "counter" | "gauge" | "histogram">) {
  const gateway = ["gateway"] as const;
  const rule = ["gateway", "rule"] as const;
  const reason = ["gateway", "reason"] as const;
  return {
    build: registry.gauge("build_info", "Version of the janitor and of Node, always 1.", [
      "version",
      "revision",
      "nodeversion",
    ]),
    dryRun: registry.gauge("dry_run", "1 if sweeps delete nothing.", []),
    configSuccessful: registry.gauge(
      "config_last_reload_successful",
      "Whether the last attempt to load the configuration succeeded.",
      [],
    ),
    configSuccessAt: registry.gauge(
      "config_last_reload_success_timestamp_seconds",
      "When the configuration in force was loaded.",
      [],
    ),
    nextSweepAt: registry.gauge(
      "next_sweep_timestamp_seconds",
      "When the next sweep is due, 0 if none is.",
      [],
    ),
    sweepInterval: registry.gauge(
      "sweep_interval_seconds",
      "How often `once` is meant to be run, as --metrics.interval says.",
      [],
    ),
    shards: registry.gauge("shards", "Number of shards that the gateways are divided into.", []),
    shard: registry.gauge(
      "shard_info",
      "The share of the gateways that this janitor sweeps, always 1; shard 0 of 1 is all of them.",
      ["shard", "shards"],
    ),
    discovered: registry.gauge(
      "discovered_gateways",
      "Gateways named by the last good answers, of all shards; NaN before the first.",
      ["mechanism"],
      unknown,
    ),
    discoverySuccessful: registry.gauge(
      "discovery_last_refresh_successful",
      "Whether all discoveries of the mechanism answered when they were last asked, NaN before that.",
      ["mechanism"],
      unknown,
    ),
    discoveryFailures: registry.counter(
      "discovery_failures_total",
      "Times that a discovery was asked and did not answer, or named targets that cannot be swept.",
      ["mechanism"],
    ),
    skipped: registry.counter(
      "sweeps_skipped_total",
      "Sweeps that were due or asked for and did not happen.",
      ["reason"],
    ),

    byGateway: {
      up: registry.gauge(
        "gateway_up",
        "Whether the gateway could be read at the last try, NaN if not known.",
        gateway,
        unknown,
      ),
      consistent: registry.gauge(
        "gateway_consistent",
        "0 while the gateway refuses every push because of a group that it holds, NaN if not known.",
        gateway,
        unknown,
      ),
      clockSkewSeconds: registry.gauge(
        "clock_skew_seconds",
        "Local minus gateway time; beyond 60, ages count by the earlier clock. NaN: not known, nothing expires.",
        gateway,
        unknown,
      ),
      scrapeSeconds: registry.gauge(
        "scrape_duration_seconds",
        "How long the last successful read of all groups took.",
        gateway,
        unknown,
      ),
      scrapeBytes: registry.gauge(
        "scrape_response_size_bytes",
        "Size of the answer to the last successful read, uncompressed.",
        gateway,
        unknown,
      ),
      lastReadAt: registry.gauge(
        "last_read_timestamp_seconds",
        "When all groups were last read, which is the age of all numbers of groups.",
        gateway,
      ),
      lastSweepAt: registry.gauge("last_sweep_timestamp_seconds", "When the last sweep ended.", gateway),
      lastSuccessful: registry.gauge(
        "last_sweep_successful",
        "Whether the last sweep did all of its work, NaN before the first.",
        gateway,
        unknown,
      ),
      lastSuccessAt: registry.gauge(
        "last_success_timestamp_seconds",
        "When a sweep last ended that did all of its work.",
        gateway,
      ),
      lastSweepSeconds: registry.gauge(
        "last_sweep_duration_seconds",
        "How long the last sweep took, NaN before the first.",
        gateway,
        unknown,
      ),
      sweeps: registry.counter("sweeps_total", "Sweeps, whatever their outcome.", gateway),
      sweepSeconds: registry.histogram(
        "sweep_duration_seconds",
        "How long sweeps took.",
        gateway,
        sweepBuckets,
      ),
    },
    /** Only with a rule that deletes. */
    deletions: {
      deleteSeconds: registry.histogram(
        "delete_duration_seconds",
        "How long the gateway took to answer a DELETE, failures included.",
        gateway,
        deleteBuckets,
      ),
      goneAlready: registry.counter(
        "groups_gone_already_total",
        "Expired groups that disappeared before their DELETE was sent: something else deletes there.",
        gateway,
      ),
    },
    /** Only with an archive. */
    archive: {
      archived: registry.counter("archived_groups_total", "Groups written to the archive.", gateway),
      size: registry.gauge(
        "archive_size_bytes",
        "Size of all files of the archive after the last sweep, NaN if not known.",
        [],
        unknown,
      ),
      oldestAt: registry.gauge(
        "archive_oldest_timestamp_seconds",
        "When the oldest file of the archive was begun, 0 if there is none, NaN if not known.",
        [],
        unknown,
      ),
    },
    /** Only with notifications. */
    notificationSuccessful: registry.gauge(
      "notification_last_delivery_successful",
      "Whether the last message was delivered, NaN before the first.",
      ["notification"],
      unknown,
    ),
    notificationFailures: registry.counter(
      "notification_failures_total",
      "Messages that could not be delivered, after a second attempt where that makes sense.",
      ["notification"],
    ),
    groups: registry.gauge(
      "groups",
      "Groups by verdict at the last successful read, NaN before the first.",
      ["gateway", "verdict"],
      unknown,
    ),
    kept: registry.gauge(
      "keep_groups",
      "Groups that are kept, by reason, at the last successful read, NaN before the first.",
      reason,
      unknown,
    ),
    withheldNow: registry.gauge(
      "withhold_groups",
      "Groups that are withheld, by reason, at the last successful read, NaN before the first.",
      reason,
      unknown,
    ),
    ruleGroups: registry.gauge(
      "rule_groups",
      "Groups that the rule decides about, at the last successful read.",
      rule,
      unknown,
    ),
    ruleTtl: registry.gauge("rule_ttl_seconds", "The TTL of the rule, where groups do not set their own.", [
      "rule",
    ]),
    /** Of rules with a TTL. */
    byTtlRule: {
      expired: registry.gauge(
        "rule_expired_groups",
        "Groups of the rule older than their TTL, deleted or not, at the last successful read.",
        rule,
        unknown,
      ),
      nextExpiryAt: registry.gauge(
        "rule_next_expiry_timestamp_seconds",
        "When the next group of the rule expires, 0 if none does.",
        rule,
        unknown,
      ),
    },
    /** Of rules with a TTL that delete. */
    byDeletingRule: {
      deletes: registry.counter(
        "deletes_total",
        "Groups gone after their DELETE, or pushed again since. None in a dry run.",
        rule,
      ),
      deletedSeries: registry.counter("deleted_series_total", "Series of the deleted groups.", rule),
      lastDeleted: registry.gauge(
        "last_sweep_deleted_groups",
        "Groups that the last sweep deleted, NaN before the first.",
        rule,
        unknown,
      ),
    },
    /** Known only with an archive. */
    byArchivedRule: {
      reappeared: registry.counter(
        "groups_reappeared_total",
        "Deleted groups that came back by a push: the TTL is shorter than the push interval.",
        rule,
      ),
      lastReappeared: registry.gauge(
        "last_sweep_reappeared_groups",
        "Deleted groups that the last sweep found again, NaN before the first.",
        rule,
        unknown,
      ),
    },
    querySuccessful: registry.gauge(
      "vanished_last_query_successful",
      "Whether the last query of `vanished` succeeded; if not, all hosts count as alive. NaN before the first.",
      rule,
      unknown,
    ),
    queryFailures: registry.counter(
      "vanished_query_failures_total",
      "Sweeps in which the query of `vanished` failed, so that all hosts of the rule counted as alive.",
      rule,
    ),
    /** The only series that come and go with sweeps: one of a gateway at most. */
    lastFailure: registry.gauge(
      "last_sweep_failure_info",
      "Why the last sweep did not do all of its work, always 1; no series if it did.",
      reason,
    ),
    failures: registry.counter("sweep_failures_total", "Sweeps that did not do all of their work.", reason),
    deleteFailures: registry.counter(
      "delete_failures_total",
      "Deletions that failed (refused, or not verified) or had no effect (still_there).",
      reason,
    ),
    withheld: registry.counter(
      "groups_withheld_total",
      "Groups expired and not deleted, counted again by every sweep.",
      reason,
    ),
  };
}
