import { stringify } from "yaml";
import { formatDuration } from "../core/duration.ts";
import { countOf, toPrintable } from "../core/printable.ts";
import type { Config } from "./config.ts";

/** What was understood: a summary line, then the configuration with its defaults. Plain text without secrets, no newline at the end. */
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
  const understood = renderConfig(config).trimEnd().split("\n").map(toPrintable);
  return [`${path}: ${summary.join(", ")}`, "", ...understood].join("\n");
}

function countAny(list: readonly unknown[], noun: string, plural?: string): readonly string[] {
  return list.length === 0 ? [] : [countOf(list.length, noun, plural)];
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
