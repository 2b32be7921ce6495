import { stringify } from "yaml";
import {
  ConfigError,
  defaultConfig,
  defaultPrometheusTimeout,
  NoGatewayError,
  noHttpSettings,
  type Config,
  type ServerSettings,
} from "../config/config.ts";
import { formatAge, formatDuration, parseDuration } from "../core/duration.ts";
import { formatShortLabels, quote } from "../core/labels.ts";
import { createMatcher, formatMatcher } from "../core/matcher.ts";
import { countOf, toPrintable } from "../core/printable.ts";
import type { GatewayReport } from "../core/report.ts";
import { createTtlRule, type TtlRule } from "../core/rule.ts";
import { findShortTtls, suggestTtl, type PushStatistics, type Suggestion } from "../core/suggestion.ts";
import { formatTime } from "../core/time.ts";
import { countByRule } from "../core/totals.ts";
import { readServerOptions } from "../fleet/connect.ts";
import { discover } from "../fleet/discover.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { RequestError } from "../http/request-error.ts";
import { createPrometheus } from "../prometheus/prometheus.ts";
import { readPushHistory, type PushHistory } from "../prometheus/push-history.ts";
import { exitCodes } from "./exit-code.ts";
import type { SuggestFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createCommandLog, type CommandLog } from "./progress.ts";
import { gatewayFromUrl, loadSettings, type LoadedSettings } from "./settings.ts";

/** `suggest`: rules to paste, from what Prometheus knows about past pushes. */
export async function suggest(flags: SuggestFlags, io: Io): Promise<number> {
  const warn = (warning: string): void => io.stderr.write(`${toPrintable(warning)}\n`);
  const { config, warnings } = await loadSources(flags);
  warnings.forEach(warn);
  const settings = findPrometheus(config, flags);
  const log = createCommandLog("error", "logfmt", io);
  try {
    const history = await readHistory(settings, flags.window, log, io);
    if (history.jobs.length === 0) {
      warn(`${settings.url} knows no push_time_seconds: does it scrape the gateways?`);
      return exitCodes.failed;
    }
    history.warnings.forEach((text) => warn(`${settings.url}: warning: ${text}`));
    const suggestions = history.jobs.map((job) => suggestTtl(job, history.period));
    const rules = toRules(suggestions);
    const reports = await planOnGateways({ ...config, rules }, log, io);
    if (io.stop.aborted) return io.signalExitCode();
    io.stdout.write(render(settings, history, suggestions, rules, reports));
    warnOfShortTtls(config, history, warn);
    return exitCodes.done;
  } catch (error) {
    if (io.stop.aborted) return io.signalExitCode();
    if (!(error instanceof RequestError)) throw error;
    warn(error.message);
    return exitCodes.failed;
  } finally {
    log.clear();
  }
}

/** A file, or nothing but the URLs of the flags. */
async function loadSources(flags: SuggestFlags): Promise<LoadedSettings> {
  const { prometheus, gateway: urls = [], "config.file": file } = flags;
  if (prometheus === undefined || file !== undefined) {
    if (urls.length > 0) throw new ConfigError("--gateway needs --prometheus=URL beside it, and no file");
    return loadSettings(file === undefined ? {} : { "config.file": file }, {
      insteadOfFile: "--prometheus=URL",
    });
  }
  return { config: { ...defaultConfig, pushgateways: urls.map(gatewayFromUrl), rules: [] }, warnings: [] };
}

function findPrometheus({ path, prometheus }: Config, flags: SuggestFlags): ServerSettings {
  if (flags.prometheus !== undefined) {
    // The same server by another name has the same credentials; another one must not see them.
    const isSame = prometheus?.url === flags.prometheus;
    const timeoutSeconds = parseDuration(defaultPrometheusTimeout);
    return isSame ? prometheus : { url: flags.prometheus, timeoutSeconds, http: noHttpSettings };
  }
  if (prometheus !== null) return prometheus;
  throw new ConfigError(`${path}: there is no prometheus section; add one, or use --prometheus=URL`);
}

async function readHistory(
  settings: ServerSettings,
  windowSeconds: number,
  { progress }: CommandLog,
  io: Io,
): Promise<PushHistory> {
  const prometheus = createPrometheus(await readServerOptions(settings, io.env));
  try {
    return await readPushHistory(prometheus, {
      end: Math.floor(io.clock.now()),
      windowSeconds,
      progress: (done, total) => progress({ gateway: "Prometheus", phase: "reading", done, total }),
      signal: io.stop,
    });
  } finally {
    await prometheus.close();
  }
}

