import { quote } from "../core/labels.ts";
import type {
  Authorization,
  BasicAuth,
  HttpSettings,
  ProxySettings,
  SecretSource,
  ServerSettings,
  TlsSettings,
  TlsVersion,
} from "./config.ts";
import type { FileValue } from "./file/file-value.ts";
import {
  choice,
  defaulted,
  duration,
  file,
  flag,
  list,
  mapping,
  optional,
  parsed,
  section,
  text,
  type Kind,
  type Values,
} from "./file/kinds.ts";
import { parsePositiveDuration, parseTimer } from "../core/duration.ts";
import { Secret } from "./secret.ts";
import { parseProxyUrl } from "./url.ts";

/** The HTTP settings of a server. Names and exclusions are those of a scrape_config of Prometheus. */

/** The text of one of the keys `x` and `x_file`, of which at most one may be set; null: neither is. */
export function sourceOf<Key extends string>(
  key: Key,
  values: { readonly [K in Key | `${Key}_file`]: string | undefined },
  at: FileValue,
): SecretSource | null {
  const fileKey = `${key}_file` as const;
  if (at.has(key) && at.has(fileKey)) {
    at.to(fileKey).errorAtKey(`at most one of ${key} and ${fileKey} can be set`);
  }
  // Also if its value is wrong.
  if (at.has(fileKey)) return { file: values[fileKey] ?? "" };
  return at.has(key) ? inline(values[key] ?? "") : null;
}

function inline(value: string): SecretSource {
  return { secret: new Secret(value) };
}

/** Seconds over 0 and up to a day. */
export function timer(why: string): Kind<number> {
  return duration((written) => Math.min(parsePositiveDuration(written, why), parseTimer(written)));
}

const basicAuth: Kind<BasicAuth> = section(
  {
    username: optional(text("a user name"), "User name."),
    username_file: optional(file, "File that holds the user name."),
    password: optional(text("a password"), "Password."),
    password_file: optional(file, "File that holds the password."),
  },
  (values, at) => {
    const username = sourceOf("username", values, at);
    const password = sourceOf("password", values, at);
    if (username === null && password === null) at.error("basic_auth needs a username and a password");
    if (values.username?.includes(":")) at.to("username").error("a user name cannot hold a colon");
    // Prometheus lets either be left out, for servers that check the other one only.
    return { username: username ?? inline(""), password: password ?? inline("") };
  },
);

/** RFC 9110, 5.6.2: an authentication scheme, the name of a header. */
const httpToken = /^[\w!#$%&'*+.^`|~-]+$/;

const authorization: Kind<Authorization> = section(
  {
    type: defaulted(text("an authentication scheme like Bearer"), "Bearer", "The authentication scheme."),
    credentials: optional(text("a token"), "What follows the scheme in the header."),
    credentials_file: optional(file, "File that holds the credentials."),
  },
  (values, at) => {
    const type = values.type.trim();
    if (type.toLowerCase() === "basic") {
      at.to("type").error('the type cannot be "basic": use basic_auth instead');
    } else if (!httpToken.test(type)) {
      at.to("type").error("the type must be one word like Bearer");
    }
    const credentials = sourceOf("credentials", values, at);
    if (credentials === null) at.error("authorization needs credentials or credentials_file");
    return { type, credentials: credentials ?? inline("") };
  },
);

/** Prometheus' spelling to Node's. */
export const tlsVersions = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const satisfies Record<string, TlsVersion>;

export const tlsVersion = choice("TLS10", "TLS11", "TLS12", "TLS13");

const tls: Kind<TlsSettings> = section(
  {
    ca: optional(text("a certificate (PEM)"), "Certificates of the authorities to trust, PEM."),
    ca_file: optional(file, "File with the certificates of the authorities to trust."),
    cert: optional(text("a certificate (PEM)"), "The client's certificate, PEM. Needs key or key_file."),
    cert_file: optional(file, "File with the client's certificate. Needs key or key_file."),
    key: optional(text("a key (PEM)"), "The client's key, PEM. Needs cert or cert_file."),
    key_file: optional(file, "File with the client's key. Needs cert or cert_file."),
    server_name: optional(
      text("a host name"),
      "The name in the server's certificate, if not the URL's host.",
    ),
    insecure_skip_verify: optional(flag, "Accept any certificate."),
    min_version: optional(tlsVersion, "Oldest TLS version to accept."),
    max_version: optional(tlsVersion, "Newest TLS version to offer."),
  },
  (values, at) => {
    const { min_version: min, max_version: max } = values;
    if (min !== undefined && max !== undefined && min > max) {
      at.to("max_version").error(`max_version must not be older than min_version, ${min}`);
    }
    const ca = sourceOf("ca", values, at);
    const cert = sourceOf("cert", values, at);
    const key = sourceOf("key", values, at);
    if (cert !== null && key === null) at.error("a client certificate needs its key: set key or key_file");
    if (cert === null && key !== null) at.error("a client key needs its certificate: set cert or cert_file");
    return {
      ca,
      client: cert === null || key === null ? null : { cert, key },
      serverName: values.server_name ?? null,
      insecureSkipVerify: values.insecure_skip_verify ?? false,
      minVersion: min === undefined ? null : tlsVersions[min],
      maxVersion: max === undefined ? null : tlsVersions[max],
    };
  },
);

/** Set by the janitor itself, part of the connection, or reserved by Prometheus. */
const reservedHeaders: ReadonlySet<string> = new Set(
  [
    "accept accept-encoding authorization connection content-encoding content-length content-type expect host keep-alive",
    "proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade user-agent www-authenticate",
    "x-amz-content-sha256 x-amz-date x-amz-security-token",
    "x-prometheus-remote-read-version x-prometheus-remote-write-version x-prometheus-scrape-timeout-seconds",
  ].flatMap((names) => names.split(" ")),
);

function checkHeaderName(name: string, at: FileValue): boolean {
  const isName = httpToken.test(name) && name !== "__proto__";
  if (!isName) at.errorAtKey(`${quote(name)} is not the name of a header`);
  return isName;
}

function checkSettableName(name: string, at: FileValue): boolean {
  const lower = name.toLowerCase();
  if (reservedHeaders.has(lower)) {
    const instead = lower === "authorization" ? ": use basic_auth or authorization instead" : "";
    at.errorAtKey(`the header ${name} cannot be set${instead}`);
  }
  return checkHeaderName(name, at);
}

/** A value of a header, also for the answers of the janitor's own web server. */
export function checkHeaderValue(value: string, at: FileValue | undefined): void {
  if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
    at?.error("the value of a header is one line of Latin-1 characters");
  }
}

