import { isExemptFromProxy } from "./no-proxy.ts";

/** A forward proxy on the way to a server. */
export interface Proxy {
  /** `http://host:port` or `https://host:port`, with user and password if it wants them. */
  readonly url: string;
  /** Sent with CONNECT, which is what https servers are reached by. */
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
}

/** The variables of the process, as Go and curl read them: in capitals or not, capitals first. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type EnvironmentProxy =
  | { readonly ok: true; /** null: none is needed. */ readonly url: string | null }
  | { readonly ok: false; /** Never holds the value, which may hold a password. */ readonly message: string };

/** The proxy that HTTP_PROXY or HTTPS_PROXY names for a server, unless NO_PROXY names the server. */
export function findEnvironmentProxy(serverUrl: string, env: Environment): EnvironmentProxy {
  const name = serverUrl.startsWith("https:") ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = lookUp(env, name);
  if (value === "" || isExemptFromProxy(lookUp(env, "NO_PROXY"), serverUrl)) return { ok: true, url: null };
  const url = value.includes("://") ? value : `http://${value}`;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return { ok: true, url };
  // To go around a proxy that was asked for could reach another server.
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

/** The header that carries the proxy's own login; none if its URL has no user. */
export function proxyAuthorization(url: string): Readonly<Record<string, string>> {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

/** What of the proxy's login must not be shown. */
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
    // A percent sign that escapes nothing stands for itself.
    return text;
  }
}
