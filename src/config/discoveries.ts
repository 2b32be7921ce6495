import { parseDuration } from "../core/duration.ts";
import {
  defaultGatewayTimeout,
  gatewaySources,
  noHttpSettings,
  type DiscoverySettings,
  type FoundGatewaySettings,
} from "./config.ts";
import type { FileValue } from "./file/file-value.ts";
import {
  choice,
  defaulted,
  flag,
  list,
  numberIn,
  optional,
  parsed,
  required,
  section,
} from "./file/kinds.ts";
import { httpKeys, serverKeys, timer, toHttpSettings, toServerSettings } from "./http-settings.ts";
import { parseDiscoveryUrl, parsePathPrefix } from "./url.ts";

export const source = choice(...gatewaySources);

const foundGateway = section(
  {
    scheme: defaulted(
      choice("http", "https"),
      "http",
      "How the gateways are reached, unless the label `__scheme__` of a target says otherwise.",
    ),
    path_prefix: optional(
      parsed("a path like /pushgateway", parsePathPrefix),
      "Their route prefix, unless the label `__path_prefix__` of a target says otherwise.",
    ),
    allow_link_local: defaulted(
      flag,
      false,
      "Also reach gateways at link-local addresses (169.254.0.0/16, fe80::/10), where clouds hand out credentials.",
    ),
    source: defaulted(source, "api", "As of a Pushgateway in the list."),
    ...serverKeys(defaultGatewayTimeout, "For one request to a gateway."),
  },
  (values, at): FoundGatewaySettings => ({
    scheme: values.scheme,
    pathPrefix: values.path_prefix ?? "",
    allowLinkLocal: values.allow_link_local,
    source: values.source,
    ...toServerSettings(values, at),
  }),
);

/** As if the section were there and empty. */
const defaultGateway: FoundGatewaySettings = {
  scheme: "http",
  pathPrefix: "",
  allowLinkLocal: false,
  source: "api",
  timeoutSeconds: parseDuration(defaultGatewayTimeout),
  http: noHttpSettings,
};

const commonKeys = (interval: string) => ({
  refresh_interval: defaulted(timer("it would ask without a pause"), interval, "How often `run` asks anew."),
  gateway: optional(foundGateway, "How to reach the gateways that are found: TLS, credentials and the like."),
});

function common(values: {
  readonly refresh_interval: number;
  readonly gateway: FoundGatewaySettings | undefined;
}): Pick<DiscoverySettings, "refreshSeconds" | "gateway"> {
  return { refreshSeconds: values.refresh_interval, gateway: values.gateway ?? defaultGateway };
}

const filePattern = parsed("the path of a file", (pattern, at) => {
  if (at === undefined) return pattern;
  checkFilePattern(pattern, at);
  return at.resolve(pattern);
});

/** Prometheus refuses a wildcard in a folder's name, too. */
function checkFilePattern(pattern: string, at: FileValue): void {
  const folder = pattern.slice(0, pattern.lastIndexOf("/") + 1);
  if (!/\.(?:json|ya?ml)$/i.test(pattern)) at.error("the file's name must end in .json, .yml or .yaml");
  else if (/[*?]/.test(folder)) at.error("* and ? are allowed in the file's name only, not in a folder's");
  else if (/[[\]\\]/.test(pattern)) at.error("of wildcards, only * and ? are known");
}

const fileDiscovery = section(
  {
    files: required(
      list(filePattern, "a list of file paths like [gateways/*.yml]", { atLeast: "at least one file path" }),
      "JSON or YAML files with target groups; * and ? are allowed in the file's name. Relative to this file.",
    ),
    ...commonKeys("5m"),
  },
  (values): DiscoverySettings => ({ mechanism: "file", files: values.files ?? [], ...common(values) }),
);

const httpDiscovery = section(
  {
    url: required(
      parsed("a URL like http://localhost:8080/pushgateways", parseDiscoveryUrl),
      "Answers GET with target groups as JSON.",
    ),
    ...httpKeys,
    ...commonKeys("60s"),
  },
  (values, at): DiscoverySettings => ({
    mechanism: "http",
    url: values.url ?? "",
    http: toHttpSettings(values, at),
    ...common(values),
  }),
);

const dnsName = parsed("a DNS name", (name, at) => {
  if (!/^(?=.{1,253}$)[\w-]+(?:\.[\w-]+)*\.?$/.test(name)) at?.error("this is not a DNS name");
  return name;
});

const dnsDiscovery = section(
  {
    names: required(
      list(dnsName, "a list of DNS names", { atLeast: "at least one DNS name" }),
      "The names to look up.",
    ),
    type: defaulted(choice("SRV", "A", "AAAA"), "SRV", "Which records to ask for."),
    port: optional(
      numberIn({ min: 1, max: 65_535, whole: true, expected: "a port from 1 to 65535" }),
      "The gateways' port. Required for A and AAAA; SRV records have their own.",
    ),
    ...commonKeys("30s"),
  },
  (values, at): DiscoverySettings => {
    const { names = [], type, port = null } = values;
    if (type !== "SRV" && !at.has("port")) at.error(`${type} records have no port: set port`);
    if (type === "SRV" && port !== null) {
      at.to("port").warn("has no effect: SRV records have their own port");
    }
    return { mechanism: "dns", names, type, port, ...common(values) };
  },
);

/** Service discovery as in Prometheus, with its names and formats. */
export const discoveryKeys = {
  file_sd_configs: optional(
    list(fileDiscovery, "a list of file discoveries", { atLeast: "at least one file discovery" }),
    "Files that name Pushgateways, as Prometheus reads them.",
  ),
  http_sd_configs: optional(
    list(httpDiscovery, "a list of HTTP discoveries", { atLeast: "at least one HTTP discovery" }),
    "Servers that name Pushgateways, as Prometheus asks them.",
  ),
  dns_sd_configs: optional(
    list(dnsDiscovery, "a list of DNS discoveries", { atLeast: "at least one DNS discovery" }),
    "DNS names behind which there are Pushgateways.",
  ),
};
