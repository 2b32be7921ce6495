import { stringify } from "yaml";

import { formatDuration } from "../core/duration.ts";
import { groupBy } from "../core/group-by.ts";
import { formatMatcher } from "../core/matcher.ts";
import type { DeclaredTtl, Rule, Vanished } from "../core/rule.ts";
import type {
  Config,
  DiscoverySettings,
  HttpHeader,
  HttpSettings,
  NotificationSettings,
  ProxySettings,
  PushgatewaySettings,
  SecretSource,
  ServerSettings,
  TextSource,
  TlsSettings,
  TlsVersion,
} from "./config.ts";
import { tlsVersions } from "./http-settings.ts";
import { displayDiscoveryUrl } from "./url.ts";

/** The configuration in force as a janitor.yml with all defaults filled in; secrets are shown as `<secret>`. */
export function renderConfig(config: Config): string {
  const { limits, archive, prometheus } = config;
  const of = (mechanism: DiscoverySettings["mechanism"]): readonly object[] | undefined =>
    ifAny(config.discoveries.filter((one) => one.mechanism === mechanism).map(discoveryToYaml));
  // Keys without a value are not written.
  return stringify({
    schedule: config.schedule,
    timezone: config.timezone,
    dry_run: config.dryRun,
    log_level: config.logLevel,
    pushgateways: ifAny(config.pushgateways.map(gatewayToYaml)),
    file_sd_configs: of("file"),
    http_sd_configs: of("http"),
    dns_sd_configs: of("dns"),
    limits: {
      max_delete_ratio: limits.maxDeleteRatio,
      ratio_min_groups: limits.ratioMinGroups,
      max_deletes: limits.maxDeletes,
      when_exceeded: limits.whenExceeded,
      deletes_per_second: limits.deletesPerSecond,
      max_outage: formatDuration(limits.maxOutageSeconds),
      max_evidence_age: ifSet(limits.maxEvidenceAgeSeconds, formatDuration) ?? "auto",
    },
    archive: ifSet(archive, ({ dir, retentionSeconds }) => ({
      dir,
      retention: formatDuration(retentionSeconds),
    })),
    prometheus: ifSet(prometheus, ({ minUptimeSeconds, ...server }) => ({
      ...serverToYaml(server),
      min_uptime: formatDuration(minUptimeSeconds),
    })),
    notifications: ifAny(config.notifications.map(notificationToYaml)),
    rules: config.rules.map(ruleToYaml),
  });
}

function ifSet<T, Y>(value: T | null, render: (value: T) => Y): Y | undefined {
  return value === null ? undefined : render(value);
}

/** An empty list is none that a file may hold. */
function ifAny<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function gatewayToYaml({ name, url, source, ...rest }: PushgatewaySettings): object {
  return { name, url, source, ...serverToYaml({ url, ...rest }) };
}

function serverToYaml({ url, timeoutSeconds, http }: ServerSettings): object {
  return { url, timeout: formatDuration(timeoutSeconds), ...httpToYaml(http) };
}

function discoveryToYaml(discovery: DiscoverySettings): object {
  const { scheme, pathPrefix, allowLinkLocal, source, timeoutSeconds, http } = discovery.gateway;
  return {
    ...searchToYaml(discovery),
    refresh_interval: formatDuration(discovery.refreshSeconds),
    gateway: {
      scheme,
      path_prefix: pathPrefix === "" ? undefined : pathPrefix,
      allow_link_local: allowLinkLocal ? true : undefined,
      source,
      timeout: formatDuration(timeoutSeconds),
      ...httpToYaml(http),
    },
  };
}

function searchToYaml(discovery: DiscoverySettings): object {
  switch (discovery.mechanism) {
    case "file":
      return { files: discovery.files };
    case "http":
      return { url: displayDiscoveryUrl(discovery.url), ...httpToYaml(discovery.http) };
    case "dns": {
      const { names, type, port } = discovery;
      return { names, type, port: port ?? undefined };
    }
  }
}

