import {
  ConfigError,
  defaultConfig,
  defaultGatewayTimeout,
  noHttpSettings,
  type Config,
  type PushgatewaySettings,
} from "../config/config.ts";
import { endpointAtEnd } from "../config/url.ts";
import { formatDuration, parseDuration } from "../core/duration.ts";
import { formatLabels, type Labels } from "../core/labels.ts";
import type { Limits } from "../core/limits.ts";
import { renderCommand } from "../core/printable.ts";
import { createTtlRule } from "../core/rule.ts";
import { discover, type Discovered, type DiscoverOptions } from "../fleet/discover.ts";
import type { CommandToPass } from "../fleet/sweep-all.ts";
import { defaultConfigFile, type OnceFlags, type SourceFlags } from "./flags.ts";
import type { Io } from "./io.ts";

/** Flags that win over the configuration. */
type OverridingFlags = Partial<
  Pick<OnceFlags, "dryRun" | Extract<keyof OnceFlags, "log.level" | `limits.${string}`>>
>;

/** The configuration with everything that flags override. */
export interface LoadedSettings {
  readonly config: Config;
  /** One line each. */
  readonly warnings: readonly string[];
}

interface LoadOptions {
  /** Accepts `--gateway` without `--ttl`: then there are no rules. */
  readonly ttlOptional?: boolean;
  /** What the command does without a file, for the message that there is none. */
  readonly insteadOfFile?: string;
}

/**
 * Loads the configuration that the flags name: a file, or one rule for everything.
 * @throws {@link ConfigError} with all problems
 */
export async function loadSettings(
  flags: SourceFlags & OverridingFlags,
  options: LoadOptions = {},
): Promise<LoadedSettings> {
  const { config, warnings } =
    flags.gateway === undefined && flags.ttl === undefined
      ? await readFile(flags, options)
      : fromFlags(flags, options);
  return {
    config: {
      ...config,
      dryRun: flags.dryRun ?? config.dryRun,
      logLevel: flags["log.level"] ?? config.logLevel,
      limits: overrideLimits(config.limits, flags),
    },
    warnings,
  };
}

/**
 * Loads the configuration and asks its discoveries; warnings go to stderr.
 * @throws {@link ConfigError}, {@link NoGatewayError}
 */
export async function loadAndDiscover(
  flags: SourceFlags & OverridingFlags & Pick<DiscoverOptions, "shard" | "only">,
  io: Io,
  options: LoadOptions = {},
): Promise<Discovered> {
  const warn = (warning: string): void => io.stderr.write(`${warning}\n`);
  const { config, warnings } = await loadSettings(flags, options);
  warnings.forEach(warn);
  return discover(config, { world: io, warn, shard: flags.shard, only: flags.only });
}

function overrideLimits(limits: Limits, flags: OverridingFlags): Limits {
  const maxEvidenceAge = flags["limits.maxEvidenceAge"] ?? limits.maxEvidenceAgeSeconds;
  return {
    ...limits,
    whenExceeded: flags["limits.whenExceeded"] ?? limits.whenExceeded,
    maxDeleteRatio: flags["limits.maxDeleteRatio"] ?? limits.maxDeleteRatio,
    ratioMinGroups: flags["limits.ratioMinGroups"] ?? limits.ratioMinGroups,
    maxDeletes: flags["limits.maxDeletes"] ?? limits.maxDeletes,
    deletesPerSecond: flags["limits.deletesPerSecond"] ?? limits.deletesPerSecond,
    maxOutageSeconds: flags["limits.maxOutage"] ?? limits.maxOutageSeconds,
    maxEvidenceAgeSeconds: maxEvidenceAge === "auto" ? null : maxEvidenceAge,
  };
}

async function readFile(
  flags: SourceFlags,
  {
    ttlOptional = false,
    insteadOfFile = ttlOptional ? "--gateway=URL" : "--gateway=URL --ttl=DURATION",
  }: LoadOptions,
): Promise<LoadedSettings> {
  // More than half of the code that a command loads is for reading files; flags do not need it.
  const { loadConfig } = await import("../config/load.ts");
  const { renderProblem } = await import("../config/file/problem.ts");
  const path = flags["config.file"] ?? defaultConfigFile;
  const result = await loadConfig(path);
  if (!result.ok) {
    const isMissing = result.problems.every(({ location }) => location === null);
    const hint =
      isMissing && flags["config.file"] === undefined
        ? `\nName one with --config.file=FILE, or do without: ${insteadOfFile}`
        : "";
    throw new ConfigError(result.problems.map(renderProblem).join("\n") + hint);
  }
  return { config: result.config, warnings: result.warnings.map(renderProblem) };
}

