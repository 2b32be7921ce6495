import { Option, type Command } from "commander";

import { logFormats, logLevels, type LogFormat, type LogLevel } from "../core/log-level.ts";

/** Where the rules come from: a file, or one TTL for everything. */
export interface SourceFlags {
  readonly "config.file"?: string;
  readonly gateway?: readonly string[];
  readonly ttl?: string;
}

/** Of the commands that read a gateway. */
export interface SweepFlags extends SourceFlags {
  /** Wins over `log_level` of the file. */
  readonly "log.level"?: LogLevel;
  readonly "log.format": LogFormat;
  readonly "limits.maxDeleteRatio"?: string;
  readonly "limits.ratioMinGroups"?: string;
  readonly "limits.maxDeletes"?: string;
  readonly "limits.deletesPerSecond"?: string;
  readonly "limits.maxOutage"?: string;
  readonly "limits.maxEvidenceAge"?: string;
  readonly "gateways.concurrency"?: string;
  /** `2/10` or `auto/10`. */
  readonly shard?: string;
  /** Names of gateways. */
  readonly only?: readonly string[];
}

/** `summary`: the table without its groups. */
export const outputFormats = ["table", "summary", "json", "csv", "markdown", "html", "none"] as const;

export type OutputFormat = (typeof outputFormats)[number];

export interface OutputFlags {
  readonly output: OutputFormat;
  /** Where the report goes instead of stdout. */
  readonly outputFile?: string;
}

export const defaultConfigFile = "janitor.yml";

export function addSourceFlags(command: Command): Command {
  return command
    .option("--config.file <file>", `the configuration (default: ${defaultConfigFile})`)
    .option(
      "--gateway <url>",
      "without a file: this gateway, route prefix included; may be repeated",
      (url: string, urls: readonly string[] | undefined) => [...(urls ?? []), url],
    )
    .option("--ttl <duration>", "without a file: the TTL of every group, for example 30d");
}

export function addSweepFlags(command: Command): Command {
  return addSourceFlags(command)
    .option(
      "--limits.max-delete-ratio <ratio>",
      "0 to 1 of a gateway's groups; more expired: nothing is deleted",
    )
    .option(
      "--limits.ratio-min-groups <count>",
      "the ratio applies to gateways with at least this many groups",
    )
    .option("--limits.max-deletes <count>", "more expired: nothing is deleted")
    .option("--limits.deletes-per-second <rate>", "the highest rate of deletions")
    .option(
      "--limits.max-outage <duration>",
      "the longest downtime of the gateway that does not count towards ages",
    )
    .option(
      "--limits.max-evidence-age <duration>",
      "how long before its deletion a group must have been read, at most; or auto",
    )
    .option("--gateways.concurrency <count>", "how many gateways are swept at once", "8")
    .option(
      "--shard <index/count>",
      "sweep only this share of the gateways: 0/10 to 9/10, or auto/10 with the index from JOB_COMPLETION_INDEX",
    )
    .addOption(new Option("--log.level <level>", "instead of log_level of the file").choices([...logLevels]))
    .addOption(
      new Option("--log.format <format>", "of log lines").choices([...logFormats]).default("logfmt"),
    );
}

/** Of `once`, which ends before anything could scrape it. */
export function addMetricsFlags(command: Command): Command {
  return command
    .option(
      "--metrics.textfile <file>",
      "write the janitor's own metrics to this file, for node_exporter (*.prom); its *_total count this run only",
    )
    .option(
      "--metrics.push",
      "push them to each swept gateway, into a group of their own that no rule deletes; *_total as above",
    );
}

/** Of the service. */
export function addRunFlags(command: Command): Command {
  return command
    .option("--web.listen-address <address>", "where metrics and page are served", ":9717")
    .option("--web.enable-lifecycle", "serve POST /-/reload and POST /-/sweep")
    .option("--web.config.file <file>", "TLS, users and headers, in the exporters' format")
    .option("--web.external-url <url>", "the URL by which browsers reach it, for example through a proxy")
    .option("--schedule.jitter <duration>", "each sweep starts late by a random time up to this", "0s")
    .option("--config.poll-interval <duration>", "how often files are checked for changes; 0s: never", "30s");
}

/** Of the commands that sweep once and end with a report. */
export function addOutputFlags(command: Command): Command {
  return command
    .option(
      "--only <name>",
      "only this gateway of the file, listed or discovered; may be repeated",
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), name],
    )
    .addOption(
      new Option("--output <format>", "how to print the report").choices([...outputFormats]).default("table"),
    )
    .option(
      "--output-file <file>",
      "write the report to this file; a regular file is replaced whole or not at all",
    );
}

/** Of the commands that read an archive. */
export function addSelectionFlags(command: Command): Command {
  return command
    .option("--match <matchers>", 'only groups that match, for example \'{job="batch", instance=~"web.*"}\'')
    .option("--from <gateway>", "only what was deleted from the gateway of this name")
    .option("--since <time>", "only what was deleted at this time or later, RFC 3339")
    .option("--until <time>", "only what was deleted at this time or earlier, RFC 3339");
}
