import type { SecretSource, TlsVersion } from "../config.ts";
import type { FileValue } from "../file/file-value.ts";
import type { FileResult } from "../file/read-file.ts";
import {
  choice,
  defaulted,
  file,
  flag,
  mapping,
  optional,
  parsed,
  section,
  text,
  type Kind,
} from "../file/kinds.ts";
import { checkHeaderValue, sourceOf, tlsVersion, tlsVersions } from "../http-settings.ts";
import { Secret } from "../secret.ts";

/** The settings in a web configuration file, checked, with the certificates that it names.*/
export interface WebConfig {
  /** The file it was read from, as it was named. */
  readonly path: string;
  /** All files it is made of, itself included: when one changes, it is to be read again. Absolute, but for its own. */
  readonly files: readonly string[];
  /** null: plain HTTP. */
  readonly tls: WebTls | null;
  /** Names and values of headers that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hashes of the users' passwords. Empty: everybody may read. */
  readonly users: ReadonlyMap<string, Secret>;
}

export interface WebTls {
  /** The server's certificate and those of the authorities between it and the root, PEM. */
  readonly cert: string;
  /** PEM; belongs to `cert`. */
  readonly key: Secret;
  /** Certificates of the authorities that clients' certificates come from, PEM; null: Node's own list. */
  readonly clientCa: string | null;
  readonly requiresClientCertificate: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

export type WebLoadResult = FileResult<WebConfig>;

/** {@link WebTls} before the files are read, and where to report what is wrong with those. */
export interface WebTlsSources extends Omit<WebTls, "cert" | "key" | "clientCa"> {
  readonly cert: SecretSource;
  readonly key: SecretSource;
  readonly clientCa: SecretSource | null;
  readonly at: FileValue;
}

const tlsKeys = {
  cert: optional(text("a certificate (PEM)")),
  cert_file: optional(file),
  key: optional(text("a key (PEM)")),
  key_file: optional(file),
  client_auth_type: defaulted(choice("NoClientCert", "RequireAndVerifyClientCert"), "NoClientCert"),
  client_ca: optional(text("certificates (PEM)")),
  client_ca_file: optional(file),
  min_version: defaulted(tlsVersion, "TLS12"),
  max_version: defaulted(tlsVersion, "TLS13"),
};

/** null: plain HTTP. */
const tls = section(tlsKeys, (values, at): WebTlsSources | null => {
  // As the exporters do, for files made from templates.
  if (at.entries.length === 0) return null;
  const cert = sourceOf("cert", values, at);
  const key = sourceOf("key", values, at);
  if (cert === null) at.error("tls_server_config needs the server's certificate: set cert_file or cert");
  if (key === null) at.error("tls_server_config needs the key of the certificate: set key_file or key");
  const clientCa = sourceOf("client_ca", values, at);
  const requiresClientCertificate = values.client_auth_type === "RequireAndVerifyClientCert";
  checkClientAuth(requiresClientCertificate, clientCa, at);
  const { min_version: min, max_version: max } = values;
  if (min > max) {
    const where = at.get("max_version") ?? at.to("min_version");
    where.error(`max_version, ${max}, must not be older than min_version, ${min}`);
  }
  if (min < "TLS12") at.to("min_version").warn("TLS before 1.2 is broken: nothing has needed it for years");
  return cert === null || key === null
    ? null
    : {
        cert,
        key,
        clientCa,
        requiresClientCertificate,
        minVersion: tlsVersions[min],
        maxVersion: tlsVersions[max],
        at,
      };
});

function checkClientAuth(isRequired: boolean, clientCa: SecretSource | null, at: FileValue): void {
  const type = at.get("client_auth_type");
  if (isRequired && clientCa === null) {
    type?.warn(
      "without client_ca_file a certificate of any public authority will do: did you mean to set it?",
    );
  }
  // Another type has been reported.
  if (isRequired || (type !== undefined && type.content !== "NoClientCert")) return;
  for (const key of ["client_ca", "client_ca_file"]) {
    at.get(key)?.errorAtKey(`${key} has no effect without client_auth_type: RequireAndVerifyClientCert`);
  }
}

/** An empty one counts as not set. */
const headerValue = parsed(
  "text",
  (value, at) => {
    checkHeaderValue(value, at);
    return value;
  },
  { mayBeEmpty: true },
);

const headers = section(
  {
    "Strict-Transport-Security": optional(headerValue),
    "X-Content-Type-Options": optional(choice("nosniff")),
    "X-Frame-Options": optional(choice("deny", "sameorigin")),
    "X-XSS-Protection": optional(headerValue),
    "Content-Security-Policy": optional(headerValue),
  },
  (values): WebConfig["headers"] =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) =>
        value === undefined || value === "" ? [] : [[name, value] as const],
      ),
    ),
);

const httpServer = section(
  { http2: optional(flag), headers: optional(headers) },
  (values, at): WebConfig["headers"] => {
    if (values.http2 === true) at.to("http2").warn("HTTP/2 is not spoken here: clients get HTTP/1.1");
    return values.headers ?? {};
  },
);

/** bcrypt in JavaScript takes a third of a second at this cost, and twice as long with each more. */
const slowCost = 12;

interface User {
  readonly hash: Secret;
  readonly cost: number;
}

const users = mapping(
  parsed("a bcrypt hash", (hash, at): User => {
    const cost = Number(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1]);
    // Messages never repeat what is there: it may be the password itself.
    if (!(cost >= 4 && cost <= 31)) {
      at?.error(`this is not a bcrypt hash: make one with htpasswd -nBC 10 ""`);
    } else if (cost > slowCost) {
      at?.warn(`a cost of ${cost} makes logins slow: 10 is what others use`);
    }
    return { hash: new Secret(hash), cost };
  }),
  "a mapping of user names to bcrypt hashes",
  (name, at) => {
    if (name.includes(":")) at.errorAtKey("a user name cannot hold a colon");
    return true;
  },
);

/**
 * The keys of a web configuration file, as Prometheus and its exporters take it, without the rare ones:
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */
export const webYml: Kind<
  Pick<WebConfig, "headers" | "users"> & { readonly tlsSources: WebTlsSources | null }
> = section(
  {
    tls_server_config: optional(tls),
    http_server_config: optional(httpServer),
    basic_auth_users: optional(users),
  },
  (values, at) => {
    const byName = [...(values.basic_auth_users ?? [])];
    // A wrong password takes as long as the hash of its user.
    if (new Set(byName.map(([, { cost }]) => cost)).size > 1) {
      at.to("basic_auth_users").warn(
        "users with different bcrypt costs can be told apart: use one cost for all",
      );
    }
    return {
      tlsSources: values.tls_server_config ?? null,
      headers: values.http_server_config ?? {},
      users: new Map(byName.map(([name, { hash }]) => [name, hash])),
    };
  },
);
