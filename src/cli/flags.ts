import type * as typed from "@commander-js/extra-typings";
import type { Command as FlagsCommand, CommandUnknownOpts } from "@commander-js/extra-typings";
import * as commander from "commander";
import { ConfigError, gatewaySources, parseNamed } from "../config/config.ts";
import { parseServerUrl } from "../config/url.ts";
import { parseDuration, parsePositiveDuration, parseTimer, parseTtl } from "../core/duration.ts";
import { ParseError } from "../core/errors.ts";
import {
  limitRanges,
  parseEvidenceAge,
  parseNumber,
  whenExceededChoices,
  type NumberRange,
} from "../core/limits.ts";
import { logFormats, logLevels } from "../core/log.ts";
import { parseShard, parseShardIndex, type Shard } from "../core/shard.ts";
import type { Sort } from "../report/query.ts";
import { verdictNames } from "../core/verdict.ts";
import type { Io } from "./io.ts";
import { parseMoment, parsePast } from "./parse-time.ts";

/** commander, with flags whose types the compiler infers. The package of the types runs the same code, so only its types are used. */
export const { Argument, Command, CommanderError, Option } = commander as unknown as typeof typed;

/** The flags that one of the functions below adds to a command. */
type FlagsOf<Add extends (...args: never[]) => CommandUnknownOpts> = ReturnType<ReturnType<Add>["opts"]>;

export type SourceFlags = FlagsOf<typeof addSourceFlags>;
export type OutputFlags = Pick<FlagsOf<typeof addOutputFlags>, "output" | "outputFile">;
export type ReportFlags = FlagsOf<typeof addReportFlags>;
export type OnceFlags = FlagsOf<typeof addOnceFlags>;
export type DeleteFlags = FlagsOf<typeof addDeleteFlags>;
export type RunFlags = FlagsOf<typeof addRunFlags>;
export type ExplainFlags = FlagsOf<typeof addExplainFlags>;
export type TestRulesFlags = FlagsOf<typeof addTestRulesFlags>;
export type DoctorFlags = FlagsOf<typeof addDoctorFlags>;
export type SelectionFlags = FlagsOf<typeof addSelectionFlags>;
export type RestoreFlags = FlagsOf<typeof addRestoreFlags>;
export type ArchiveListFlags = FlagsOf<typeof addArchiveListFlags>;
export type SuggestFlags = FlagsOf<typeof addSuggestFlags>;
export type DemoFlags = FlagsOf<typeof addDemoFlags>;
export type HealthcheckFlags = FlagsOf<typeof addHealthcheckFlags>;

