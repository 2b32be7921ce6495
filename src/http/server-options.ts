import type { RouteOptions } from "./route.ts";
import { DEFAULT_CIPHERS, type ConnectionOptions } from "node:tls";

/** How to reach one server; what its settings come to once all files are read. */
export interface ServerOptions extends RouteOptions {
  /** `http://host:9091/prefix`, without a slash at the end. */
  readonly url: string;
  /** For one whole request, body included. Over 0. */
  readonly timeoutSeconds: number;
  /** Sent with every request: credentials and the like. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
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
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/** What else OpenSSL wants to be told. */
export function toConnectionOptions(tls: TlsOptions): ConnectionOptions {
  const oldest = tls.minVersion ?? tls.maxVersion;
  const speaksOld = oldest === "TLSv1" || oldest === "TLSv1.1";
  if (!speaksOld) return tls;
  // OpenSSL speaks the old versions only where it is told to look away.
  return { ...tls, minVersion: oldest, ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` };
}
