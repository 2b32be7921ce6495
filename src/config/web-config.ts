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

export type WebLoadResult =
  | { readonly ok: true; readonly config: WebConfig; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly errorCount: number };
