import type { DiscoverySettings, FoundGatewaySettings } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { decodeHttpSettings } from "./http-settings.ts";
import { decodeTimeout, decodeTimer } from "./scalars.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { has } from "./sources.ts";
import { parseDiscoveryUrl, parsePathPrefix } from "./url.ts";

type ConfigDraft = Draft<ConfigInput>;
type FileDraft = Draft<ConfigInput["file_sd_configs"][number]>;
type HttpDraft = Draft<ConfigInput["http_sd_configs"][number]>;
type DnsDraft = Draft<ConfigInput["dns_sd_configs"][number]>;
type GatewayDraft = FileDraft["gateway"];

/** In the order in which their gateways are named: files, HTTP, DNS. */
export function decodeDiscoveries(draft: ConfigDraft, root: Cursor): readonly DiscoverySettings[] {
  return [
    ...each(draft.file_sd_configs, root.to("file_sd_configs"), decodeFileDiscovery),
    ...each(draft.http_sd_configs, root.to("http_sd_configs"), decodeHttpDiscovery),
    ...each(draft.dns_sd_configs, root.to("dns_sd_configs"), decodeDnsDiscovery),
  ];
}

function each<D>(
  drafts: readonly (D | undefined)[] | undefined,
  at: Cursor,
  decode: (draft: D, at: Cursor) => DiscoverySettings,
): readonly DiscoverySettings[] {
  return (drafts ?? []).flatMap((draft, index) => (draft === undefined ? [] : [decode(draft, at.to(index))]));
}

function decodeFileDiscovery(draft: FileDraft, at: Cursor): DiscoverySettings {
  const files = (draft.files ?? []).map((file = "", index) => {
    const here = at.to("files", index);
    if (file !== "") checkFilePattern(file, here);
    return here.resolve(file);
  });
  return { mechanism: "file", files, ...decodeCommon(draft, at, "5m") };
}

/** A wildcard in a folder's name is what Prometheus refuses, too. */
function checkFilePattern(pattern: string, at: Cursor): void {
  const folder = pattern.slice(0, pattern.lastIndexOf("/") + 1);
  if (!/\.(?:json|ya?ml)$/i.test(pattern)) at.error("the file's name must end in .json, .yml or .yaml");
  else if (/[*?]/.test(folder)) at.error("* and ? are allowed in the file's name only, not in a folder's");
  else if (/[[\]\\]/.test(pattern)) at.error("of wildcards, only * and ? are known");
}

function decodeHttpDiscovery(draft: HttpDraft, at: Cursor): DiscoverySettings {
  return {
    mechanism: "http",
    url: draft.url === undefined ? "" : at.to("url").parse(draft.url, parseDiscoveryUrl, ""),
    http: decodeHttpSettings(draft, at),
    ...decodeCommon(draft, at, "60s"),
  };
}

function decodeDnsDiscovery(draft: DnsDraft, at: Cursor): DiscoverySettings {
  const { type = "SRV", port } = draft;
  const names = (draft.names ?? []).map((name = "", index) => {
    const isName = /^(?=.{1,253}$)[\w-]+(?:\.[\w-]+)*\.?$/.test(name);
    if (name !== "" && !isName) at.to("names", index).error("this is not a DNS name");
    return name;
  });
  if (type !== "SRV" && !has(draft, "port")) at.error(`${type} records have no port: set port`);
  if (type === "SRV" && port !== undefined)
    at.to("port").warn("has no effect: SRV records have their own port");
  return { mechanism: "dns", names, type, port: port ?? null, ...decodeCommon(draft, at, "30s") };
}

function decodeCommon(
  draft: FileDraft | HttpDraft | DnsDraft,
  at: Cursor,
  defaultInterval: string,
): Pick<DiscoverySettings, "refreshSeconds" | "gateway"> {
  const text = has(draft, "refresh_interval") ? draft.refresh_interval : defaultInterval;
  return {
    refreshSeconds: decodeTimer(text, at.to("refresh_interval"), "it would ask without a pause"),
    gateway: decodeFoundGateway(draft.gateway, at.to("gateway")),
  };
}

function decodeFoundGateway(draft: GatewayDraft = {}, at: Cursor): FoundGatewaySettings {
  const { scheme = "http", source = "api", path_prefix: prefix, allow_link_local: linkLocal } = draft;
  return {
    scheme,
    pathPrefix: prefix === undefined ? "" : at.to("path_prefix").parse(prefix, parsePathPrefix, ""),
    allowLinkLocal: linkLocal === true,
    source,
    timeoutSeconds: decodeTimeout(has(draft, "timeout") ? draft.timeout : "60s", at.to("timeout")),
    http: decodeHttpSettings(draft, at),
  };
}
