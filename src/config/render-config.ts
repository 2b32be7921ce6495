import { stringify } from "yaml";

import { formatDuration } from "../core/duration.ts";
import { formatMatcher } from "../core/matcher.ts";
import type { Rule } from "../core/rule.ts";
import type {
  Config,
  DiscoverySettings,
  HttpHeader,
  HttpSettings,
  ProxySettings,
  PushgatewaySettings,
  SecretSource,
  TextSource,
  TlsVersion,
} from "./config.ts";
import { tlsVersions } from "./http-settings.ts";
import { displayDiscoveryUrl } from "./url.ts";

/** The configuration in force as a janitor.yml with all defaults filled in; secrets stand as `<secret>`. */
export function renderConfig(config: Config): string {
  const { limits, archive, prometheus } = config;
  return stringify({
    schedule: config.schedule,
    timezone: config.timezone,
    dry_run: config.dryRun,
    log_level: config.logLevel,
    ...gatewaysToYaml(config),
    limits: {
      max_delete_ratio: limits.maxDeleteRatio,
      ratio_min_groups: limits.ratioMinGroups,
      max_deletes: limits.maxDeletes,
      deletes_per_second: limits.deletesPerSecond,
      max_outage: formatDuration(limits.maxOutageSeconds),
      max_evidence_age:
        limits.maxEvidenceAgeSeconds === null ? "auto" : formatDuration(limits.maxEvidenceAgeSeconds),
    },
    ...(archive === null
      ? {}
      : { archive: { dir: archive.dir, retention: formatDuration(archive.retentionSeconds) } }),
    ...(prometheus === null
      ? {}
      : {
          prometheus: {
            url: prometheus.url,
            timeout: formatDuration(prometheus.timeoutSeconds),
            ...httpToYaml(prometheus.http),
          },
        }),
    rules: config.rules.map(ruleToYaml),
  });
}

/** Keys without entries are left out: an empty list is none that a file may hold. */
function gatewaysToYaml({ pushgateways, discoveries }: Config): object {
  const of = (mechanism: DiscoverySettings["mechanism"]): readonly object[] =>
    discoveries.filter((one) => one.mechanism === mechanism).map(discoveryToYaml);
  const lists = {
    pushgateways: pushgateways.map(gatewayToYaml),
    file_sd_configs: of("file"),
    http_sd_configs: of("http"),
    dns_sd_configs: of("dns"),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function discoveryToYaml(discovery: DiscoverySettings): object {
  const { scheme, pathPrefix, allowLinkLocal, source, timeoutSeconds, http } = discovery.gateway;
  return {
    ...placeToYaml(discovery),
    refresh_interval: formatDuration(discovery.refreshSeconds),
    gateway: {
      scheme,
      ...(pathPrefix === "" ? {} : { path_prefix: pathPrefix }),
      ...(allowLinkLocal ? { allow_link_local: true } : {}),
      source,
      timeout: formatDuration(timeoutSeconds),
      ...httpToYaml(http),
    },
  };
}

function placeToYaml(discovery: DiscoverySettings): object {
  switch (discovery.mechanism) {
    case "file":
      return { files: discovery.files };
    case "http":
      return { url: displayDiscoveryUrl(discovery.url), ...httpToYaml(discovery.http) };
    case "dns": {
      const { names, type, port } = discovery;
      return { names, type, ...(port === null ? {} : { port }) };
    }
  }
}

function gatewayToYaml({ name, url, source, timeoutSeconds, http }: PushgatewaySettings): object {
  return { name, url, source, timeout: formatDuration(timeoutSeconds), ...httpToYaml(http) };
}

function httpToYaml({ basicAuth, authorization, tls, proxy, headers }: HttpSettings): object {
  return {
    ...(basicAuth === null
      ? {}
      : {
          basic_auth: {
            ...texts("username", basicAuth.username),
            ...secrets("password", basicAuth.password),
          },
        }),
    ...(authorization === null
      ? {}
      : {
          authorization: { type: authorization.type, ...secrets("credentials", authorization.credentials) },
        }),
    ...(tls === null
      ? {}
      : {
          tls_config: {
            ...(tls.ca === null ? {} : texts("ca", tls.ca)),
            ...(tls.client === null
              ? {}
              : { ...texts("cert", tls.client.cert), ...secrets("key", tls.client.key) }),
            ...(tls.serverName === null ? {} : { server_name: tls.serverName }),
            insecure_skip_verify: tls.insecureSkipVerify,
            ...(tls.minVersion === null ? {} : { min_version: nameOfTlsVersion(tls.minVersion) }),
            ...(tls.maxVersion === null ? {} : { max_version: nameOfTlsVersion(tls.maxVersion) }),
          },
        }),
    ...(proxy === null ? {} : proxyToYaml(proxy)),
    ...(headers.length === 0 ? {} : { http_headers: headersToYaml(headers) }),
  };
}

function proxyToYaml(proxy: ProxySettings): object {
  const connectHeaders: Record<string, string[]> = {};
  for (const { name } of proxy.connectHeaders) (connectHeaders[name] ??= []).push("<secret>");
  return {
    ...(proxy.from === "environment"
      ? { proxy_from_environment: true }
      : // Its URL may hold a password.
        { proxy_url: String(proxy.url), ...(proxy.noProxy === null ? {} : { no_proxy: proxy.noProxy }) }),
    ...(proxy.connectHeaders.length === 0 ? {} : { proxy_connect_header: connectHeaders }),
  };
}

function nameOfTlsVersion(version: TlsVersion): string {
  return Object.entries(tlsVersions).find(([, node]) => node === version)?.[0] ?? version;
}

/** Also plain values: who sends a header often sends a token in it. */
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

function texts(key: string, source: TextSource): object {
  return "file" in source ? { [`${key}_file`]: source.file } : { [key]: source.text };
}

function secrets(key: string, source: SecretSource): object {
  return "file" in source ? { [`${key}_file`]: source.file } : { [key]: String(source.secret) };
}

function ruleToYaml(rule: Rule): object {
  const scope = { name: rule.name, matchers: rule.matchers.map(formatMatcher), action: rule.action };
  if (rule.action === "keep") return scope;
  const { ttlSeconds, since, keepLatest, ttlMetric, vanished } = rule;
  return {
    ...scope,
    ttl: formatDuration(ttlSeconds),
    since,
    ...(keepLatest === null
      ? {}
      : {
          keep_latest: {
            count: keepLatest.count,
            by: keepLatest.by.map((by) =>
              typeof by === "string" ? by : { label: by.label, regex: by.regex.pattern },
            ),
          },
        }),
    ...(vanished === null
      ? {}
      : {
          vanished: {
            query: vanished.query,
            label: vanished.groupLabel,
            ttl: formatDuration(vanished.ttlSeconds),
          },
        }),
    ...(ttlMetric === null
      ? {}
      : {
          ttl_metric: {
            name: ttlMetric.name,
            min: formatDuration(ttlMetric.minSeconds),
            max: formatDuration(ttlMetric.maxSeconds),
          },
        }),
  };
}
