import { findFoldable, isLinkLocal } from "../core/address.ts";
import { quote } from "../core/labels.ts";
import { ParseError } from "../core/errors.ts";
import { shorten, type Target } from "./answer.ts";

export interface FoundGateway {
  readonly name: string;
  /** As a Pushgateway's in the configuration: normalised, with its route prefix, without a slash at the end. */
  readonly url: string;
}

/** For targets whose labels do not say otherwise. */
export interface TargetDefaults {
  readonly scheme: "http" | "https";
  /** Begins with a slash and does not end with one; or empty. */
  readonly pathPrefix: string;
  readonly allowLinkLocal: boolean;
}

/**
 * The gateway that a target names. Its address is Prometheus' `host:port`, `[::1]:9091` for IPv6. These labels count:
 * - `__scheme__`
 * - `__path_prefix__`, or what precedes `/metrics` in `__metrics_path__`
 * - `name`, else `instance`, for the gateway's name, which else is its address
 * @throws {@link ParseError}
 */
export function toGateway({ address, labels }: Target, defaults: TargetDefaults): FoundGateway {
  const scheme = labels.get("__scheme__") ?? defaults.scheme;
  if (scheme !== "http" && scheme !== "https") {
    throw new ParseError(`its label __scheme__ is ${shown(scheme)}, not http or https`);
  }
  const host = parseAddress(address, scheme, defaults);
  return {
    name: parseName(labels.get("name") ?? labels.get("instance") ?? host),
    url: `${scheme}://${host}${findPrefix(labels) ?? defaults.pathPrefix}`,
  };
}

const maxAddressLength = 300;

function parseAddress(address: string, scheme: string, { allowLinkLocal }: TargetDefaults): string {
  if (address.includes("@")) throw new ParseError("a target must not hold credentials");
  if (address.includes("/")) {
    throw new ParseError(
      "a target is host:port, without a scheme and a path: they come from the labels __scheme__ and __path_prefix__",
    );
  }
  const isAddress = /^(?:\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::\d{1,5})?$/i.test(address);
  if (!isAddress || address.length > maxAddressLength || !URL.canParse(`${scheme}://${address}`)) {
    throw new ParseError("a target is host:port");
  }
  const url = new URL(`${scheme}://${address}`);
  if (url.port === "0") throw new ParseError("a target is host:port, and the port is not 0");
  if (isLinkLocal(url.hostname) && !allowLinkLocal) {
    throw new ParseError(
      `${url.hostname} is link-local, as the services are that give credentials to cloud machines; if a gateway is there, set gateway.allow_link_local: true`,
    );
  }
  return url.host;
}

function findPrefix(labels: Target["labels"]): string | undefined {
  const prefix = labels.get("__path_prefix__");
  if (prefix !== undefined) return parsePrefix("__path_prefix__", prefix);
  const metricsPath = labels.get("__metrics_path__");
  if (metricsPath === undefined) return undefined;
  const path = /^(.*)\/metrics$/s.exec(metricsPath)?.[1];
  if (path === undefined)
    throw new ParseError(
      `its label __metrics_path__ is ${shown(metricsPath)}, which does not end in /metrics`,
    );
  return parsePrefix("__metrics_path__", path);
}

function parsePrefix(label: string, text: string): string {
  const path = text.replace(/\/$/, "");
  // Nothing that ends the path for a URL parser, or that a terminal obeys.
  const isPlain = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)*$/.test(path) && findFoldable(path) === null;
  if (!isPlain || path.length > maxAddressLength)
    throw new ParseError(`its label ${label} is ${shown(text)}, not a plain path like /pushgateway`);
  return path;
}

const maxNameLength = 128;

/** It becomes a label value, and is shown in logs and reports. */
function parseName(name: string): string {
  if (name === "") throw new ParseError("its name is empty");
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name) || !name.isWellFormed())
    throw new ParseError("its name holds control characters");
  if (Array.from(name).length > maxNameLength)
    throw new ParseError(`its name is longer than ${maxNameLength} characters`);
  return name;
}

function shown(text: string): string {
  return quote(shorten(text));
}