function notificationToYaml({ url, on, format, timeoutSeconds, http }: NotificationSettings): object {
  return {
    ...sourceToYaml("url", url),
    on,
    format,
    timeout: formatDuration(timeoutSeconds),
    ...httpToYaml(http),
  };
}

function httpToYaml({ basicAuth, authorization, tls, proxy, headers }: HttpSettings): object {
  return {
    basic_auth: ifSet(basicAuth, ({ username, password }) => ({
      ...sourceToYaml("username", username),
      ...sourceToYaml("password", password),
    })),
    authorization: ifSet(authorization, ({ type, credentials }) => ({
      type,
      ...sourceToYaml("credentials", credentials),
    })),
    tls_config: ifSet(tls, tlsToYaml),
    ...ifSet(proxy, proxyToYaml),
    http_headers: headers.length === 0 ? undefined : headersToYaml(headers),
  };
}

function tlsToYaml({
  ca,
  client,
  serverName,
  insecureSkipVerify,
  minVersion,
  maxVersion,
}: TlsSettings): object {
  return {
    ...ifSet(ca, (source) => sourceToYaml("ca", source)),
    ...ifSet(client, ({ cert, key }) => ({ ...sourceToYaml("cert", cert), ...sourceToYaml("key", key) })),
    server_name: serverName ?? undefined,
    insecure_skip_verify: insecureSkipVerify,
    min_version: ifSet(minVersion, nameOfTlsVersion),
    max_version: ifSet(maxVersion, nameOfTlsVersion),
  };
}

function nameOfTlsVersion(version: TlsVersion): string {
  return Object.entries(tlsVersions).find(([, node]) => node === version)?.[0] ?? version;
}

function proxyToYaml(proxy: ProxySettings): object {
  const connectHeaders = [...groupBy(proxy.connectHeaders, ({ name }) => name)].map(
    ([name, values]) => [name, values.map(() => "<secret>")] as const,
  );
  return {
    ...(proxy.from === "environment"
      ? { proxy_from_environment: true }
      : // Its URL may hold a password.
        { proxy_url: String(proxy.url), no_proxy: proxy.noProxy ?? undefined }),
    proxy_connect_header: connectHeaders.length === 0 ? undefined : Object.fromEntries(connectHeaders),
  };
}

/** Plain values are not shown either: they are often tokens. */
function headersToYaml(headers: readonly HttpHeader[]): object {
  const byName = new Map<string, { secrets?: string[]; files?: string[] }>();
  for (const { name, value } of headers) {
    const entry = byName.get(name) ?? {};
    if ("file" in value) (entry.files ??= []).push(value.file);
    else (entry.secrets ??= []).push(String(value.secret));
    byName.set(name, entry);
  }
  return Object.fromEntries(byName);
}

function sourceToYaml(key: string, source: TextSource | SecretSource): object {
  if ("file" in source) return { [`${key}_file`]: source.file };
  return { [key]: "text" in source ? source.text : String(source.secret) };
}

function ruleToYaml(rule: Rule): object {
  const scope = { name: rule.name, matchers: rule.matchers.map(formatMatcher), action: rule.action };
  if (rule.action === "keep") return scope;
  return {
    ...scope,
    ttl: formatDuration(rule.ttlSeconds),
    since: rule.since,
    keep_latest: ifSet(rule.keepLatest, ({ count, by }) => ({
      count,
      by: by.map((one) => (typeof one === "string" ? one : { label: one.label, regex: one.regex.pattern })),
    })),
    vanished: ifSet(rule.vanished, vanishedToYaml),
    ttl_metric: ifSet(rule.ttlMetric, declaredTtlToYaml),
    ttl_label: ifSet(rule.ttlLabel, declaredTtlToYaml),
  };
}

function vanishedToYaml({ query, groupLabel, seriesLabel, ttlSeconds }: Vanished): object {
  const label = groupLabel === seriesLabel ? groupLabel : { group: groupLabel, series: seriesLabel };
  return { query, label, ttl: formatDuration(ttlSeconds) };
}

function declaredTtlToYaml({ name, minSeconds, maxSeconds }: DeclaredTtl): object {
  return { name, min: formatDuration(minSeconds), max: formatDuration(maxSeconds) };
}
