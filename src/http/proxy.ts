import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

import { withoutBrackets } from "../core/address.ts";

/** A forward proxy in front of a server. */
export interface Proxy {
  /** `http://host:port` or `https://host:port`, with user and password if it wants them. */
  readonly url: string;
  /** Sent with CONNECT, which is what https servers are reached by. */
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
}

/** The variables of the process, as Go and curl read them: in capitals or not, capitals first. */
export type Environment = Readonly<Record<string, string | undefined>>;

type EnvironmentProxy =
  | { readonly ok: true; /** null: none is needed. */ readonly url: string | null }
  | { readonly ok: false; /** Never holds the value, which may hold a password. */ readonly message: string };

/** The proxy that HTTP_PROXY or HTTPS_PROXY names for a server, unless NO_PROXY names the server. */
export function findEnvironmentProxy(serverUrl: string, env: Environment): EnvironmentProxy {
  const name = serverUrl.startsWith("https:") ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = lookUp(env, name);
  if (value === "" || isExemptFromProxy(lookUp(env, "NO_PROXY"), serverUrl)) return { ok: true, url: null };
  const url = value.includes("://") ? value : `http://${value}`;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return { ok: true, url };
  // Without the proxy that was asked for, the request could reach another server.
  return { ok: false, message: `${name}: a proxy's URL must look like http://proxy:3128` };
}

function lookUp(env: Environment, name: string): string {
  return env[name] || env[name.toLowerCase()] || "";
}

/** How a proxy may be named in messages: without user, password and path. */
export function displayProxy(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** The port of a URL; the one of its scheme where it names none. */
export function portOf({ protocol, port }: Readonly<Record<"protocol" | "port", string>>): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** The header that carries the proxy's own login; none if its URL has no user. */
export function proxyAuthorization(url: string): Readonly<Record<string, string>> {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

/** The parts of the proxy's login that must not be shown. */
export function proxySecrets(url: string): readonly string[] {
  const { username, password } = new URL(url);
  const pair = proxyAuthorization(url)["proxy-authorization"]?.replace("Basic ", "") ?? "";
  // A user without a password is a token.
  return [decoded(password === "" ? username : password), pair];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that escapes nothing is itself.
    return text;
  }
}

/**
 * Whether a list in the form of NO_PROXY names a server, so that it is reached without the proxy. The rules are those of Go's
 * `httpproxy`, which is what Prometheus reads `no_proxy` with:
 * - entries are separated by commas; each may end in `:port`, and then counts for that port only
 * - `example.com` is that host and every one below it, `.example.com` and `*.example.com` only those below it
 * - an IP address is that address, `10.0.0.0/8` every address of that network; names are not looked up
 * - `*` is everything
 * - localhost and loopback addresses are never reached through a proxy, whatever the list says
 */
export function isExemptFromProxy(noProxy: string, url: string): boolean {
  const server = new URL(url);
  const host = withoutBrackets(server.hostname);
  const target: ProxiedServer = {
    host,
    family: familyOf(host),
    port: String(portOf(server)),
  };
  if (host === "localhost" || isLoopback(target)) return true;
  const entries = noProxy.split(",").map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => entry === "*" || names(entry, target));
}

type Family = "ipv4" | "ipv6" | null;

interface ProxiedServer {
  readonly host: string;
  /** null: a name. */
  readonly family: Family;
  readonly port: string;
}

function names(entry: string, target: ProxiedServer): boolean {
  const network = /^([^/]*)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return isInNetwork(network[1] ?? "", Number(network[2]), target);
  const { host, port } = splitPort(entry);
  if (port !== "" && port !== target.port) return false;
  return isIP(host) === 0 ? isBelow(host, target.host) : isInNetwork(host, null, target);
}

/** `bits` null: only the address itself. An IPv4 address in IPv6 spelling is the same address. */
function isInNetwork(address: string, bits: number | null, { host, family }: ProxiedServer): boolean {
  const ofNetwork = familyOf(address);
  if (ofNetwork === null || family === null) return false;
  const list = new BlockList();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (bits === null) list.addAddress(mapped ?? address, mapped === undefined ? ofNetwork : "ipv4");
  else if (bits <= (ofNetwork === "ipv4" ? 32 : 128)) list.addSubnet(address, bits, ofNetwork);
  return list.check(host, family);
}

function isLoopback(target: ProxiedServer): boolean {
  return isInNetwork("127.0.0.0", 8, target) || isInNetwork("::1", null, target);
}

function isBelow(domain: string, host: string): boolean {
  const bare = domain.replace(/^\*(?=\.)/, "");
  const onlyBelow = bare.startsWith(".");
  const ascii = domainToASCII(onlyBelow ? bare.slice(1) : bare);
  if (ascii === "") return false;
  return host.endsWith(`.${ascii}`) || (!onlyBelow && host === ascii);
}

/** `host:port`, `[::1]:port`, `[::1]`; an IPv6 address without brackets has no port. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const [, host = entry, port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry) ?? [];
  return { host: withoutBrackets(host), port };
}

function familyOf(host: string): Family {
  const version = isIP(host);
  return version === 4 ? "ipv4" : version === 6 ? "ipv6" : null;
}
