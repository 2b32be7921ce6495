import type { Config, PushgatewaySettings } from "../config/config.ts";
import { doubtGatewayUrl, parseServerUrl } from "../config/url.ts";
import { parseTtl } from "../core/duration.ts";
import { defaultLimits } from "../core/limits.ts";
import type { TtlRule } from "../core/rule.ts";
import { defaultConfigFile, type SourceFlags, type SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { findLimitations } from "./limitations.ts";
import { overrideLimits } from "./limit-flags.ts";
import { parseFlag } from "./parse-flag.ts";
import { ConfigError } from "../config/config-error.ts";

/**
 * The configuration that the flags name: a file, or one rule for everything. Flags for limits win over the file.
 * Warnings go to stderr.
 * @throws {@link ConfigError} with all problems
 */
export async function loadSettings(
  flags: SourceFlags & Partial<SweepFlags>,
  io: Pick<Io, "stderr">,
): Promise<Config> {
  const config =
    flags.gateway === undefined && flags.ttl === undefined ? await readFile(flags, io) : fromFlags(flags, io);
  return { ...config, limits: overrideLimits(config.limits, flags) };
}

async function readFile(flags: SourceFlags, io: Pick<Io, "stderr">): Promise<Config> {
  // What reads files is more than half of what is to be loaded, and flags do without it.
  const { loadConfig } = await import("../config/load.ts");
  const { renderProblem } = await import("../config/problem.ts");
  const path = flags["config.file"] ?? defaultConfigFile;
  const result = await loadConfig(path);
  if (!result.ok) {
    const hint =
      flags["config.file"] === undefined
        ? "\nName a file with --config.file=FILE, or use one TTL for everything: --gateway=URL --ttl=DURATION"
        : "";
    throw new ConfigError(result.problems.map(renderProblem).join("\n") + hint);
  }
  for (const warning of result.warnings) io.stderr.write(`${renderProblem(warning)}\n`);
  for (const limitation of findLimitations(result.config)) io.stderr.write(`${limitation}\n`);
  return result.config;
}

function fromFlags(
  { gateway: urls, ttl, "config.file": file }: SourceFlags,
  { stderr }: Pick<Io, "stderr">,
): Config {
  if (file !== undefined) {
    throw new ConfigError("--config.file and --gateway/--ttl exclude each other: the file has both");
  }
  if (urls === undefined)
    throw new ConfigError("--ttl needs --gateway=URL beside it, or use --config.file=FILE");
  if (ttl === undefined)
    throw new ConfigError("--gateway needs --ttl=DURATION beside it: how old every group may get");
  const ttlSeconds = parseFlag("--ttl", ttl, parseTtl);
  const pushgateways = gatewaysFromUrls(urls);
  for (const { url } of pushgateways) {
    const doubt = doubtGatewayUrl(url);
    if (doubt !== null) stderr.write(`--gateway=${url}: warning: ${doubt}\n`);
  }
  return {
    path: "",
    schedule: "*/5 * * * *",
    timezone: "UTC",
    dryRun: false,
    logLevel: "info",
    pushgateways,
    discoveries: [],
    limits: defaultLimits,
    archive: null,
    prometheus: null,
    notifications: [],
    rules: [everythingRule(ttlSeconds)],
  };
}

/** Two sweeps of one gateway would get in each other's way. */
function gatewaysFromUrls(urls: readonly string[]): readonly PushgatewaySettings[] {
  const gateways = urls.map(gatewayFromUrl);
  const twin = gateways.find(({ url }, index) => gateways.findIndex((other) => other.url === url) < index);
  if (twin !== undefined) throw new ConfigError(`--gateway: ${twin.url} is given twice`);
  return gateways;
}

/**
 * A gateway of which only the URL is known.
 * @throws {@link ConfigError}
 */
export function gatewayFromUrl(text: string): PushgatewaySettings {
  const url = parseFlag("--gateway", text, parseServerUrl);
  const http = { basicAuth: null, authorization: null, tls: null, proxy: null, headers: [] };
  return { name: url.replace(/^https?:\/\//, ""), url, source: "api", timeoutSeconds: 60, http };
}

function everythingRule(ttlSeconds: number): TtlRule {
  return {
    name: "everything",
    matchers: [],
    action: "delete",
    ttlSeconds,
    since: "last_activity",
    keepLatest: null,
    ttlMetric: null,
    ttlLabel: null,
    vanished: null,
  };
}