function fromFlags(
  { gateway: urls, ttl, "config.file": file }: SourceFlags,
  { ttlOptional = false }: LoadOptions,
): LoadedSettings {
  if (file !== undefined) {
    throw new ConfigError("--config.file and --gateway/--ttl exclude each other: the file has both");
  }
  if (urls === undefined)
    throw new ConfigError("--ttl needs --gateway=URL beside it, or use --config.file=FILE");
  if (ttl === undefined && !ttlOptional)
    throw new ConfigError("--gateway needs --ttl=DURATION beside it: how old every group may get");
  // Two sweeps of one gateway would disturb each other.
  const twin = urls.find((url, index) => urls.indexOf(url) < index);
  if (twin !== undefined) throw new ConfigError(`--gateway: ${twin} is given twice`);
  const config: Config = {
    ...defaultConfig,
    pushgateways: urls.map(gatewayFromUrl),
    rules: ttl === undefined ? [] : [createTtlRule("everything", [], ttl)],
    shown: {
      pushgateways: urls.map((url) => ({ name: gatewayFromUrl(url).name, url })),
      rules: [{ name: "everything", matchers: [], ttl: formatGiven(ttl) }],
    },
  };
  return { config, warnings: [] };
}

/** A gateway of which only the URL is known. */
export function gatewayFromUrl(url: string): PushgatewaySettings {
  const name = url.replace(/^https?:\/\//, "");
  return {
    name,
    url,
    source: "api",
    timeoutSeconds: parseDuration(defaultGatewayTimeout),
    http: noHttpSettings,
  };
}

/**
 * Renders the command that deletes what a limit has withheld: with the flags of this command, and limits that are as high as needed.
 * @param command its words before these flags
 */
export function createCommandToPass(
  flags: SourceFlags & OverridingFlags,
  command: readonly string[] = ["once"],
): CommandToPass {
  return (gateway, toPass) => {
    const words = renderFlags({
      ...nameGateway(flags, gateway),
      ttl: formatGiven(flags.ttl),
      "limits.ratio-min-groups": flags["limits.ratioMinGroups"],
      "limits.when-exceeded": flags["limits.whenExceeded"],
      "limits.deletes-per-second": flags["limits.deletesPerSecond"],
      "limits.max-outage": formatGiven(flags["limits.maxOutage"]),
      "limits.max-evidence-age": formatGiven(flags["limits.maxEvidenceAge"]),
      "limits.max-delete-ratio": toPass.maxDeleteRatio ?? flags["limits.maxDeleteRatio"],
      "limits.max-deletes": toPass.maxDeletes ?? flags["limits.maxDeletes"],
    });
    return renderCommand([...command, ...words]);
  };
}

/** Renders the command that puts back a group that was deleted from this gateway, and no other; or another one about it. */
export function createCommandToRestore(
  { "config.file": file = defaultConfigFile }: Pick<SourceFlags, "config.file">,
  command: readonly string[] = ["restore"],
) {
  return (gateway: string, labels: Labels): string => {
    const words = renderFlags({ "config.file": file, from: gateway, match: formatLabels(labels) });
    return renderCommand([...command, ...words, "--exact"]);
  };
}

/** The flags that name one of the gateways of a command, as they were given to it. */
export function nameGateway(
  flags: Pick<SourceFlags, "gateway" | "config.file">,
  { name, url }: { readonly name: string; readonly url: string },
): Readonly<Record<string, string>> {
  return flags.gateway === undefined
    ? { "config.file": flags["config.file"] ?? defaultConfigFile, only: name }
    : // As lead-on.ts reads it.
      { gateway: endpointAtEnd.test(url) ? `${url}/` : url };
}

/** Those that have a value, as words of a command line. */
export function renderFlags(
  values: Readonly<Record<string, string | number | undefined>>,
): readonly string[] {
  return Object.entries(values).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}=${value}`],
  );
}

/** The duration of a flag as it is written. */
export function formatGiven(value: number | "auto" | undefined): string | undefined {
  return typeof value === "number" ? formatDuration(value) : value;
}