/** What the rules would do now, to those gateways that can be reached. */
async function planOnGateways(
  config: Config,
  { log, progress }: CommandLog,
  io: Io,
): Promise<readonly GatewayReport[]> {
  const hasGateway = config.pushgateways.length > 0 || config.discoveries.length > 0;
  if (!hasGateway || config.rules.length === 0) return [];
  const found = await discover(config, { world: io, warn: () => {} }).catch((error: unknown) => {
    if (error instanceof NoGatewayError) return null;
    throw error;
  });
  if (found === null) return [];
  const planned = { ...found.config, dryRun: true };
  const options = { world: io, log, progress, concurrency: 8, commandToPass: () => "" };
  return (await sweepAll(planned, options)).gateways;
}

const maxNameLength = 100;

function toRules(suggestions: readonly Suggestion[]): readonly TtlRule[] {
  const jobs = new Set(suggestions.map(({ statistics }) => statistics.job));
  return suggestions.flatMap(({ ttlSeconds, statistics: { job } }, index) => {
    if (ttlSeconds === null) return [];
    const isName = job !== "" && job.length <= maxNameLength && job === toPrintable(job);
    const matchers = [createMatcher("job", "=", job)];
    if (isName) return createTtlRule(job, matchers, ttlSeconds);
    let name = `job-${index + 1}`;
    while (jobs.has(name)) name += "_";
    return createTtlRule(name, matchers, ttlSeconds);
  });
}

function render(
  { url }: ServerSettings,
  { period }: PushHistory,
  suggestions: readonly Suggestion[],
  rules: readonly TtlRule[],
  reports: readonly GatewayReport[],
): string {
  const { start, end, resolutionSeconds } = period;
  const lines = [
    `# From push_time_seconds in ${url}, ${formatTime(start)} to ${formatTime(end)}.`,
    `# Intervals below ${formatAge(resolutionSeconds)} cannot be seen.`,
  ];
  for (const { name, error, status } of reports) {
    if (error !== null) lines.push(toPrintable(`# Gateway ${name}: ${status}: ${error.message}`));
  }
  const expired = countExpired(rules, reports);
  const ruleOf = new Map(rules.map((rule) => [rule.matchers[0]?.value, rule]));
  if (rules.length > 0) lines.push("rules:");
  for (const { statistics } of suggestions) {
    const rule = ruleOf.get(statistics.job);
    if (rule === undefined) continue;
    lines.push(...describe(statistics).map((line) => `  # ${line}`));
    const counts = expired.get(rule.name);
    if (counts !== undefined)
      lines.push(`  # Now: ${counts.expired} of ${countOf(counts.groups, "group")} expired`);
    const { name, matchers, ttlSeconds } = rule;
    const entry = { name, matchers: matchers.map(formatMatcher), ttl: formatDuration(ttlSeconds) };
    const yaml = stringify([entry], { lineWidth: 0, singleQuote: true, flowCollectionPadding: false });
    lines.push(
      ...yaml
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
    );
  }
  const leftOut = suggestions.filter((suggestion) => suggestion.ttlSeconds === null);
  if (leftOut.length > 0) lines.push("# Without a rule:");
  for (const { statistics, why } of leftOut)
    lines.push(...describe(statistics).map((line) => `# ${line}`), `#   ${why}`);
  return `${lines.join("\n")}\n`;
}

function describe(statistics: PushStatistics): readonly string[] {
  const { job, pushes, groups, ended, lifeSeconds, medianSeconds, p99Seconds, longestGapSeconds } =
    statistics;
  const life =
    lifeSeconds === null ? "" : `, ${ended} of them ended after ${formatAge(lifeSeconds)} (median)`;
  const counts = `job=${quote(job)}: ${countOf(pushes, "push", "pushes")} to ${countOf(groups, "group")}${life}`;
  if (medianSeconds === null || p99Seconds === null) return [toPrintable(counts)];
  const [median, p99, longest] = [medianSeconds, p99Seconds, longestGapSeconds].map(formatAge);
  return [toPrintable(counts), `  interval: median ${median}, 99 % up to ${p99}, longest gap ${longest}`];
}

interface Counts {
  readonly groups: number;
  readonly expired: number;
}

/** By rule, on all gateways that could be read; empty if none could. */
function countExpired(
  rules: readonly TtlRule[],
  reports: readonly GatewayReport[],
): ReadonlyMap<string, Counts> {
  const read = reports.filter(({ snapshot }) => snapshot !== null);
  if (read.length === 0) return new Map();
  const totals = countByRule(
    read.flatMap(({ entries }) => entries),
    rules.map(({ name }) => name),
  );
  return new Map(totals.flatMap(({ rule, ...counts }) => (rule === null ? [] : [[rule, counts] as const])));
}

function warnOfShortTtls({ path, rules }: Config, history: PushHistory, warn: (text: string) => void): void {
  for (const { rule, ttlSeconds, longestGapSeconds, labels } of findShortTtls(
    history.jobs,
    rules,
    history.period,
  )) {
    warn(
      `${path}: warning: rule ${quote(rule)}: its ttl ${formatDuration(ttlSeconds)} is shorter than a gap of ${formatAge(longestGapSeconds)} ` +
        `between two pushes of ${formatShortLabels(labels)}`,
    );
  }
}
