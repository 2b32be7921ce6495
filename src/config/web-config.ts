import type { TlsVersion } from "./config.ts";
import type { Problem } from "./problem.ts";
import type { Secret } from "./secret.ts";

/** What a web configuration file says, checked, with the certificates it names: they are read with it. */
export interface WebConfig {
  /** The file it was read from, as it was named. */
  readonly path: string;
  /** All files it is made of, itself included: when one changes, it is to be read again. Absolute, but for its own. */
  readonly files: readonly string[];
  /** null: plain HTTP. */
  readonly tls: WebTls | null;
  /** Names and values of headers that every answer bears. */
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hashes of the users' passwords. Empty: everybody may read. */
  readonly users: ReadonlyMap<string, Secret>;
  readonly rateLimit: RateLimit | null;
}

/** A token bucket. */
export interface RateLimit {
  /** Between two requests, in the long run. Over 0. */
  readonly intervalSeconds: number;
  /** This many at once. At least 1. */
  readonly burst: number;
}

export interface WebTls {
  /** The server's certificate and those of the authorities between it and the root, PEM. */
  readonly cert: string;
  /** PEM; belongs to `cert`. */
  readonly key: Secret;
  /** Certificates of the authorities that clients' certificates come from, PEM; null: Node's own list. */
  readonly clientCa: string | null;
  readonly clientAuth: ClientAuth;
  /** Of these names a client's certificate must bear one; null: any will do. */
  readonly clientAllowedSans: readonly string[] | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** In OpenSSL's spelling; null: Node's default. */
  readonly ciphers: string | null;
  /** In OpenSSL's spelling; null: Node's default. */
  readonly curves: string | null;
  readonly preferServerCiphers: boolean;
}

/** The names are those of Go's crypto/tls. */
export const clientAuthTypes = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

export type ClientAuth = (typeof clientAuthTypes)[number];

export type WebLoadResult =
  | { readonly ok: true; readonly config: WebConfig; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly errorCount: number };
