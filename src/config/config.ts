import { ParseError } from "../core/errors.ts";
import { defaultLimits, type Limits } from "../core/limits.ts";
import type { LogLevel } from "../core/log.ts";
import type { Rule } from "../core/rule.ts";
import type { FileResult } from "./file/read-file.ts";
import type { Secret } from "./secret.ts";

/** The settings in janitor.yml, checked and complete: defaults are filled in, paths are absolute. */
export interface Config {
  /** The file it was read from, as it was named. */
  readonly path: string;
  /** All files it is made of, itself included: when one changes, it is to be read again. Absolute, but for its own. */
  readonly files: readonly string[];
  /** Cron, 5 or 6 fields. */
  readonly schedule: string;
  /** IANA name. */
  readonly timezone: string;
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
  /** Names and URLs are unique. At least one, or one discovery. */
  readonly pushgateways: readonly PushgatewaySettings[];
  /** Where more of them are found. */
  readonly discoveries: readonly DiscoverySettings[];
  readonly limits: Limits;
  readonly archive: ArchiveSettings | null;
  readonly prometheus: PrometheusSettings | null;
  readonly notifications: readonly NotificationSettings[];
  /** At least one; names are unique. */
  readonly rules: readonly Rule[];
  /** All of it for people, as janitor.yml has it: defaults are filled in, secrets are hidden. */
  readonly shown: object;
}

/** A server that is asked by HTTP. */
export interface ServerSettings {
  /** With the route prefix, without a slash at its end, credentials, query or fragment. */
  readonly url: string;
  /** Over 0. */
  readonly timeoutSeconds: number;
  /** Whether its name may have a link-local address; left out: true. */
  readonly allowLinkLocal?: boolean;
  readonly http: HttpSettings;
}

/** Which answer of a gateway says what it holds; `auto`: the exposition, and the API where that is not enough. */
export const gatewaySources = ["api", "auto", "exposition"] as const;
export type GatewaySource = (typeof gatewaySources)[number];

export interface PushgatewaySettings extends ServerSettings {
  readonly name: string;
  readonly source: GatewaySource;
}

/** Where Pushgateways are found, as in Prometheus. */
export type DiscoverySettings = {
  /** How often the service asks again. Over 0. */
  readonly refreshSeconds: number;
  readonly gateway: FoundGatewaySettings;
} & (
  | {
      readonly mechanism: "file";
      /** Absolute; in the last part, `*` and `?` are wildcards. */
      readonly files: readonly string[];
    }
  | {
      readonly mechanism: "http";
      /** May have a query; no credentials, no fragment. */
      readonly url: string;
      /** For the discovery's own server, not for the gateways. */
      readonly http: HttpSettings;
    }
  | {
      readonly mechanism: "dns";
      readonly names: readonly string[];
      readonly type: "SRV" | "A" | "AAAA";
      /** null: SRV records have their own. */
      readonly port: number | null;
    }
);

/** How to reach the gateways that a discovery finds. */
export interface FoundGatewaySettings extends Omit<PushgatewaySettings, "name" | "url"> {
  readonly scheme: "http" | "https";
  /** Begins with a slash and does not end with one; or empty. */
  readonly pathPrefix: string;
  readonly allowLinkLocal: boolean;
}

export interface ArchiveSettings {
  /** Absolute. */
  readonly dir: string;
  readonly retentionSeconds: number;
}

export interface PrometheusSettings extends ServerSettings {
  /** How long it has to be up before its answers say which hosts exist. */
  readonly minUptimeSeconds: number;
}

export const notificationEvents = ["deleted", "withheld", "failed"] as const;

export const notificationFormats = ["text", "report"] as const;

/** Where messages about sweeps are sent. */
export interface NotificationSettings extends Pick<ServerSettings, "timeoutSeconds" | "http"> {
  /** For logs and metrics, which must not hold the URL: `notifications[0] (hooks.example)`. Unique. */
  readonly name: string;
  /** It permits sending messages. A file is read for each message, so that a rotated URL takes effect. */
  readonly url: SecretSource;
  /** At least one. */
  readonly on: readonly (typeof notificationEvents)[number][];
  readonly format: (typeof notificationFormats)[number];
}

/**
 * How to reach a server, as in a scrape_config of Prometheus. Files are absolute paths; they are read when a
 * connection is made, so that rotated credentials take effect.
 */
export interface HttpSettings {
  /** Never together with `authorization`. */
  readonly basicAuth: BasicAuth | null;
  readonly authorization: Authorization | null;
  readonly tls: TlsSettings | null;
  readonly proxy: ProxySettings | null;
  /** Sent with every request. */
  readonly headers: HttpHeaders;
}

/** Text from janitor.yml itself or from the file it names; it may be a secret. */
export type SecretSource = { readonly secret: Secret } | { readonly file: string };

/** The values of each header. */
export type HttpHeaders = ReadonlyMap<string, readonly SecretSource[]>;

export interface BasicAuth {
  readonly username: SecretSource;
  readonly password: SecretSource;
}

/** The header `Authorization: <type> <credentials>`. */
export interface Authorization {
  readonly type: string;
  readonly credentials: SecretSource;
}

/** In Node's spelling. */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** null everywhere: Node's default. */
export interface TlsSettings {
  /** PEM. */
  readonly ca: SecretSource | null;
  /** The client's certificate, PEM; always together with its key. */
  readonly client: { readonly cert: SecretSource; readonly key: SecretSource } | null;
  /** The name in the server's certificate, if not the URL's host. */
  readonly serverName: string | null;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: TlsVersion | null;
  readonly maxVersion: TlsVersion | null;
}

export interface ProxySettings {
  /** May hold credentials. null: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment say where it is. */
  readonly url: Secret | null;
  /** Hosts that are reached without the proxy, comma-separated, in the form of NO_PROXY; null: none. */
  readonly noProxy: string | null;
  /** Sent with CONNECT. */
  readonly connectHeaders: HttpHeaders;
}

export const noHttpSettings: HttpSettings = {
  basicAuth: null,
  authorization: null,
  tls: null,
  proxy: null,
  headers: new Map(),
};

/** For one request to a Pushgateway. */
export const defaultGatewayTimeout = "60s";
export const defaultPrometheusTimeout = "30s";

/** The settings of a file that has only gateways and rules, without these. */
export const defaultConfig: Omit<Config, "pushgateways" | "rules"> = {
  path: "",
  files: [],
  schedule: "*/5 * * * *",
  timezone: "UTC",
  dryRun: false,
  logLevel: "info",
  discoveries: [],
  limits: defaultLimits,
  archive: null,
  prometheus: null,
  notifications: [],
  shown: {},
};

export type LoadResult = FileResult<Config>;

/** A mistake in flags or files: exit code 2. The message says what to do instead. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** No gateway is known that could be swept. A retry may help; the message says why. */
export class NoGatewayError extends Error {
  override readonly name = "NoGatewayError";
}

/**
 * Parses a text of the user's.
 * @param name of a flag, a file or the like, for the message
 * @throws {@link ConfigError} that names it
 */
export function parseNamed<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ParseError) throw new ConfigError(`${name}: ${error.message}`);
    throw error;
  }
}
