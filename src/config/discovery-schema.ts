import { http } from "./http-schema.ts";
import { choice, duration, flag, list, section, text, wholeNumber } from "./schema-values.ts";

const gateway = section({
  scheme: choice("http", "https")
    .optional()
    .describe("How the gateways are reached, unless the label `__scheme__` of a target says otherwise.")
    .meta({ default: "http" }),
  path_prefix: text("a path like /pushgateway")
    .optional()
    .describe("Their route prefix, unless the label `__path_prefix__` of a target says otherwise."),
  allow_link_local: flag()
    .optional()
    .describe(
      "Also reach gateways at link-local addresses (169.254.0.0/16, fe80::/10), where clouds hand out credentials.",
    )
    .meta({ default: false }),
  source: choice("api", "auto", "exposition")
    .optional()
    .describe("As of a Pushgateway in the list.")
    .meta({ default: "api" }),
  timeout: duration().optional().describe("For one request to a gateway.").meta({ default: "60s" }),
  ...http,
});

const gatewaySettings = gateway
  .optional()
  .describe("How to reach the gateways that are found: TLS, credentials and the like.");

const refreshInterval = (interval: string) =>
  duration().optional().describe("How often `run` asks anew.").meta({ default: interval });

const fileDiscovery = section({
  files: list(text("the path of a file"), "a list of file paths like [gateways/*.yml]")
    .min(1, { error: "at least one file path" })
    .describe(
      "JSON or YAML files with target groups; * and ? are allowed in the file's name. Relative to this file.",
    ),
  refresh_interval: refreshInterval("5m"),
  gateway: gatewaySettings,
});

const httpDiscovery = section({
  url: text("a URL like http://localhost:8080/pushgateways").describe(
    "Answers GET with target groups as JSON.",
  ),
  refresh_interval: refreshInterval("60s"),
  ...http,
  gateway: gatewaySettings,
});

const dnsDiscovery = section({
  names: list(text("a DNS name"), "a list of DNS names")
    .min(1, { error: "at least one DNS name" })
    .describe("The names to look up."),
  type: choice("SRV", "A", "AAAA").optional().describe("Which records to ask for.").meta({ default: "SRV" }),
  port: wholeNumber(1, 65_535, "a port from 1 to 65535")
    .optional()
    .describe("The gateways' port. Required for A and AAAA; SRV records have their own."),
  refresh_interval: refreshInterval("30s"),
  gateway: gatewaySettings,
});

/** Prometheus' ways to find servers, with its names and formats. */
export const discoveries = {
  file_sd_configs: list(fileDiscovery, "a list of file discoveries")
    .min(1, { error: "at least one file discovery" })
    .optional()
    .describe("Files that name Pushgateways, as Prometheus reads them."),
  http_sd_configs: list(httpDiscovery, "a list of HTTP discoveries")
    .min(1, { error: "at least one HTTP discovery" })
    .optional()
    .describe("Servers that name Pushgateways, as Prometheus asks them."),
  dns_sd_configs: list(dnsDiscovery, "a list of DNS discoveries")
    .min(1, { error: "at least one DNS discovery" })
    .optional()
    .describe("DNS names behind which there are Pushgateways."),
};