/** `summary`: the table without its groups. */
export const outputFormats = ["table", "summary", "json", "csv", "markdown", "html", "none"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export const defaultConfigFile = "janitor.yml";
export const defaultListenAddress = ":9717";

/** The headings of flags in `--help`, in this order. */
export const headings = {
  gateways: "Gateways and rules:",
  own: "Options:",
  output: "Output:",
  web: "Web:",
  limits: "Limits, instead of those of the file:",
  others: "Others:",
} as const;

const usualHelp = new commander.Help();
const order: readonly string[] = Object.values(headings);

/** How `--help` differs from commander's: no "[options]" in lists, and the headings in their order. */
export const helpLayout = {
  subcommandTerm: (command) => usualHelp.subcommandTerm(command).replace(" [options]", ""),
  groupItems(...items) {
    const groups = [...usualHelp.groupItems(...items)];
    if (groups.length === 1) return new Map(groups.map(([, only]) => [headings.own, only]));
    return new Map(groups.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  },
} satisfies Partial<commander.Help> as unknown as typed.HelpConfiguration;

/** Makes the parsers of a command's flags, and of all commands below it, name the flag in their errors. */
export function nameFlagsInErrors({ commands, options }: CommandUnknownOpts): void {
  for (const option of options) {
    const { long, parseArg: parse } = option;
    if (parse === undefined || long === undefined) continue;
    option.parseArg = (text, before) => parseNamed(long, text, () => parse(text, before));
  }
  for (const command of commands) nameFlagsInErrors(command);
}

/** For flags that may be repeated. */
function each<T>(parse: (text: string) => T) {
  return (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), parse(text)];
}

const asWritten = each((text) => text);

const numberIn = (range: NumberRange) => (text: string) => parseNumber(text, range);

function addGatewayFlags(command: FlagsCommand) {
  return command
    .optionsGroup(headings.gateways)
    .option("--config.file <file>", `the configuration (default: ${defaultConfigFile})`)
    .option(
      "--gateway <url>",
      "without a file: this gateway, route prefix included; may be repeated",
      each(parseServerUrl),
    );
}

const ttlFlag = [
  "--ttl <duration>",
  "without a file: the TTL of every group, for example 30d",
  parseTtl,
] as const;

/** Where the rules come from: a file, or one TTL for everything. */
export function addSourceFlags(command: FlagsCommand) {
  return addGatewayFlags(command).option(...ttlFlag);
}

/** Of the commands that read the groups of gateways. */
export function addSweepFlags(command: FlagsCommand, env: Io["env"]) {
  return addLimitFlags(command, env)
    .optionsGroup(headings.gateways)
    .option(...ttlFlag);
}

function addLimitFlags(command: FlagsCommand, env: Io["env"]) {
  return addGatewayFlags(command)
    .option(
      "--gateways.concurrency <count>",
      "how many gateways are swept at once",
      numberIn(counts.gateways),
      8,
    )
    .option(
      "--shard <index/count>",
      "sweep only this share of the gateways: 0/10 to 9/10, or auto/10 with the index from JOB_COMPLETION_INDEX",
      (text) => resolveShard(text, env),
    )
    .optionsGroup(headings.limits)
    .option(
      "--limits.max-delete-ratio <ratio>",
      "0 to 1 of a gateway's groups; more expired: nothing is deleted",
      numberIn(limitRanges.maxDeleteRatio),
    )
    .option(
      "--limits.ratio-min-groups <count>",
      "the ratio applies to gateways with at least this many groups",
      numberIn(limitRanges.ratioMinGroups),
    )
    .option(
      "--limits.max-deletes <count>",
      "more expired: nothing is deleted",
      numberIn(limitRanges.maxDeletes),
    )
    .addOption(
      new Option(
        "--limits.when-exceeded <what>",
        "if more has expired than these limits allow: delete nothing, or the oldest as far as they allow",
      ).choices(whenExceededChoices),
    )
    .option(
      "--limits.deletes-per-second <rate>",
      "the highest rate of deletions",
      numberIn(limitRanges.deletesPerSecond),
    )
    .option(
      "--limits.max-outage <duration>",
      "the longest downtime of the gateway that does not count towards ages",
      parseDuration,
    )
    .option(
      "--limits.max-evidence-age <duration>",
      "how long before its deletion a group must have been read, at most; or auto",
      // Not null, which commander takes for a flag without a value.
      (text) => parseEvidenceAge(text) ?? ("auto" as const),
    )
    .optionsGroup(headings.others)
    .addOption(new Option("--log.level <level>", "instead of log_level of the file").choices(logLevels))
    .addOption(new Option("--log.format <format>", "of log lines").choices(logFormats).default("logfmt"));
}

const onlyFlag = [
  "--only <name>",
  "only this gateway of the file, listed or discovered; may be repeated",
  asWritten,
] as const;

const dryRunFlag = ["--dry-run", "only say what would be deleted"] as const;
const noDryRunFlag = ["--no-dry-run", "delete, whatever dry_run in the file says"] as const;

const wideFlag = ["--wide", "on a terminal: cut no line"] as const;

/** A new one for each command: {@link nameFlagsInErrors} changes it. */
function createReportFormatFlag() {
  return new Option(
    "--output <format>",
    "how to print the report. Why a gateway failed is on stderr, but in json, markdown and html in the report itself",
  )
    .choices(outputFormats)
    .default("table");
}

/** Of the commands that sweep once and end with a report. */
function addOutputFlags(command: FlagsCommand, env: Io["env"]) {
  return addSweepFlags(command, env)
    .option(...onlyFlag)
    .optionsGroup(headings.output)
    .addOption(createReportFormatFlag())
    .option(...wideFlag)
    .option(
      "--output-file <file>",
      "write the report to this file; a regular file is replaced completely or not at all",
    );
}

export function addReportFlags(command: FlagsCommand, { env, clock }: Io) {
  return addOutputFlags(command, env)
    .option(
      "--at <moment>",
      "as of then, if nobody pushes until then: +7d from now on, or RFC 3339",
      (text) => parseMoment(text, clock.now()),
    )
    .option("--detailed-exitcode", "exit with 24 if anything has expired")
    .option(
      "--match <matchers>",
      'print only groups that match, for example \'{job="batch", instance=~"web.*"}\'; totals stay those of all',
    )
    .addOption(new Option("--verdict <verdict>", "print only groups with this verdict").choices(verdictNames))
    .option("--rule <name>", "print only groups that this rule decides about")
    .addOption(
      new Option("--sort <order>", "the next to expire, or the oldest, first").choices([
        "expiry",
        "age",
        "labels",
      ] as const satisfies readonly Sort[]),
    )
    .option("--limit <count>", "print at most so many groups of each gateway", numberIn(counts.groups))
    .option("--all", "on a terminal: also print groups that are kept");
}

/** `once` ends before anything could scrape it. */
export function addOnceFlags(command: FlagsCommand, env: Io["env"]) {
  return addOutputFlags(command, env)
    .optionsGroup(headings.own)
    .option(
      "--metrics.textfile <file>",
      "write the metrics of this sweep to this file, for node_exporter (*.prom)",
    )
    .option(
      "--metrics.push",
      "push them to each swept gateway, into a group of their own that no rule deletes",
    )
    .option(
      "--metrics.interval <duration>",
      "how often this command is run: export it, so that an alert can tell when two sweeps are missing",
      (text) => parsePositiveDuration(text, "write the interval of the timer or CronJob"),
    )
    .option(...dryRunFlag)
    .option(...noDryRunFlag);
}

export function addDeleteFlags(command: FlagsCommand, env: Io["env"]) {
  return addLimitFlags(command, env)
    .optionsGroup(headings.gateways)
    .option(...onlyFlag)
    .optionsGroup(headings.own)
    .option(
      "--exact",
      "the labels are the whole grouping key: delete this one group, and none with more labels",
    )
    .option("--older-than <duration>", "only groups that nobody has pushed to for so long", parseDuration)
    .option(...dryRunFlag)
    .option(...noDryRunFlag)
    .option("--yes", "do not ask; required where there is no terminal to ask at")
    .addOption(
      new Option(
        "--source <source>",
        "instead of the file's. exposition: /metrics, also if the API does not answer; what it deletes cannot be archived",
      ).choices(gatewaySources),
    )
    .addOption(createReportFormatFlag())
    .option(...wideFlag);
}

export function addRunFlags(command: FlagsCommand, env: Io["env"]) {
  return addSweepFlags(command, env)
    .optionsGroup(headings.web)
    .option("--web.listen-address <address>", "where metrics and page are served", defaultListenAddress)
    .option(
      "--web.enable-lifecycle",
      "serve POST /-/reload, /-/sweep and /-/dry-run, and show buttons on the page",
    )
    .option("--web.config.file <file>", "TLS, users and headers, in the exporters' format")
    .option("--web.external-url <url>", "the URL by which browsers reach it, for example through a proxy")
    .optionsGroup(headings.own)
    .addOption(
      new Option("--schedule.jitter <duration>", "each sweep starts late by a random time up to this")
        .argParser(parseTimer)
        .default(0, "0s"),
    )
    .addOption(
      new Option("--config.poll-interval <duration>", "how often files are checked for changes; 0s: never")
        .argParser(parseTimer)
        .default(30, "30s"),
    )
    .option("--config.wait", "start without a valid file: sweep nothing, and wait until there is one")
    .option(...dryRunFlag)
    .option(...noDryRunFlag);
}

export function addExplainFlags(command: FlagsCommand) {
  return addSourceFlags(command)
    .optionsGroup(headings.own)
    .option("--age <duration>", "offline: also say whether the group is deleted at this age", parseDuration)
    .option(
      "--only <name>",
      "read the group on this gateway of the file, and say what is decided; may be repeated",
      asWritten,
    );
}

export function addTestRulesFlags(command: FlagsCommand) {
  return command.addOption(
    new Option("--output <format>", "how to print the results; junit: XML for CI, and the text on stderr")
      .choices(["text", "junit"])
      .default("text"),
  );
}

export function addSuggestFlags(command: FlagsCommand) {
  return command
    .option(
      "--config.file <file>",
      `where Prometheus, the gateways and the current rules are (default: ${defaultConfigFile})`,
    )
    .option(
      "--prometheus <url>",
      "ask this Prometheus; without --config.file, no file is read",
      parseServerUrl,
    )
    .option(
      "--gateway <url>",
      "without a file: also say what the rules would delete on this gateway; may be repeated",
      each(parseServerUrl),
    )
    .addOption(
      new Option("--window <duration>", "how far to look back")
        .argParser(parseWindow)
        .default(14 * 86_400, "14d"),
    );
}

export function addDoctorFlags(command: FlagsCommand) {
  return addSourceFlags(command)
    .optionsGroup(headings.own)
    .option(
      "--probe",
      "measure how long a push takes, with a group of the doctor's own that is deleted again",
    )
    .addOption(new Option("--output <format>", "how to print it").choices(["text", "json"]).default("text"));
}

/** Of the commands that read an archive. */
function addSelectionFlags(command: FlagsCommand, { clock }: Pick<Io, "clock">) {
  return command
    .optionsGroup("Which deletions:")
    .option("--match <matchers>", 'only groups that match, for example \'{job="batch", instance=~"web.*"}\'')
    .option("--exact", "the labels of --match are the whole grouping key: this one group")
    .option("--from <gateway>", "only what was deleted from the gateway of this name")
    .option(
      "--since <time>",
      "only what was deleted at this time or later: 2h (ago), today, 2026-11-24 (days are UTC), or RFC 3339",
      (text) => parsePast(text, clock.now(), "start"),
    )
    .option(
      "--until <time>",
      "only what was deleted at this time or earlier; of a day, until its end",
      (text) => parsePast(text, clock.now(), "end"),
    );
}

export function addRestoreFlags(command: FlagsCommand, io: Pick<Io, "clock">) {
  return addSelectionFlags(command, io)
    .optionsGroup(headings.own)
    .option(
      "--config.file <file>",
      `where the gateways' URLs and credentials are, and the archive (default: ${defaultConfigFile})`,
    )
    .option("--gateway <url>", "restore into this gateway instead", parseServerUrl)
    .option("--all", "everything in the archive, instead of a filter")
    .option("--overwrite", "also replace groups that exist")
    .option("--dry-run", "only say what would be restored")
    .option(...wideFlag);
}

export function addArchiveListFlags(command: FlagsCommand, io: Pick<Io, "clock">) {
  return addSelectionFlags(command, io)
    .optionsGroup(headings.own)
    .option(
      "--config.file <file>",
      `where the archive is, unless it is named (default: ${defaultConfigFile})`,
    )
    .option("--limit <count>", "print at most so many, the newest", numberIn(counts.groups))
    .option(...wideFlag)
    .addOption(
      new Option("--output <format>", "how to print it").choices(["table", "json", "csv"]).default("table"),
    );
}

export function addDemoFlags(command: FlagsCommand) {
  return command.option("--serve", "leave the gateway and the page open, to click around");
}

export function addHealthcheckFlags(command: FlagsCommand) {
  return command
    .option("--web.listen-address <address>", "where `run` listens")
    .option("--web.config.file <file>", "the one of `run`, which may serve HTTPS");
}

/** Where Kubernetes puts the index of an Indexed Job's Pod. */
const indexVariable = "JOB_COMPLETION_INDEX";

function resolveShard(text: string, env: Io["env"]): Shard {
  const { index, count } = parseShard(text);
  if (index !== null) return { index, count };
  const variable = env[indexVariable] ?? "";
  if (variable === "") {
    throw new ConfigError(
      `--shard=${text} takes the index from ${indexVariable}, which is not set: Kubernetes sets it in Indexed Jobs`,
    );
  }
  return { index: parseNamed(indexVariable, variable, (value) => parseShardIndex(value, count)), count };
}

/** How many groups are printed, or gateways are swept at once. */
const counts = {
  groups: { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true, expected: "a whole number of at least 1" },
  gateways: { min: 1, max: 1000, whole: true, expected: "a whole number from 1 to 1000" },
} as const satisfies Record<string, NumberRange>;

const minWindowSeconds = 3600;

function parseWindow(text: string): number {
  const seconds = parseDuration(text);
  if (seconds < minWindowSeconds) throw new ParseError("must be an hour at least");
  return seconds;
}
