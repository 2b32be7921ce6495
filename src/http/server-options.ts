import { DEFAULT_CIPHERS, type ConnectionOptions, type SecureVersion } from "node:tls";

import type { Proxy } from "./proxy.ts";

/** How to reach one server: what its settings come to once all files are read. */
export interface ServerOptions {
  /** `http://host:9091/prefix`, without a slash at the end. */
  readonly url: string;
  /** For one complete request, body included. Over 0. Connecting gets most of it, and ten seconds at most. */
  readonly timeoutSeconds: number;
  /** Sent with every request: credentials and the like. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly tls?: TlsOptions;
  readonly proxy?: Proxy;
  /** Whether a name may have a link-local address; true by default. With a proxy, it is the proxy that looks names up. */
  readonly allowLinkLocal?: boolean;
  /** What is sent in headers to the server or a proxy and must not be shown. */
  readonly secrets?: readonly string[];
}

/** Options of Node's `tls.connect`. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must bear, instead of the URL's host. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

/** OpenSSL speaks the old versions of TLS only at its lowest security level. */
export function toConnectionOptions(tls: TlsOptions): ConnectionOptions {
  const oldest = tls.minVersion ?? tls.maxVersion;
  if (oldest !== "TLSv1" && oldest !== "TLSv1.1") return tls;
  return { ...tls, minVersion: oldest, ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` };
}
