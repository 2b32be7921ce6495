import { stringify } from "yaml";
import { formatDuration } from "../core/duration.ts";
import { formatMatcher } from "../core/matcher.ts";
import { Columns } from "../core/columns.ts";
import { countOf, toPrintable } from "../core/printable.ts";
import { asksForHosts } from "../core/liveness.ts";
import { type Rule, type TtlRule, formatKeepLatestLabel } from "../core/rule.ts";
import type { Config, DiscoverySettings } from "./config.ts";
import { displayDiscoveryUrl } from "./url.ts";

/** Describes the configuration: a summary line, the gateways and the rules. Plain text without secrets, no newline at the end. */
export function describeConfig(config: Config): string {
  const { path, pushgateways, discoveries, rules, archive, notifications } = config;
  const summary = [
    ...countAny(pushgateways, "gateway"),
    ...countAny(discoveries, "discovery", "discoveries"),
    ...countAny(rules, "rule"),
    archive === null
      ? "no archive: nothing that is deleted can be restored"
      : `archive in ${toPrintable(archive.dir)} for ${formatDuration(archive.retentionSeconds)}`,
    ...countAny(notifications, "notification"),
    ...(config.dryRun ? ["dry run"] : []),
  ];
  return [
    `${path}: ${summary.join(", ")}`,
    "",
    ...renderSection([
      ["GATEWAY", "URL", "SOURCE"],
      ...pushgateways.map(({ name, url, source }) => [name, url, source]),
    ]),
    ...renderSection([
      ["DISCOVERY", "WHERE", "EVERY", "GATEWAYS", "SOURCE"],
      ...discoveries.map((one) => [
        one.mechanism,
        describeSearch(one),
        formatDuration(one.refreshSeconds),
        `${one.gateway.scheme}://…${one.gateway.pathPrefix}`,
        one.gateway.source,
      ]),
    ]),
    ...renderTable([["RULE", "MATCHERS", "ACTION", "TTL"], ...rules.map(describeRule)]),
    ...describeVanished(config),
  ].join("\n");
}

/** The configuration in force, flags included, as a janitor.yml with all defaults filled in; secrets are shown as `<secret>`. */
export function renderConfig({ shown, dryRun, logLevel, limits }: Config): string {
  return stringify({
    ...shown,
    dry_run: dryRun,
    log_level: logLevel,
    limits: {
      max_delete_ratio: limits.maxDeleteRatio,
      ratio_min_groups: limits.ratioMinGroups,
      max_deletes: limits.maxDeletes,
      when_exceeded: limits.whenExceeded,
      deletes_per_second: limits.deletesPerSecond,
      max_outage: formatDuration(limits.maxOutageSeconds),
      max_evidence_age:
        limits.maxEvidenceAgeSeconds === null ? "auto" : formatDuration(limits.maxEvidenceAgeSeconds),
    },
  });
}

function countAny(list: readonly unknown[], noun: string, plural?: string): readonly string[] {
  return list.length === 0 ? [] : [countOf(list.length, noun, plural)];
}

function describeSearch(discovery: DiscoverySettings): string {
  switch (discovery.mechanism) {
    case "file":
      return discovery.files.join(", ");
    case "http":
      return displayDiscoveryUrl(discovery.url);
    case "dns": {
      const { type, port, names } = discovery;
      return `${type} ${names.join(", ")}${port === null ? "" : `, port ${port}`}`;
    }
  }
}

/** A table with an empty line after it; nothing if it has no more than its head. */
function renderSection(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 1 ? [] : [...renderTable(rows), ""];
}

function describeRule(rule: Rule): readonly string[] {
  const matchers = rule.matchers.length === 0 ? "(every group)" : rule.matchers.map(formatMatcher).join(", ");
  return [rule.name, matchers, rule.action, rule.action === "keep" ? "" : describeTtl(rule)];
}

function describeTtl({ ttlSeconds, since, keepLatest, ttlMetric, ttlLabel, vanished }: TtlRule): string {
  const parts = [formatDuration(ttlSeconds)];
  if (since === "last_success") parts.push("since the last success");
  for (const declared of [ttlMetric, ttlLabel]) {
    if (declared === null) continue;
    const { name, minSeconds, maxSeconds } = declared;
    parts.push(`or ${name} (${formatDuration(minSeconds)} to ${formatDuration(maxSeconds)})`);
  }
  if (vanished !== null)
    parts.push(`${formatDuration(vanished.ttlSeconds)} once ${vanished.groupLabel} has vanished`);
  if (keepLatest !== null) {
    const each =
      keepLatest.by.length === 0 ? "" : ` of each ${keepLatest.by.map(formatKeepLatestLabel).join(", ")}`;
    parts.push(`keeps the latest ${keepLatest.count}${each}`);
  }
  return parts.join(", ");
}

/** Where the rules with `vanished` learn which hosts exist; nothing without such rules. */
function describeVanished({ prometheus, rules }: Config): readonly string[] {
  const rows = rules.filter(asksForHosts).map(({ name, vanished }) => {
    const { groupLabel, seriesLabel, query, ttlSeconds } = vanished;
    return [name, groupLabel, formatDuration(ttlSeconds), `${seriesLabel} of ${query}`];
  });
  if (rows.length === 0) return [];
  const head = ["RULE", "HOST", "TTL ONCE VANISHED", `HOSTS THAT ${prometheus?.url ?? "PROMETHEUS"} KNOWS`];
  return ["", ...renderTable([head, ...rows])];
}

function renderTable(rows: readonly (readonly string[])[]): readonly string[] {
  const printable = rows.map((row) => row.map(toPrintable));
  const columns = new Columns();
  for (const row of printable) columns.measure(row);
  return printable.map((row) => columns.render(row));
}