const headerValues: Kind<readonly SecretSource[]> = list(
  parsed("text", (value, at): SecretSource => {
    checkHeaderValue(value, at);
    return inline(value);
  }),
  "a list of texts",
);

const headerKeys = {
  values: optional(headerValues, "Values that may be shown."),
  secrets: optional(headerValues, "Values that are never shown."),
  files: optional(list(file, "a list of file paths"), "Files that each hold a value."),
};

const header: Kind<readonly SecretSource[]> = section(headerKeys, ({ values, secrets, files }, at) => {
  const isEmpty = at.entries.every(([key, { items }]) => key in headerKeys && items.length === 0);
  if (isEmpty) at.errorAtKey("a header needs at least one of values, secrets and files");
  return [...(values ?? []), ...(secrets ?? []), ...(files ?? []).map((name) => ({ file: name }))];
});

export const httpKeys = {
  basic_auth: optional(basicAuth, "Basic authentication. Not together with authorization."),
  authorization: optional(authorization, "The Authorization header. Not together with basic_auth."),
  tls_config: optional(tls, "TLS settings."),
  proxy_url: optional(
    parsed("a URL like http://proxy:3128", parseProxyUrl),
    "Proxy to reach the server through.",
  ),
  no_proxy: optional(
    text("hosts, separated by commas"),
    "Hosts to reach without the proxy, as in NO_PROXY: names (example.com: it and all below it, .example.com: all below it), addresses, networks, host:port, *. This machine is then among them. Needs proxy_url.",
  ),
  proxy_from_environment: optional(
    flag,
    "Take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Not together with proxy_url.",
  ),
  proxy_connect_header: optional(
    mapping(headerValues, "a mapping of header names", checkHeaderName),
    "Headers for the CONNECT request to the proxy, which is made for https URLs only.",
  ),
  http_headers: optional(
    mapping(header, "a mapping of header names", checkSettableName),
    "Headers to send with every request.",
  ),
};

type HttpValues = Values<typeof httpKeys>;

/** The keys of a server that is asked by HTTP. */
export function serverKeys(defaultTimeout: string, timeoutDescription: string) {
  const timeout = timer("with it every request fails at once");
  return { timeout: defaulted(timeout, defaultTimeout, timeoutDescription), ...httpKeys };
}

export function toServerSettings(
  values: HttpValues & { readonly timeout: number },
  at: FileValue,
): Pick<ServerSettings, "timeoutSeconds" | "http"> {
  return { timeoutSeconds: values.timeout, http: toHttpSettings(values, at) };
}

export function toHttpSettings(values: HttpValues, at: FileValue): HttpSettings {
  if (at.has("basic_auth") && at.has("authorization")) {
    at.to("authorization").errorAtKey("at most one of basic_auth and authorization can be set");
  }
  return {
    basicAuth: values.basic_auth ?? null,
    authorization: values.authorization ?? null,
    tls: values.tls_config ?? null,
    proxy: toProxySettings(values, at),
    headers: values.http_headers ?? new Map(),
  };
}

function toProxySettings(values: HttpValues, at: FileValue): ProxySettings | null {
  const reject = (key: string, message: string): void => {
    if (at.has(key)) at.to(key).errorAtKey(message);
  };
  const connectHeaders = values.proxy_connect_header ?? new Map<string, readonly SecretSource[]>();
  if (values.proxy_from_environment === true) {
    reject("proxy_url", "at most one of proxy_url and proxy_from_environment can be set");
    reject("no_proxy", "no_proxy has no effect with proxy_from_environment: set NO_PROXY in the environment");
    return { url: null, noProxy: null, connectHeaders };
  }
  if (!at.has("proxy_url")) {
    reject("no_proxy", "no_proxy has no effect without proxy_url");
    reject(
      "proxy_connect_header",
      "proxy_connect_header has no effect without proxy_url or proxy_from_environment",
    );
  }
  if (values.proxy_url === undefined) return null;
  return { url: new Secret(values.proxy_url), noProxy: values.no_proxy ?? null, connectHeaders };
}
